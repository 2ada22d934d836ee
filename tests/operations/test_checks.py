"""The product's own deployment checks find what they are for."""

from __future__ import annotations

import pytest
from django.db import connection

from portal.operations import checks
from tests import factories

pytestmark = pytest.mark.django_db


def ids() -> set[str]:
    return {message.id for message in checks.check_database(None)}


def test_a_sound_database_has_nothing_to_say() -> None:
    assert ids() == set()


def test_demo_accounts_are_named() -> None:
    factories.user("city", is_demo=True)
    messages = checks.check_database(None)
    assert [message.id for message in messages] == ["operations.E005"]
    assert "city" in messages[0].msg


def test_a_path_of_another_collation_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'ALTER TABLE communities_divisionrecord ALTER COLUMN path TYPE varchar(60) COLLATE "default"'
        )
    assert ids() == {"operations.E004"}
