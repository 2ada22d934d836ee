"""The demo, loaded once for a module, inside a transaction that is rolled back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import override_settings

from communities.models import Installation
from portal.demo import actions

ANCHOR = dt.date(2026, 11, 22)


def settle() -> None:
    """Check every deferred constraint now, and tell the planner what was loaded."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    actions.analyse()


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """The real hasher costs half a second a user."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker, cheap_passwords: None) -> Iterator[Installation]:
    with django_db_blocker.unblock(), transaction.atomic():
        installation = actions.load(ANCHOR, file=None)
        settle()
        yield installation
        transaction.set_rollback(True)
