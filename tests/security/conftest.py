from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from tests.conftest import build_users, build_world
from tests.security.cast import Cast, build_cast


@pytest.fixture(scope="module")
def standing_cast(django_db_setup: None, django_db_blocker) -> Iterator[Cast]:
    """The cast, built once for all tests of a module, in a transaction that is rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = build_world()
        world.users = build_users(world)
        yield build_cast(world)
        transaction.set_rollback(True)


@pytest.fixture
def cast(standing_cast: Cast, db: None) -> Cast:
    """The cast; what a test changes is undone."""
    return standing_cast
