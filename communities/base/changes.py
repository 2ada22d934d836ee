"""Change records as sentences: 建筑面积：120.00 改为 98.50."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from communities.base.roles import Action
from communities.base.rules import editor

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
    """What happened to one row, the latest first, in the reader's scope. One query."""
    records = apps.get_model("communities", "ChangeRecord").objects.visible_to(user, action)
    found = list(records.filter(model=row._meta.label, object_id=row.public_id).order_by("-pk")[: SHOWN + 1])
    return History(found[:SHOWN], len(found) > SHOWN)


def changes_in(record: Any) -> Iterator[Change]:
    """The fields of one record in people's words. No query."""
    try:
        model = apps.get_model(record.model)
    except (LookupError, ValueError):
        model = None
    for name, after in record.after.items():
        field = _field(model, name)
        label = field.verbose_name if field is not None else name
        yield Change(label, spoken(record.before.get(name), field), spoken(after, field))


def _field(model: Any, name: str) -> Any:
    if model is None:
        return None
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def spoken(value: Any, field: Any = None) -> str:  # noqa: PLR0911 - one kind each
    """A recorded JSON value as text: choices by their word, ranges with both ends, nothing as 空."""
    choices = dict(getattr(field, "flatchoices", None) or [])
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
            return (
                f"{lower or _('建档前')} 起，{upper or _('无期限')} 止"
                if upper
                else f"{lower or _('建档前')} 起"
            )
        case list():
            return "、".join(spoken(item, getattr(field, "base_field", None)) for item in value)
    text = str(choices.get(value, value))
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _is_range(field: Any) -> bool:
    return field is not None and hasattr(field, "range_type")
