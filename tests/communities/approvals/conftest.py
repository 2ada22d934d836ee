"""A request of 一社区, which 甲街道 looks at first and 甲区 decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from communities.actions import approvals
from communities.models import ApprovalCase, ExemptionRequest, User
from tests.conftest import World
from tests.factories import approvals as factory

TODAY = dt.date(2026, 11, 23)  # a Monday


@pytest.fixture(autouse=True)
def today() -> Iterator[dt.date]:
    with time_machine.travel("2026-11-23 10:00+08:00", tick=True):
        yield TODAY


@pytest.fixture
def users(world: World) -> dict[str, User]:
    return world.users


@pytest.fixture
def request_(world: World) -> ExemptionRequest:
    factory.route(world.district)
    return factory.request(world.community)


@pytest.fixture
def case(request_: ExemptionRequest, users: dict[str, User]) -> ApprovalCase:
    return approvals.submit(request_, by=users["community_worker"])


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)
