"""The demo, loaded once for this package, inside a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
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
