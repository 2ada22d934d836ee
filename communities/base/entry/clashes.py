"""Two writers of one row: what the second one left alone takes on what the first one wrote; the rest is compared.

A row and its parts are compared alike. What the second writer was shown is told by the change records since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import QueryDict
from django.utils.translation import gettext as _

from communities.base.changes import spoken
from communities.base.entry import ends, fields
from communities.base.entry.parts import Lines, number_of_lines, parts_shown, take_parts
from communities.base.models import Row
from communities.base.records import values_of

# Both values are shown in full length, so that what differs is seen.
LONGEST = 5000


@dataclass(frozen=True)
class Clash:
    """A field that somebody else wrote in the meantime: what stands there now, and what was entered here."""

    label: Any
    stored: str
    entered: str


class Since:
    """What a row and its parts were when a writer was shown version ``version`` of the row."""

    def __init__(self, stored: Row, version: int, parts: Iterable[Row]) -> None:
        records = apps.get_model("communities", "ChangeRecord").objects.order_by("-pk")
        own = records.filter(model=stored._meta.label, object_id=stored.public_id)
        since = list(own[: max(0, stored.version - version)])
        of_parts = records.filter(
            model__in={part._meta.label for part in parts},
            object_id__in=[part.public_id for part in parts],
            act__in={record.act for record in since},
        )
        # The earliest record of a field is the last to be read, and says what stood there at first.
        self.before: dict[Any, dict[str, Any]] = {}
        for record in [*since, *of_parts]:
            self.before.setdefault(record.object_id, {}).update(record.before)

    def left_alone(self, form: Any) -> list[str]:
        """Fields that others wrote, and that this writer sends back as they were then."""
        entered = values_of(form.instance)
        before = self.before.get(form.instance.public_id, {})
        return [name for name in before if name in form.fields and entered.get(name) == before[name]]

    def is_left_alone(self, form: Any) -> bool:
        """Whether this writer sends a part back just as it was then."""
        was = form.stored | self.before.get(form.instance.public_id, {})
        entered = values_of(form.instance)
        return all(entered[name] == was[name] for name in form.fields)


class Rebase:
    """An entry put on the row as it stands now, with the other writer's values where this one wrote none."""

    def __init__(self, form: Any, stored: Row, version: int) -> None:
        self.sent, self.stored = form, stored
        self.data: QueryDict = form.data.copy()
        self.parts = {
            name: {str(part.public_id): part for part in getattr(stored, name).all()} for name in form.parts
        }
        self.since = Since(stored, version, [part for each in self.parts.values() for part in each.values()])

    def done(self) -> tuple[Any, list[Lines]]:
        """The form and its parts."""
        for name in self.since.left_alone(self.sent):
            put(self.data, self.sent, name, self.stored)
        for name in self.parts:
            self._rebase_parts(name)
        model: Any = type(self.stored)
        row = model._default_manager.get(pk=self.stored.pk)
        form = type(self.sent)(self.data, instance=row, user=self.sent.user)
        parts = parts_shown(form)
        take_parts(form, parts)
        form.is_valid()
        return form, parts

    def _rebase_parts(self, name: str) -> None:
        known, lines = set(), number_of_lines(self.data, name)
        for position in range(lines):
            public_id = self.data.get(f"{name}-{position}-id", "")
            known.add(public_id)
            if part := self.parts[name].get(public_id):
                self._rebase_part(name, position, part)
        for public_id, part in self.parts[name].items():
            if public_id not in known and part.deleted_at is None:
                # Added by the other one: it stays, and is seen.
                self.data[f"{name}-{lines}-id"] = public_id
                form = self._part_form(name, lines, part)
                for each in form.fields:
                    put(self.data, form, each, part)
                lines += 1
        self.data[f"{name}-lines"] = str(lines)

    def _rebase_part(self, name: str, position: int, part: Row) -> None:
        form = self._part_form(name, position, part)
        form.is_valid()
        if part.deleted_at is None:
            for each in self.since.left_alone(form):
                put(self.data, form, each, part)
        elif form.add_prefix("goes") not in self.data and not self.since.is_left_alone(form):
            # Taken out by the other one, changed by this one, who may enter it anew.
            self.data[form.add_prefix("id")] = ""

    def _part_form(self, name: str, position: int, part: Row) -> Any:
        form = self.sent.parts[name](
            self.data, instance=copy(part), user=self.sent.user, prefix=f"{name}-{position}"
        )
        form.stored = values_of(part)
        return form


def put(data: QueryDict, form: Any, name: str, row: Row) -> None:
    """Put what a row has in a field where the form sends another value."""
    value, field, where = getattr(row, name), form.fields[name], form.add_prefix(name)
    match field:
        case ends.SpanField() | ends.WholeSpanField():
            widget: Any = field.widget
            for end, part in enumerate(widget.decompress(value)):
                data[f"{where}_{end}"] = "" if part is None else str(part)
        case fields.PicksField():
            data.setlist(where, value or [])
        case fields.TruthField():
            data.setlist(where, ["on"] if value else [])
        case _:
            for spread in [key for key in data if key.startswith(f"{where}.")]:
                del data[spread]
            data[where] = "" if value is None else field.text_of(value)


def clashes(form: Any, parts: list[Lines], stored: Row) -> Iterator[Clash]:
    """The fields in which the entry differs from what is stored now."""
    yield from _differing(form, stored)
    for lines in parts:
        live = {str(part.public_id): part for part in getattr(stored, lines.name).live()}
        for line in lines.lines:
            part = live.get(line.public_id)
            if line.is_empty:
                continue
            if part is not None and not line.goes:
                yield from _differing(line.form, part, f"{lines.title}「{_said(line.form, part)[0]}」")
                continue
            stands = _("没有") if part is None else "，".join(_said(line.form, part))
            entered = _("删除") if line.goes else "，".join(_said(line.form, line.form.instance))
            yield Clash(lines.title, stands, entered)


def _differing(form: Any, stored: Row, of: str = "") -> Iterator[Clash]:
    before, entered = values_of(stored), values_of(form.instance)
    for name, field in form.fields.items():
        if before.get(name) != entered.get(name):
            known = stored._meta.get_field(name)
            values = (spoken(each, known, longest=LONGEST) for each in (before[name], entered[name]))
            yield Clash(f"{of}{field.label}", *values)


def _said(form: Any, part: Row) -> list[str]:
    """The values of a part in people's words."""
    values = values_of(part)
    return [spoken(values[name], part._meta.get_field(name), longest=LONGEST) for name in form.fields]
