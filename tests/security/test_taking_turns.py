"""T39: two readers of different places take turns at the same addresses."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client

from tests.security.cast import Cast
from tests.security.entries import Entry
from tests.security.matrix import ENTRIES
from tests.security.test_scope_matrix import text_of

# Whoever looks, two answers to one address may differ in these words.
PASSING = ("编号", "csrf", "nonce", "request", "打印时间", "data-token", '"token"')
ALTERNATING = [
    entry
    for entry in ENTRIES.values()
    if entry.is_get and entry.needs and not entry.shared and not entry.path and not entry.requires_id
]

ALWAYS = ("dashboard/", "premises/", "premises/export/", "api/v1/premises/")


def lasting(answer: Any) -> tuple[int, str]:
    lines = text_of(answer).splitlines()
    return answer.status_code, "\n".join(line for line in lines if not any(word in line for word in PASSING))


@pytest.mark.parametrize(("turns", "seed"), [(50, 39), pytest.param(1000, 1039, marks=pytest.mark.prove)])
def test_t39_two_users_take_turns_at_the_same_addresses(cast: Cast, turns: int, seed: int) -> None:
    """Lists, dashboards, exports and parts of pages: nobody reads the other's answer, or another than before."""
    print(f"seed {seed}")
    dice = random.Random(seed)
    clients = {role: Client() for role in ("district_officer", "stranger")}
    for role, client in clients.items():
        client.force_login(cast.world.users[role])
        client.get("/accounts/profile/")  # the first request of a session stamps it
    first: dict[tuple[str, str, bool], tuple[int, str]] = {}
    number = len(ALTERNATING) if turns >= 500 else 12  # each several times
    order = [ENTRIES[route] for route in ALWAYS] + dice.sample(ALTERNATING, number)
    for turn in range(turns):
        entry: Entry = order[turn % len(order)]
        is_part = dice.random() < 0.4 and not entry.is_api
        headers = {"HX-Request": "true"} if is_part else {}
        for role in dice.sample(sorted(clients), 2):
            answer = clients[role].get(entry.url(), headers=headers)
            found = lasting(answer)
            assert not [n for n in entry.forbidden_names(role) if n in found[1]], f"{role} {entry.url()}"
            key = (role, entry.url(), is_part)
            assert first.setdefault(key, found) == found, key
