"""Clients of the API, and a measured period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities.models import Period, User
from portal.scorecards import actions
from tests import factories
from tests.conftest import World

API = "/api/v1"


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """A client with a session of a user."""

    def make(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def officer(world: World, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(world.users["district_officer"])


@pytest.fixture
def measured(world: World) -> Period:
    """A closed quarter, measured: 100 m² of office are asked for in 甲市 and in 外市."""
    factories.threshold("premises.office.area", world.city)
    factories.threshold("premises.office.area", world.far_city)
    period = factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    measure(period)
    return period


def measure(period: Period) -> None:
    run = actions.request_run(period=period, by=None)
    assert actions.execute_run(run.public_id)


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.json()["results"]]
