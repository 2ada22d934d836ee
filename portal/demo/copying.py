"""Many rows of one table by COPY: eight times as quick as INSERT for the demo's fifty thousand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils import timezone

from communities.base.copying import ESCAPES, NULL, copy


def insert(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Insert new rows as they are, without signals or checks in Python; the database's rules hold.

    What the database makes itself (public ids, generated columns) is left to it, and so is the id where the rows
    have none; either all rows have one or none.
    """
    ordered = list(rows)
    if not ordered:
        return
    fields = [
        field for field in model._meta.concrete_fields if _is_written(field, has_id=ordered[0].pk is not None)
    ]
    columns = [connection.ops.quote_name(str(field.column)) for field in fields]
    with connection.cursor() as cursor:
        copy(cursor, connection.ops.quote_name(model._meta.db_table), columns, _lines(ordered, fields))


def _is_written(field: models.Field[Any, Any], *, has_id: bool) -> bool:
    if field.primary_key:
        return has_id
    return not field.generated and not field.has_db_default()


def _lines(rows: Iterable[models.Model], fields: list[models.Field[Any, Any]]) -> Iterator[str]:
    now = timezone.now().isoformat()
    names = [
        None if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False) else field.attname
        for field in fields
    ]
    for row in rows:
        yield "\t".join(now if name is None else written(getattr(row, name)) for name in names) + "\n"


def written(value: Any) -> str:
    """One value in the text form of COPY; a pair of days is a half-open range."""
    match value:
        case None:
            return NULL
        case bool():
            return "t" if value else "f"
        case int() | Decimal():
            return str(value)
        case str():
            return value.translate(ESCAPES)
        case dt.date():
            return value.isoformat()
        case (first, after):
            return f"[{first or ''},{after or ''})"
    msg = f"{type(value).__name__} cannot be written by COPY"
    raise TypeError(msg)
