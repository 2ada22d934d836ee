"""The key of a session stands in its cookie and nowhere else: in no page, no header, no log (T15)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from tests.accounts.conftest import sign_in
from tests.security.cast import Cast
from tests.security.entries import OWN, RELATIONS
from tests.security.matrix import ENTRIES
from tests.security.test_scope_matrix import text_of

READERS = ("city_officer", "auditor", "platform_administrator", "security_administrator")


def told_by(answer: Any) -> str:
    """All of an answer but the cookie itself."""
    return text_of(answer) + str({name: value for name, value in answer.items() if name != "Set-Cookie"})


@pytest.mark.parametrize("role", READERS)
def test_in_no_answer_and_no_log(cast: Cast, role: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="django_structlog")  # a line for each request, as in production
    client = Client(raise_request_exception=False)
    sign_in(client, role)
    keys = {client.session.session_key}
    asked = 0
    for entry in ENTRIES.values():
        if not entry.is_get:
            continue
        for relation in RELATIONS if entry.path else (OWN,):
            answer = client.get(entry.url(cast.id_of(entry.path, relation) if entry.path else ""))
            keys.add(client.session.session_key)
            assert not [key for key in keys if key in told_by(answer)], entry.route
            asked += 1
    # What is refused and what breaks must be as silent.
    for answer in (client.post("/accounts/login/", {"username": role}), client.get("/nowhere/")):
        assert not [key for key in keys if key in told_by(answer)]
    client.post("/accounts/logout/")
    assert asked > 60
    assert caplog.records
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert not [key for key in keys if key in logged]
