"""A browserless reader of pages, and a measured period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client

from communities.models import Period
from portal.scorecards import actions
from tests import factories
from tests.conftest import World

Reader = Callable[[str], Client]


@pytest.fixture
def as_role(world: World) -> Reader:
    """A client signed in as the user of the cast with that name."""

    def make(role: str) -> Client:
        client = Client()
        client.force_login(world.users[role])
        client.get("/accounts/profile/")  # the first request of a session stamps it
        return client

    return make


@pytest.fixture
def measured(world: World) -> Period:
    """A closed quarter, measured against 100 m² of office in 甲市."""
    clause = factories.clause(world.city, "第三条", document=factories.document(world.city, "甲市用房标准"))
    factories.threshold("premises.office.area", world.city, clause=clause)
    period = factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    assert actions.execute_run(actions.request_run(period, by=None).public_id)
    return period
