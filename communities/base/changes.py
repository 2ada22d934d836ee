"""Change records as sentences: 建筑面积：120.00 改为 98.50."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.backends.postgresql.psycopg_any import Range
from django.db.models import DateTimeField
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from communities.base.entry.forms import ENTRIES
from communities.base.roles import Action
from communities.base.rules import editor
from communities.base.tables import written

SHOWN = 20
LONGEST = 80
LONGEST_RULE = 500


@dataclass(frozen=True)
class Change:
    """One field: its Chinese name, what it was and what it became."""

    label: Any
    before: str
    after: str


@dataclass(frozen=True)
class History:
    """The latest change records of a row."""

    records: Sequence[Any]
    is_cut: bool


def history_of(row: Any, user: Any, action: Action) -> History:
    """What happened to one row and its parts, the latest first, in the reader's scope. One query for each kind."""
    records = apps.get_model("communities", "ChangeRecord").objects.visible_to(user, action).order_by("-pk")
    found = list(records.filter(model=row._meta.label, object_id=row.public_id)[: SHOWN + 1])
    shown = found[:SHOWN]
    # A part is written in one act with its whole, which has a record of its own for it.
    by_act: dict[Any, Any] = {record.act: record for record in shown}
    for model, key in _kinds_of_parts(row):
        ids = model._default_manager.filter(**{key: row}).values("public_id")
        for part in records.filter(model=model._meta.label, object_id__in=ids, act__in=list(by_act)):
            by_act[part.act].of_parts = [part, *getattr(by_act[part.act], "of_parts", ())]
    return History(shown, len(found) > SHOWN)


def _kinds_of_parts(row: Any) -> Iterator[tuple[Any, str]]:
    """The models of a row's parts, with the key by which they point to it."""
    for relation in row._meta.related_objects:
        if getattr(relation.related_model, "part_of", "") == relation.field.name:
            yield relation.related_model, relation.field.name


def changes_in(record: Any) -> Iterator[Change]:
    """The fields of one record in people's words, and those of the parts written with it. No query."""
    model = _model(record)
    for name, after in record.after.items():
        field = _field(model, name)
        label = field.verbose_name if field is not None else name
        yield Change(label, spoken(record.before.get(name), field), spoken(after, field))
    for part in getattr(record, "of_parts", ()):
        yield from _changes_of_part(part)


def _changes_of_part(record: Any) -> Iterator[Change]:
    kind = _model(record)._meta.verbose_name
    match record.verb:
        case "create":
            yield Change(kind, _("没有"), record.object_label)
        case "delete":
            yield Change(kind, record.object_label, _("已删除"))
        case _:
            for change in changes_in(record):
                label = f"{kind}「{record.object_label}」{change.label}"
                yield Change(label, change.before, change.after)


def _model(record: Any) -> Any:
    """The model that a record tells of; None for one that is no more."""
    try:
        return apps.get_model(record.model)
    except (LookupError, ValueError):
        return None


def _field(model: Any, name: str) -> Any:
    if model is None:
        return None
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def spoken(value: Any, field: Any = None, *, longest: int = LONGEST) -> str:  # noqa: PLR0911 - one kind each
    """A recorded JSON value as text: choices by their word, ranges with both ends, times as here."""
    match value:
        case None | "":
            return _("空")
        case bool():
            return _("是") if value else _("否")
        case {"shape": str()}:
            return editor.in_words(value)[:LONGEST_RULE]
        case {"name": name}:
            return str(name)
        case [lower, upper] if _is_range(field):
            return str(written(Range(_end(lower), _end(upper))))
        case str() if isinstance(field, DateTimeField):
            return date_format(localtime(dt.datetime.fromisoformat(value)), "Y-m-d H:i")
        case list():
            return "、".join(spoken(item, getattr(field, "base_field", None)) for item in value)
    text = str(_words_of(field).get(value, value))
    return text if len(text) <= longest else text[:longest] + "…"


def _is_range(field: Any) -> bool:
    return field is not None and hasattr(field, "range_type")


def _end(value: Any) -> Any:
    """An end of a recorded range: a day or a whole number."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def _words_of(field: Any) -> dict[Any, Any]:
    """The words of a closed list: the model's, or those of the entry form where only it has them."""
    choices = getattr(field, "flatchoices", None)
    if not choices and hasattr(field, "model"):
        entry = ENTRIES.get(field.model._meta.label)
        choices = getattr(entry.base_fields.get(field.name), "choices", None) if entry is not None else None
    return dict(choices or ())
