"""What a builder of many rows wrote, kept as rows: planted again by one call to the database.

Building the cast by the ORM takes a hundred statements, and most tests begin with it.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.apps import apps
from django.core.cache import cache
from django.db import connection, models
from django.utils import timezone

from tests import factories

T = TypeVar("T")


class Planting(Generic[T]):
    """The rows and objects of one builder. Every test gets rows, and copies of the objects, as if built for it."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._root: int | None = None
        self._objects: T
        self._statement = ""
        self._at: dt.datetime

    def plant(self) -> T:
        """The builder's objects. The first call builds, and so does one after tables were emptied."""
        if self._root != factories.root().pk:
            self._record()
            return copy.deepcopy(self._objects)
        cache.clear()  # the same ids as in the test before, which may have changed what was cached of them
        later = timezone.now() - self._at
        with connection.cursor() as cursor:
            cursor.execute(self._statement, {"later": later})
        memo: dict[int, Any] = {}
        planted = copy.deepcopy(self._objects, memo)
        for each in list(memo.values()):
            if isinstance(each, models.Model):
                _postpone(each, later)
        return planted

    def _record(self) -> None:
        root = factories.root().pk
        before = _last_keys()
        self._at = timezone.now()
        self._objects = self._build()
        statements = [
            _insert(table, before[table]) for table, last in _last_keys().items() if last > before[table]
        ]
        # The rules of the database held when the rows were built.
        self._statement = ";\n".join(
            [
                "SET LOCAL session_replication_role = replica",
                *statements,
                "SET LOCAL session_replication_role = origin",
            ]
        )
        self._root = root


def _last_keys() -> dict[str, int]:
    """The highest key in each table that numbers its rows."""
    tables = [
        str(model._meta.db_table)
        for model in apps.get_models()
        if isinstance(model._meta.pk, models.AutoField) and model._meta.pk.column == "id"
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{table}', coalesce(max(id), 0) FROM {table}" for table in tables)
        )
        return dict(cursor.fetchall())


def _insert(table: str, after: int) -> str:
    """A statement that inserts a table's rows above a key as they are now, their moments ``later``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        kinds = dict(cursor.fetchall())
        cursor.execute(f"SELECT json_agg(t ORDER BY id)::text FROM {table} t WHERE id > %s", [after])
        rows = cursor.fetchone()[0]
        columns = ", ".join(f'"{name}"' for name in kinds)
        values = ", ".join(
            f'"{name}" + %(later)s' if kind == "timestamp with time zone" else f'"{name}"'
            for name, kind in kinds.items()
        )
        quoted = cursor.mogrify("%s", [rows]).decode().replace("%", "%%")
    source = f"json_populate_recordset(NULL::{table}, {quoted}::json)"
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source}"


def _postpone(row: models.Model, later: dt.timedelta) -> None:
    for field in row._meta.concrete_fields:
        moment = row.__dict__.get(field.attname)
        if isinstance(moment, dt.datetime):
            setattr(row, field.attname, moment + later)
