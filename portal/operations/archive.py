"""A backup is a folder: the database, the private files, and a manifest with digests and checksums of all.

The dump, the row counts and the checksums come from one exported snapshot, so they agree to the row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage, storages
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2 import sql

from portal.operations import postgres

DATABASE, FILES, MANIFEST, SEAL = "database.dump", "files.tar", "manifest.json", "manifest.sha256"
FORMAT = 1


@dataclass(frozen=True)
class TableSum:
    """Rows of a table and the sum of their hashes: equal in two databases only if the rows are."""

    rows: int
    checksum: str


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def table_sums() -> dict[str, TableSum]:
    """Count and checksum of every table of ours, in the present transaction."""
    sums = {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        cursor.execute("SET LOCAL DateStyle = 'ISO'")
        cursor.execute("SET LOCAL extra_float_digits = 1")
        cursor.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        for (table,) in cursor.fetchall():
            cursor.execute(
                sql.SQL(
                    "SELECT count(*), coalesce(sum(hashtextextended(row::text, 0)::numeric), 0)::text"
                    " FROM {} AS row"
                ).format(sql.Identifier(table))
            )
            sums[table] = TableSum(*cursor.fetchone())
    return sums


def write(folder: Path) -> Path:
    """Write a backup into a new folder below ``folder`` and return it; nothing half-written has that name."""
    started = timezone.now()
    target = folder / f"backup-{started:%Y%m%dT%H%M%SZ}"
    unfinished = folder / f".{target.name}.unfinished"
    unfinished.mkdir(parents=True, mode=0o700)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        postgres.run("pg_dump", [*arguments, f"--file={unfinished / DATABASE}"])
        tables = table_sums()
    pack_files(unfinished / FILES)
    manifest = {
        "format": FORMAT,
        "made_at": started.isoformat(),
        "server": postgres.server_major(),
        "tables": {name: asdict(total) for name, total in tables.items()},
        "files": {name: digest(unfinished / name) for name in (DATABASE, FILES)},
    }
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
    (unfinished / SEAL).write_text(digest(unfinished / MANIFEST))
    unfinished.rename(target)
    return target


def checked_manifest(folder: Path) -> dict:
    """The manifest of an intact backup. Raises CommandError that names the damaged or missing file."""
    for name in (SEAL, MANIFEST, DATABASE, FILES):
        if not (folder / name).is_file():
            raise CommandError(_("备份不完整，缺少文件：%(name)s") % {"name": name})
    if digest(folder / MANIFEST) != (folder / SEAL).read_text().strip():
        raise CommandError(_("备份已损坏：%(name)s 与校验值不符。") % {"name": MANIFEST})
    manifest: dict = json.loads((folder / MANIFEST).read_text())
    if manifest["format"] != FORMAT:
        raise CommandError(_("备份格式 %(format)s 不能由本版本恢复。") % {"format": manifest["format"]})
    for name, expected in manifest["files"].items():
        if digest(folder / name) != expected:
            raise CommandError(_("备份已损坏：%(name)s 与校验值不符。") % {"name": name})
    return manifest


def restore(folder: Path, *, replace: bool = False) -> int:
    """Bring a backup back into an empty database and return its number of rows.

    ``replace`` empties a database that holds tables first. Nothing is touched unless the backup is intact.
    Raises CommandError for a damaged backup, a database that is not empty, or rows that differ afterwards.
    """
    manifest = checked_manifest(folder)
    make_room(replace=replace)
    arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname="]
    arguments[-1] += connection.settings_dict["NAME"]
    postgres.run("pg_restore", [*arguments, str(folder / DATABASE)])
    with transaction.atomic():
        found = table_sums()
        expected = {name: TableSum(**total) for name, total in manifest["tables"].items()}
        differing = sorted(
            name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
        )
        if differing:
            raise CommandError(_("恢复后与备份不一致的表：%(tables)s") % {"tables": "、".join(differing)})
        raise_feed_offset()
    unpack_files(folder / FILES)
    return sum(total.rows for total in expected.values())


def make_room(*, replace: bool) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        (tables,) = cursor.fetchone()
        if tables and not replace:
            raise CommandError(_("数据库不是空的。如确需覆盖，请加 --replace。"))
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


def raise_feed_offset() -> None:
    """A new cluster counts transactions from a low number: keep the change feed's positions growing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(transaction), 0) FROM communities_changerecord")
        (offset,) = cursor.fetchone()
        cursor.execute(
            "CREATE OR REPLACE FUNCTION feed_offset() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS "
            f"$$ SELECT {int(offset)}::bigint $$"
        )


def stored_names(storage: Storage, folder: str = "") -> Iterator[str]:
    """Names of all files of a storage, whatever it stands on."""
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}{name}" for name in sorted(names))
    for inner in sorted(folders):
        yield from stored_names(storage, f"{folder}{inner}/")


def pack_files(target: Path) -> None:
    storage = storages["private"]
    with tarfile.open(target, "w") as archive:
        for name in stored_names(storage):
            with storage.open(name) as stream:
                member = tarfile.TarInfo(name)
                member.size = storage.size(name)
                member.mtime = int(dt.datetime.timestamp(storage.get_modified_time(name)))
                archive.addfile(member, stream)


def unpack_files(source: Path) -> None:
    storage: Any = storages["private"]
    with tarfile.open(source) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                storage.put_back(member.name, File(content, name=member.name))
