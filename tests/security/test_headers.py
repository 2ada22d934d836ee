"""T16, T18, T31: reading changes nothing, writing needs its token, and what every answer carries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.security.cast import Cast
from tests.security.entries import EVERYBODY, OWN, Entry
from tests.security.matrix import ENTRIES
from tests.security.test_scope_matrix import READABLE, text_of

WRITING = [entry for entry in ENTRIES.values() if entry.body is not None]
# Sessions note that somebody is there; nothing else may change by reading.
NOTED_BY_READING = {"django_session"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Answers for machines, before any middleware of ours could matter.
PAGES_WITH_CHART = {"dashboard/"}


def checksum() -> dict[str, str]:
    """One digest per table."""
    sums = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table not in NOTED_BY_READING:
                cursor.execute(
                    f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" t"
                )
                sums[table] = cursor.fetchone()[0]
    return sums


def answers(cast: Cast, entry: Entry, role: str) -> Any:
    client = Client()
    client.force_login(cast.world.users[role])
    return client.get(entry.url(cast.id_of(entry.path, OWN) if entry.path else ""))


# Whoever else reads pages reads those of one of these.
READERS = ("city_officer", "standards_officer", "auditor", "platform_administrator", "security_administrator")


@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=() if role in READERS else pytest.mark.prove) for role in EVERYBODY]
)
def test_reading_changes_nothing(cast: Cast, role: str) -> None:
    client = Client()
    client.force_login(cast.world.users[role])
    before = checksum()
    for entry in READABLE:
        client.get(entry.url(cast.id_of(entry.path, OWN) if entry.path else ""))
    after = checksum()
    assert [table for table in after if after[table] != before[table]] == []


@pytest.mark.parametrize("entry", WRITING, ids=lambda entry: entry.route or "/")
def test_writing_needs_its_token(cast: Cast, entry: Entry) -> None:
    clients = {}
    for role in ("city_officer", "platform_administrator", "auditor", "security_administrator"):
        clients[role] = Client(enforce_csrf_checks=True)
        clients[role].force_login(cast.world.users[role])
    before = checksum()
    kind = {"content_type": "application/json"} if entry.is_api else {}
    for role, client in clients.items():
        answer = client.post(entry.url(), entry.body, **kind)
        assert answer.status_code == 403, f"{role} {entry.route}"
    assert checksum() == before


def stored(answer: Any) -> set[str]:
    """What the answer says of keeping it."""
    return set(answer.headers.get("Cache-Control", "").split(", "))


def policy_of(answer: Any) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: value for name, _space, value in parts}


@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry.route or "/")
def test_what_every_answer_carries(cast: Cast, entry: Entry) -> None:
    for role in ("city_officer", "auditor", "platform_administrator"):
        answer = answers(cast, entry, role)
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, f"{entry.route}: {name}"
        for cookie in answer.cookies.values():
            assert cookie["httponly"], cookie
            assert cookie["samesite"] == "Lax", cookie
        assert {"private", "no-store"} <= stored(answer), entry.route
        if answer["Content-Type"].startswith("text/html"):
            check_page(answer, entry)


def check_page(answer: Any, entry: Entry) -> None:
    policy = policy_of(answer)
    assert "unsafe" not in policy["script-src"]
    assert "unsafe" not in policy["default-src"] + policy["style-src"]
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    if "style-src-attr" in policy:
        assert entry.route in PAGES_WITH_CHART
    page = text_of(answer)
    for script in re.findall(r"<script\b[^>]*>", page):
        assert "src=" in script or "nonce=" in script or 'type="application/json"' in script, script
    assert not re.findall(r"<style\b(?![^>]*nonce)", page)
    assert not re.findall(r"<[^>]+\son[a-z]+=", page), "event handler in an attribute"
    assert not re.findall(r"<[^>]+\sstyle=", page), "style in an attribute"
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page), "something from another host"


@pytest.mark.parametrize(
    "path", ["/nothing/", "/api/v1/nothing/", "/dashboard/?x=1", "/premises/?sort=password"]
)
def test_error_pages_carry_the_same(cast: Cast, path: str) -> None:
    for role in (None, "city_officer"):
        client = Client()
        if role:
            client.force_login(cast.world.users[role])
        answer = client.get(path)
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, name
        assert "no-store" in stored(answer)
        if answer.get("Content-Type", "").startswith("text/html"):
            assert "unsafe" not in policy_of(answer)["script-src"]


def test_the_locked_out_page_too(cast: Cast) -> None:
    for _ in range(5):
        answer = Client().post("/accounts/login/", {"username": "x", "password": "y"})
    assert answer.status_code == 429
    assert policy_of(answer)["script-src"].startswith("'self'")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("asked_by", ["HX-Request", "HX-History-Restore-Request"])
def test_parts_of_pages_are_kept_no_more_than_pages(cast: Cast, asked_by: str) -> None:
    client = Client()
    client.force_login(cast.world.users["city_officer"])
    answer = client.get("/premises/", headers={"HX-Request": "true", asked_by: "true"})
    assert answer.status_code == 200
    assert {"private", "no-store"} <= stored(answer)


def test_static_files_are_kept(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.world.users["city_officer"])
    answer = client.get("/static/css/portal.css")
    assert answer.status_code == 200
    assert {"public", "max-age=60"} <= stored(answer)
    assert b"".join(answer.streaming_content)
