"""The rows of a sheet, read and checked with the entry form's own fields, so that all doors say the same words.

What a cell holds is read once per column and text. A row is told with everything that is wrong with it; rules that
need the database (constraints, rows that exist, scope) follow when the rows are staged.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.base.entry.ends import EndWrong, SpanField
from communities.base.entry.fields import AmountField, DayField, RowField
from communities.base.entry.forms import EntryForm
from communities.base.workbooks import columns as workbook
from communities.base.workbooks.columns import Column, Layout
from communities.base.workbooks.known import KnownRows
from communities.base.workbooks.reader import plain_head

# How many different cells of one column are remembered: most columns repeat few words, names do not repeat.
MOST_REMEMBERED = 20_000
EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
NULL = "NULL"
TOTALS = frozenset({"合计", "总计", "小计", "共计"})
_CELL_ERRORS: dict[str, Any] = {
    "digits_lost": gettext_lazy("数字超过 15 位，末尾几位已丢失；请将单元格设为文本后重新填写。"),
    "cell_error": gettext_lazy("单元格是错误值「%(text)s」，请改正。"),
    "formula": gettext_lazy("单元格是没有计算结果的公式，请改填数值，或在表格软件中打开保存一次。"),
    "external_link": gettext_lazy("单元格引用了其他文件，请改填数值。"),
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a row: the form's field (empty for the row), code, message, and what stood there.

    ``part`` is the end of a time of which it is said.
    """

    name: str
    code: str
    message: str
    value: str = ""
    part: int | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        told = {"name": self.name, "code": self.code, "message": self.message, "value": self.value}
        return told if self.part is None else told | {"part": self.part}


@dataclass
class Staged:
    """A row that was read: one literal of a PostgreSQL array per field, or what is wrong."""

    line: int
    object_id: uuid.UUID | None
    version: int | None
    pieces: list[str]
    wrong: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    texts: list[Any] | None = None


Read = tuple[str, Any]  # the array literal, and the value
UNREAD: Read = (NULL, None)  # itself alone: an empty cell reads as its equal


class Checker:
    """Reads rows of one register for one user; ``layout`` says where the columns stand."""

    def __init__(self, form: EntryForm, columns: list[Column], layout: Layout) -> None:
        self.form, self.columns, self.layout = form, columns, layout
        self.names = list(form.fields)
        self.model: Any = form._meta.model
        rules_read = self.model.clean_reads or self.names
        self.rules_read = [at for at, name in enumerate(self.names) if name in rules_read]
        self.has_rules = self.model.clean is not Model.clean
        self.kept_rules: set[tuple[str, ...]] = set()
        stands = {at for at in layout.positions if at is not None} | layout.ignored
        self.beside = [at for at in range(max(stands) + 1) if at not in stands]
        self.width = max(stands) + 1
        self.examples: dict[str, str] = {}
        self.readers = [(name, *self._reader(name)) for name in self.names]
        self.sought = [(self._cells_at(at), memory) for _name, at, _read, memory in self.readers]
        # Where a row's first text is looked for, and the cells that no row may lack.
        special = {layout.identity, layout.numbers}
        self.stands = sorted(at for at in special.union(layout.positions) if at is not None)
        self.musts = [at for c, at in zip(columns, layout.positions, strict=True) if c.required]

    def _reader(self, name: str) -> tuple[list[int | None], Callable[..., Read], dict[Any, Read]]:
        """(positions of the field's cells, how they are read, what is remembered of them)."""
        at = [
            position
            for column, position in zip(self.columns, self.layout.positions, strict=True)
            if column.attribute == name
        ]
        entry_field: Any = self.form.fields[name]
        if isinstance(entry_field, SpanField):
            return at, lambda first, last: _span(entry_field, first, last), {}
        if isinstance(entry_field, RowField):
            known = KnownRows(entry_field)
            entry_field.remembered.update(known.rows)
            self.examples[name] = next(iter(known.offered), "")
        return at, lambda raw: _cell(entry_field, raw), {}

    def _cells_at(self, at: list[int | None]) -> Callable[[list[Any]], Any]:
        """What a field reads from a row: the cell, or both cells of a time; None where the sheet lacks a column."""
        if None not in at:
            return itemgetter(*at)
        if len(at) == 1:
            return lambda _row: None
        return lambda row: tuple(None if position is None else row[position] for position in at)

    def rows(self, sheet_rows: Iterable[tuple[int, list[Any]]]) -> Iterator[Staged]:
        """Every row but the example."""
        identity, width = self.layout.identity, self.width
        for number, cells in sheet_rows:
            row = cells + [None] * (width - len(cells)) if len(cells) < width else cells
            marker = row[identity] if identity is not None else None
            if marker is not None and str(marker).strip() == str(workbook.EXAMPLE):
                if self._is_example(row):
                    continue
                told = _("第一列写着「示例」，这一行不会导入；要导入它，请清空第一列的「示例」。")
                yield self._refused_whole(number, row, Fault("", "example", told))
                continue
            if self.layout.ignored and self._is_empty(row):
                continue
            if self._is_total(row):
                told = _("合计行不导入，请删去。")
                yield self._refused_whole(number, row, Fault("", "total", told))
                continue
            yield self.checked(number, row)

    def _is_total(self, row: list[Any]) -> bool:
        """Whether a row sums up the others: it says so in its first text, and lacks what a row must have."""
        if all(at is not None and row[at] is not None for at in self.musts):
            return False
        texts = (row[at] for at in self.stands)
        first = next((text for text in texts if isinstance(text, str) and text.strip()), "")
        return plain_head(first) in TOTALS

    def _is_example(self, row: list[Any]) -> bool:
        """Whether the row is the template's own, untouched; its dates are of the day on which it was made."""
        cells = [
            (column, row[at], self.examples.get(str(column.attribute), ""))
            for column, at in zip(self.columns, self.layout.positions, strict=True)
            if at is not None
        ]
        return all(
            value is None
            or isinstance(column.field, DayField)
            or str(value)
            in {workbook.example_of(column, offered), workbook.former_example_of(column, offered)}
            for column, value, offered in cells
        )

    def _shown(self, name: str, row: list[Any]) -> str:
        """What stood in the cells of a field."""
        at = next((positions for known, positions, *_read in self.readers if known == name), [])
        return _shown([row[position] for position in at if position is not None])

    def _refused_whole(self, number: int, row: list[Any], fault: Fault) -> Staged:
        """A row that is no row of the register: nothing else is said of it."""
        staged = Staged(number, None, None, [NULL] * len(self.names), wrong=list(self.names))
        staged.faults.append(fault)
        staged.texts = self._texts(row)
        return staged

    def _texts(self, row: list[Any]) -> list[Any]:
        """What stood in the cells; a formula is no text that anybody wrote."""
        cells = [row[at] if at is not None else None for at in self.layout.positions]
        return [
            (None if cell[1] in {"formula", "external_link"} else cell[2]) if isinstance(cell, list) else cell
            for cell in cells
        ]

    def _is_empty(self, row: list[Any]) -> bool:
        return all(value is None for at, value in enumerate(row) if at not in self.layout.ignored)

    def checked(self, line: int, row: list[Any]) -> Staged:
        """One row: its values, or all that is wrong with it."""
        staged = Staged(line, None, None, [])
        raws = [cells_at(row) for cells_at, _memory in self.sought]
        known: list[Read | None]
        try:
            known = [memory.get(raw) for raw, (_cells, memory) in zip(raws, self.sought, strict=True)]
        except TypeError:
            # Texts and numbers are keys; what holds no value is a list and none.
            known = [None] * len(raws)
        hits = [hit or self._read(at, raws[at], staged) for at, hit in enumerate(known)]
        staged.pieces = [hit[0] for hit in hits]
        self._identify(staged, row)
        self._look_beside(staged, row)
        if self.has_rules:
            self._apply_rules(staged, hits, row)
        if staged.faults:
            staged.texts = self._texts(row)
        return staged

    def _read(self, number: int, raw: Any, staged: Staged) -> Read:
        """What a field reads in its cells, remembered for those that say the same; nothing where that is wrong."""
        name, at, read, memory = self.readers[number]
        raws = (raw,) if len(at) == 1 else raw
        try:
            hit = read(*raws)
        except ValidationError as error:
            staged.faults += faults_of(name, error, _shown(raws))
            staged.wrong.append(name)
            return UNREAD
        if len(memory) < MOST_REMEMBERED:
            memory[raw] = hit
        return hit

    def _identify(self, staged: Staged, row: list[Any]) -> None:
        if self.layout.identity is None or row[self.layout.identity] is None:
            return
        text = str(row[self.layout.identity]).strip()
        found = workbook.parsed_identity(text)
        if found is None:
            told = _("系统编号已被改动；新增的行请留空，修改的行请从下载的表中复制整行。")
            staged.faults.append(Fault("", "identity", told, text[:50]))
        else:
            staged.object_id, staged.version = found

    def _look_beside(self, staged: Staged, row: list[Any]) -> None:
        """Values in columns without a head would be lost in silence."""
        if len(row) == self.width and not self.beside:
            return
        for at in (*self.beside, *range(self.width, len(row))):
            if row[at] is not None:
                told = _("第 %(column)s 列没有表头，其中的内容不会导入，请删除或移到有表头的列。")
                staged.faults.append(
                    Fault("", "no_column", told % {"column": letters(at)}, str(row[at])[:50])
                )
                return

    def _apply_rules(self, staged: Staged, hits: list[Read], row: list[Any]) -> None:
        """The row's own rules, as the form applies them: on what could be read."""
        read = tuple(["" if hits[at] is UNREAD else hits[at][0] for at in self.rules_read])
        if read in self.kept_rules:
            return
        values = {name: hit[1] for name, hit in zip(self.names, hits, strict=True) if hit is not UNREAD}
        try:
            self.model(**values).clean()
            self.kept_rules.add(read)
        except ValidationError as error:
            found = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
            for name, listed in found.items():
                own = "" if name == NON_FIELD_ERRORS else name
                if own in staged.wrong:
                    continue  # the cell itself could not be read: that is said already
                staged.faults += faults_of(own, ValidationError(listed), self._shown(own, row))
                if own:
                    staged.wrong.append(own)


def _cell(entry_field: Any, raw: Any) -> Read:
    value = entry_field.clean(raw if type(raw) is str else typed(entry_field, raw))
    return piece(value), value


def _span(entry_field: SpanField, *raws: Any) -> Read:
    days = [_end(entry_field.fields[part], raw, part) for part, raw in enumerate(raws)]
    try:
        value = entry_field.compress(days if any(days) else [])
    except ValidationError as error:
        raise EndWrong(error, 1) from error
    return piece(value), value


def _end(day: Any, raw: Any, part: int) -> Any:
    try:
        return day.clean(typed(day, raw))
    except ValidationError as error:
        raise EndWrong(error, part) from error


def typed(entry_field: Any, raw: Any) -> Any:
    """A cell as it would be typed. Raises ValidationError for one that holds no value at all."""
    if isinstance(raw, list):
        _mark, code, text = raw
        raise ValidationError(_CELL_ERRORS[code], code=code, params={"text": text})
    if isinstance(raw, int | float):
        if isinstance(entry_field, DayField):
            return _serial_day(raw)
        if not isinstance(entry_field, AmountField):
            return f"{Decimal(repr(raw)):f}"
        # Spreadsheets calculate in binary: 0.1 + 0.2 is meant to be 0.3.
        return f"{Decimal(f'{raw:.15g}'):f}" if isinstance(raw, float) else str(raw)
    return raw


def _serial_day(raw: float) -> str:
    """A date as spreadsheets count it; a day written like 20260131 stays what it is."""
    whole = int(raw)
    if whole == raw and 0 < whole < 2_958_466 and len(str(whole)) < 8:
        return (EXCEL_DAY_ZERO + dt.timedelta(days=whole)).isoformat()
    return str(raw)


def piece(value: Any) -> str:
    """A value as an element of a PostgreSQL array of texts."""
    if isinstance(value, str):  # most are
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    match value:
        case None:
            return NULL
        case bool():
            return '"t"' if value else '"f"'
        case int() | Decimal() | dt.date():
            return f'"{value}"'
        case Model():
            return f'"{value.pk}"'
    if hasattr(value, "lower") and hasattr(value, "upper"):
        return f'"[{value.lower or ""},{value.upper or ""})"'
    raise TypeError(f"no way to stage {value!r}")


def faults_of(name: str, error: ValidationError, value: str = "") -> Iterator[Fault]:
    """What an error says, one fault per message."""
    for each in error.error_list:
        for message in each.messages:
            yield Fault(name, each.code or "invalid", message, value, getattr(error, "part", None))


def _shown(raws: Sequence[Any]) -> str:
    texts = [str(raw[2] if isinstance(raw, list) else raw) for raw in raws if raw is not None]
    return " ".join(texts)[:100]


def letters(position: int) -> str:
    """The letters over a column: A for 0, AA for 26."""
    found, number = "", position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found
