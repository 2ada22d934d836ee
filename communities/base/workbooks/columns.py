"""What a register's workbook holds: one column per field of its entry form, and who each row is.

The columns are those of a django-import-export resource, whose widgets read and write cells with the entry form's
own fields; the pipeline of this package reads them and never calls ``import_data()``.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export import fields, resources, widgets

from communities.base.entry.ends import SpanField
from communities.base.entry.fields import AmountField, EntryField, PickField, RowField, TruthField
from communities.base.entry.forms import EntryForm
from communities.base.entry.texts import visible
from communities.base.workbooks.reader import in_brackets, plain_head
from communities.base.workbooks.sheets import FileRefused

IDENTITY_HEAD = gettext_lazy("系统编号")
ERROR_HEAD = gettext_lazy("错误说明")
EXAMPLE = gettext_lazy("示例")
# People number their lines; the number says nothing of a row.
NUMBER_HEAD = gettext_lazy("序号")


class EntryWidget(widgets.Widget):
    """A cell read and written by an entry field. Raises ValidationError."""

    def __init__(self, entry_field: EntryField) -> None:
        super().__init__()
        self.field = entry_field

    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> Any:  # noqa: ARG002 - the library's signature
        """The value of a cell."""
        return self.field.clean(value)

    def render(self, value: Any, obj: Any = None, **_kwargs: Any) -> str:  # noqa: ARG002
        """How a value stands in a cell."""
        return self.field.shown(value)


class Column(fields.Field):
    """One column: ``attribute`` is the form's field, ``part`` the end of a span (0 the first day, 1 the last)."""

    def __init__(
        self, attribute: str, label: str, entry_field: EntryField, part: int | None = None, example: str = ""
    ) -> None:
        super().__init__(attribute=attribute, column_name=label, widget=EntryWidget(entry_field))
        self.field, self.part, self.example = entry_field, part, example

    @property
    def unit(self) -> str:
        return str(getattr(self.field, "unit", ""))

    @property
    def head(self) -> str:
        """The head with its unit."""
        return f"{self.column_name}({self.unit})" if self.unit else str(self.column_name)

    @property
    def required(self) -> bool:
        return self.field.required


class EntryResource(resources.Resource):
    """The workbook of one register."""

    class Meta:
        import_id_fields = ("public_id",)
        clean_model_instances = True


def columns_of(form: EntryForm) -> list[Column]:
    """The columns of a register, in the order in which its pages show the fields."""
    resource = resource_of(form)
    return list(resource().get_import_fields())


def resource_of(form: EntryForm) -> Any:
    """A resource over the fields of a form that knows its user."""
    declared: dict[str, Any] = {}
    names = [name for group in form.groups for name in group.names if name in form.fields]
    for name in names:
        field: Any = form.fields[name]
        label = str(field.label)
        example = form.examples.get(name, "")
        if isinstance(field, SpanField):
            for part, word in enumerate((_("开始"), _("结束"))):
                day: Any = field.fields[part]
                declared[f"{name}_{part}"] = Column(
                    name, label + word, day, part, example[part] if example else ""
                )
        else:
            declared[name] = Column(name, label, field, example=_in_words(field, example))
    return type(f"{type(form).__name__}Resource", (EntryResource,), declared)


def _in_words(field: EntryField, example: Any) -> str:
    return str(dict(field.choices).get(example, example)) if isinstance(field, PickField) else str(example)


def version_of(columns: Iterable[Column]) -> str:
    """A short mark of a template's columns: another one means that they have changed since."""
    text = "|".join(f"{column.attribute}:{column.head}:{column.required}" for column in columns)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Layout:
    """Where the columns stand in an uploaded sheet: positions of cells, None for columns that are not there."""

    positions: tuple[int | None, ...]
    identity: int | None
    ignored: frozenset[int]
    numbers: int | None = None


def layout_of(columns: list[Column], head: list[Any]) -> Layout:
    """Find the columns under their heads, in any order. Raises FileRefused naming heads that cannot be."""
    stands: dict[str, int] = {}
    for position, value in enumerate(head):
        name = plain_head(value)
        if not name:
            continue
        if name in stands:
            raise FileRefused(
                "same_head", message=_("表头「%(head)s」重复，请只保留一列。") % {"head": value}
            )
        stands[name] = position
    _refuse_other_units(columns, head)
    known = {plain_head(column.column_name): number for number, column in enumerate(columns)}
    special = {plain_head(IDENTITY_HEAD), plain_head(ERROR_HEAD)}
    numbers = stands.get(plain_head(NUMBER_HEAD))
    if numbers is not None and all(numbers < stands[name] for name in known if name in stands):
        special.add(plain_head(NUMBER_HEAD))
    for name, position in stands.items():
        if name not in known and name not in special:
            shown = visible(str(head[position]))
            raise FileRefused("unknown_head", message=_unknown(shown, name, list(known)))
    # A column that is not there would empty what stands in the rows that the file names.
    names_rows = plain_head(IDENTITY_HEAD) in stands
    missing = [
        str(column.column_name)
        for name, column in zip(known, columns, strict=True)
        if name not in stands and (column.required or names_rows)
    ]
    if missing:
        told = _("缺少这些列：%(heads)s。请使用下载的模板填写，不填的列也不要删除。") % {
            "heads": "、".join(missing)
        }
        raise FileRefused("missing_head", message=told)
    ignored = {stands[name] for name in special if name in stands}
    return Layout(
        tuple(stands.get(name) for name in known),
        stands.get(plain_head(IDENTITY_HEAD)),
        frozenset(ignored),
        numbers if numbers in ignored else None,
    )


def _refuse_other_units(columns: list[Column], head: list[Any]) -> None:
    """A head that says 亩 over a column of 平方米 means other numbers."""
    measured = {
        plain_head(column.column_name): column.field
        for column in columns
        if isinstance(column.field, AmountField) and column.unit
    }
    for value in head:
        field, said = measured.get(plain_head(value)), in_brackets(value)
        if field is not None and said and plain_head(said) not in map(plain_head, field.units()):
            told = _("表头「%(head)s」的单位应为「%(unit)s」，请换算后再导入。")
            raise FileRefused("unit", message=told % {"head": value, "unit": field.unit})


def _unknown(shown: str, name: str, known: list[str]) -> str:
    guess = get_close_matches(name, known, n=1, cutoff=0.5)
    if guess:
        return _("不认识的表头「%(head)s」，是否应为「%(guess)s」？") % {
            "head": shown[:50],
            "guess": guess[0],
        }
    return _("不认识的表头「%(head)s」。请使用下载的模板填写，不要增加列。") % {"head": shown[:50]}


def heads_of(columns: Iterable[Column]) -> dict[tuple[str, int | None], str]:
    """The head over each field, by its name and the end of a time; a time as a whole stands at its first."""
    heads: dict[tuple[str, int | None], str] = {}
    for column in columns:
        name = str(column.attribute)
        heads[name, column.part] = column.head
        heads.setdefault((name, None), column.head)
    return heads


def example_of(column: Column, offered: str) -> str:
    """What the example row shows in a column; ``offered``: a row that the column may name."""
    return offered if isinstance(column.field, RowField) else column.example


def former_example_of(column: Column, offered: str) -> str:
    """What the example row showed in templates of before, which are good until the end of the next quarter."""
    match column.field:
        case RowField():
            return offered
        case PickField():
            return str(column.field.choices[0][1])
        case TruthField():
            return _("是")
        case AmountField():
            return "120.5" if column.field.places else "120"
    return _("(示例)%(label)s") % {"label": column.column_name}


def identity_of(public_id: Any, version: Any) -> str:
    """How a row is named in a workbook, with the version that was read."""
    return f"{public_id}#{version}"


def parsed_identity(text: str) -> tuple[uuid.UUID, int] | None:
    """The row and version that an identity names; None where it names none."""
    public_id, _mark, version = text.partition("#")
    try:
        found = uuid.UUID(public_id)
    except ValueError:
        return None
    if not version.isascii() or not version.isdecimal() or len(version) > 9:
        return None
    return found, int(version)
