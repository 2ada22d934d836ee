"""The demo, loaded once for this package, inside a transaction that is rolled back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import transaction

from communities.models import Installation
from portal.demo import actions
from tests.demo.conftest import ANCHOR, settle


@pytest.fixture(scope="package")
def demo(django_db_setup: None, django_db_blocker) -> Iterator[Installation]:
    with django_db_blocker.unblock(), transaction.atomic():
        installation = actions.load(ANCHOR, file=None)
        settle()
        yield installation
        transaction.set_rollback(True)


@pytest.fixture(scope="package")
def measured(demo: Installation) -> None:
    """Nine periods measured; eight quarters scored by the schemes of three cities, of streets and of districts."""
    with time_machine.travel(dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC), tick=False):
        actions.request_runs()
        assert actions.measure() == 9 + 8 * 5
