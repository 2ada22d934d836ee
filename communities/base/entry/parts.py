"""The parts of a row on its page: one line for each, a few empty ones for new parts, a box to take one out.

A part that the page does not know, because somebody else added it meanwhile, stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from communities.base.entry.forms import EntryForm, PartForm

EMPTY_LINES = 3
MOST_LINES = 200


@dataclass(frozen=True)
class Line:
    """One part, or an empty line for a new one."""

    form: PartForm
    prefix: str
    public_id: str = ""
    goes: bool = False

    @property
    def fields(self) -> list[forms.BoundField]:
        return list(self.form)

    @property
    def is_empty(self) -> bool:
        """Whether nobody wrote anything into a line for a new part."""
        return not self.public_id and not (self.form.is_bound and any(map(self.is_written, self.form)))

    def is_written(self, field: forms.BoundField) -> bool:
        """Whether something stands in a field that did not stand there from the beginning."""
        text = self.form.data.get(field.html_name, "").strip()
        return bool(text) and field.field.has_changed(field.initial, text)


@dataclass(frozen=True)
class Lines:
    """All parts of one kind."""

    name: str
    title: Any
    lines: list[Line]


def parts_shown(form: EntryForm) -> list[Lines]:
    """As they are stored, or as they were just sent."""
    return [
        Lines(name, entry._meta.model._meta.verbose_name, list(lines_of(form, name, entry)))
        for name, entry in form.parts.items()
    ]


def lines_of(form: EntryForm, name: str, entry: type[PartForm]) -> Iterator[Line]:
    """Raises BadRequest for a page that is not ours."""
    stored = {str(part.public_id): part for part in form.live_parts(name)}
    if not form.is_bound:
        for position, (public_id, part) in enumerate(stored.items()):
            prefix = f"{name}-{position}"
            yield Line(entry(instance=part, user=form.user, prefix=prefix), prefix, public_id)
        for position in range(len(stored), len(stored) + EMPTY_LINES):
            yield Line(entry(user=form.user, prefix=f"{name}-{position}"), f"{name}-{position}")
        return
    for position in range(number_of_lines(form.data, name)):
        prefix = f"{name}-{position}"
        public_id = form.data.get(f"{prefix}-id", "")
        if public_id and public_id not in stored:
            continue  # taken out by somebody else meanwhile
        more = {"instance": stored[public_id]} if public_id else {}
        line = Line(
            entry(form.data, user=form.user, prefix=prefix, **more),
            prefix,
            public_id,
            f"{prefix}-goes" in form.data,
        )
        # An empty line is no part with everything missing.
        yield Line(entry(user=form.user, prefix=prefix), prefix) if line.is_empty else line


def number_of_lines(data: Mapping[str, Any], name: str) -> int:
    """How many lines the page had. Raises BadRequest."""
    text = data.get(f"{name}-lines", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and int(text) <= MOST_LINES + EMPTY_LINES):
        raise BadRequest(_("页面已失效，请重新打开。"))
    return int(text)


def take_parts(form: EntryForm, shown: list[Lines]) -> bool:
    """Hand the lines that were sent to the row; whether all of them are right."""
    right = True
    for lines in shown:
        filled = [line for line in lines.lines if not line.is_empty]
        stay = [line.form for line in filled if not line.goes]
        gone = [line.form.instance for line in filled if line.goes and line.public_id]
        for part in stay:
            right &= part.is_valid()
        form.take_parts(lines.name, stay, gone)
    return right
