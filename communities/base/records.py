"""What a write leaves beside the row: who changed what, and which figures are to be reckoned anew."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.apps import apps

from communities.base.models import Row
from communities.base.wakeup import wake_after_commit

# Bookkeeping that a change record does not repeat.
UNRECORDED = frozenset({"id", "public_id", "version", "created_at", "updated_at"})
MASK = "***"


def same_relations(row: Row, stored: Row | None) -> set[str]:
    """The keys of a row by which it points to what it pointed to before."""
    if stored is None:
        return set()
    keys = (field for field in row._meta.concrete_fields if field.is_relation)
    return {key.name for key in keys if getattr(row, key.attname) == getattr(stored, key.attname)}


def values_of(row: Row, but: Collection[str] = ()) -> dict[str, Any]:
    """The row's own values for a change record, ``but`` for some fields; personal ones masked."""
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in UNRECORDED or field.name in but or field.generated:
            continue
        value = field.value_from_object(row)
        if field.is_relation and value is not None:
            related = getattr(row, field.name)
            value = {"id": str(related.public_id), "name": related.record_label()}
        elif field.name in row.personal_fields and value:
            value = MASK
        else:
            value = plain(value)
        values[field.name] = value
    return values


def record_change(
    row: Row, stored: Row | None, *, by: Any, reason: str, act: uuid.UUID, verb: str = ""
) -> None:
    """Write who changed what beside the change; only the fields that differ."""
    same = same_relations(row, stored)
    before = values_of(stored, same) if stored is not None else {}
    after = values_of(row, same)
    changed = [name for name in after if stored is None or before[name] != after[name]]
    apps.get_model("communities", "ChangeRecord").objects.create(
        act=act,
        user=by,
        user_name=str(by) if by is not None else "",
        verb=verb or ("change" if stored is not None else "create"),
        model=row._meta.label,
        object_id=row.public_id,
        object_label=row.record_label()[:200],
        division_id=row.scope_division_id(),
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed},
        reason=reason,
    )


def mark_dirty(row: Row, stored: Row | None = None) -> None:
    """Leave a mark for every division whose figures may change, where it was and where it is."""
    touched = {*row.affected_divisions(), *(stored.affected_divisions() if stored is not None else ())}
    if not touched:
        return
    mark = apps.get_model("communities", "DirtyMark")
    mark.objects.bulk_create(mark(division_id=pk, source=row._meta.label) for pk in sorted(touched))
    wake_after_commit()


def plain(value: Any) -> Any:  # noqa: PLR0911 - one kind each
    """A JSON value that reads the same everywhere: no floats, ISO dates."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return str(value)
        case dt.date() | dt.datetime():
            return value.isoformat()
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "lower") and hasattr(value, "upper"):
        return [plain(value.lower), plain(value.upper)]
    return str(value)
