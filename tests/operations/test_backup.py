"""The drill: what was backed up comes back row for row, and a damaged backup refused by name (R17, R18)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from communities.base.actions import save
from communities.models import ChangeRecord, Premises
from portal.operations import archive
from tests import factories
from tests.conftest import build_users, build_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def media(tmp_path: Path, settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def spare_database(django_db_blocker) -> Iterator[str]:
    """An empty database beside the test's own; the connection points to it until the test ends."""
    own = connection.settings_dict["NAME"]
    spare = f"{own}_restored"
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{spare}"')
            cursor.execute(f'CREATE DATABASE "{spare}" TEMPLATE template0')
        yield spare
        use_database(own)
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{spare}" WITH (FORCE)')


def use_database(name: str) -> None:
    connection.close()
    connections["default"].settings_dict["NAME"] = name


def some_work() -> Premises:
    world = build_world()
    clerk = build_users(world)["street_clerk"]
    room = world.premises["community"]
    room.address = "甲街道1号"
    return save(room, by=clerk, reason="更正地址")


def test_the_drill(tmp_path: Path, media: Path, spare_database: str, django_db_blocker) -> None:
    room = some_work()
    name = storages["private"].save("evidence/plan.txt", ContentFile("平面图".encode()))
    made = archive.write(tmp_path / "backups")
    with transaction.atomic():
        before = archive.table_sums()
    last = ChangeRecord.objects.latest("transaction").transaction
    storages["private"].delete(name)

    use_database(spare_database)
    call_command("restore", str(made))

    with transaction.atomic():
        assert archive.table_sums() == before
    assert Premises.objects.get(public_id=room.public_id).address == "甲街道1号"
    with storages["private"].open(name) as stream:
        assert stream.read().decode() == "平面图"
    # The feed goes on: new records come after all that any reader has seen.
    again = Premises.objects.get(public_id=room.public_id)
    again.floor = "二层"
    save(again, by=None, reason="恢复后的第一次修改")
    assert ChangeRecord.objects.latest("pk").transaction > last


@pytest.mark.parametrize("damaged", [archive.DATABASE, archive.FILES, archive.MANIFEST])
def test_one_changed_byte_is_found_and_named(tmp_path: Path, media: Path, damaged: str) -> None:
    made = archive.write(tmp_path)
    content = bytearray((made / damaged).read_bytes())
    content[len(content) // 2] ^= 1
    (made / damaged).write_bytes(content)
    with CaptureQueriesContext(connection) as queries, pytest.raises(CommandError, match=damaged):
        archive.restore(made, replace=True)
    assert not queries.captured_queries


def test_a_database_in_use_is_not_overwritten(tmp_path: Path, media: Path) -> None:
    factories.user("somebody")
    made = archive.write(tmp_path)
    with pytest.raises(CommandError, match="不是空的"):
        archive.restore(made)


def test_a_missing_file_is_named(tmp_path: Path, media: Path) -> None:
    made = archive.write(tmp_path)
    (made / archive.DATABASE).unlink()
    with pytest.raises(CommandError, match=archive.DATABASE):
        archive.restore(made, replace=True)
