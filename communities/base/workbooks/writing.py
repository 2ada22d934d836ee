"""Workbooks that people get: the empty template, a register's rows in it, and refused rows with their reasons.

One layout for all three, so that each can be filled in and sent back: title, notes, heads, an example that the
reader passes over, then rows. Texts are written as texts, whatever they begin with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from xlsxwriter.utility import xl_col_to_name

from communities.base.entry.fields import AmountField, DayField, PickField, RowField, TruthField, WordsField
from communities.base.workbooks.columns import ERROR_HEAD, EXAMPLE, IDENTITY_HEAD, Column, example_of
from communities.base.workbooks.known import KnownRows
from communities.base.workbooks.lines import CellColumn, LineSheet
from communities.base.workbooks.reader import IDENTITY_SHEET

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TITLE, NOTES, HEADS, EXAMPLES, FIRST = range(5)
A4 = 9
SPARE_ROWS = 2000
IDENTITY_NOTE = gettext_lazy("由系统填写，请勿改动；新增的行留空。")
# The box of a note at a head, in pixels, and how many Chinese characters a line of it holds.
NOTE_WIDTH, NOTE_LINE, NOTE_CHARACTERS = 260, 16, 18
# Beyond these a comment on every cell makes a file that office programs open slowly; the first column has all.
MOST_COMMENTS = 500
MOST_WORDS = 20_000


@dataclass(frozen=True)
class Line:
    """One row to write: its identity, its values or texts by column, and what is wrong with which column.

    What is wrong with the row as a whole stands under None, and is shown at its identity.
    """

    identity: str
    values: list[Any]
    faults: Mapping[int | None, str] = field(default_factory=dict)
    told: str = ""


class Workbook:
    """One workbook of a register for a place. ``known`` has the words for rows that cells name."""

    def __init__(
        self, file: IO[bytes], columns: list[Column], *, title: str, place: str, identity: str, day: dt.date
    ) -> None:
        self.book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        self.columns, self.title, self.place, self.identity, self.day = columns, title, place, identity, day
        self.known = {
            number: KnownRows(column.field)
            for number, column in enumerate(columns)
            if isinstance(column.field, RowField)
        }
        self.looks = _looks(self.book)
        self.own_looks = [self.looks[_look(column)] for column in columns]
        self.writers = [self._writer(number, column) for number, column in enumerate(columns)]
        self.comments = 0

    def write(self, lines: Iterable[Line] = (), *, with_errors: bool = False, purpose: str = "") -> None:
        """The whole file."""
        sheet = self.book.add_worksheet(_("填报"), worksheet_class=LineSheet)
        words = self._words()
        shift = 2 if with_errors else 1
        self._head(sheet, shift, purpose)
        last = FIRST - 1
        write_line = self._refused_line if with_errors else self._plain_lines(sheet)
        for last, line in enumerate(lines, start=FIRST):
            write_line(sheet, last, line)
        self._offer(sheet, shift, words, last + SPARE_ROWS)
        self._explain()
        self._dictionary(words)
        mark = self.book.add_worksheet(IDENTITY_SHEET)
        mark.write_string(0, 0, self.identity)
        mark.protect()
        mark.very_hidden()
        self.book.close()

    def _head(self, sheet: Any, shift: int, purpose: str) -> None:
        looks, width = self.looks, len(self.columns) + shift - 1
        sheet.set_row(TITLE, 28)
        sheet.set_row(NOTES, 32)
        sheet.set_row(HEADS, 30)
        title = _("%(title)s(%(place)s)") % {"title": self.title, "place": self.place}
        for number in range(shift - 1):
            sheet.set_column(number, number, 46, looks["text"])
        sheet.set_column(shift - 1, shift - 1, 10, looks["identity"])
        for number, column in enumerate(self.columns, start=shift):
            sheet.set_column(number, number, _width(column), looks[_look(column)])
        sheet.merge_range(TITLE, 0, TITLE, width, title, looks["title"])
        notes = purpose or _(
            "红色为必填项；从第 5 行开始填写，新增的行不填系统编号，"
            "修改的行不要改动系统编号；第 4 行是示例，不会导入。"
        )
        sheet.merge_range(NOTES, 0, NOTES, width, notes, looks["notes"])
        if shift == 2:
            sheet.write_string(HEADS, 0, str(ERROR_HEAD), looks["head"])
        sheet.write_string(HEADS, shift - 1, str(IDENTITY_HEAD), looks["head"])
        _note(sheet, shift - 1, [IDENTITY_NOTE])
        for number, column in enumerate(self.columns, start=shift):
            sheet.write_string(HEADS, number, column.head, looks["required" if column.required else "head"])
            _note(sheet, number, [_("必填。") if column.required else _("选填。"), *_explained(column)])
        sheet.write_string(EXAMPLES, shift - 1, str(EXAMPLE), looks["example"])
        for number, column in enumerate(self.columns):
            sheet.write_string(EXAMPLES, number + shift, self._example(number, column), looks["example"])
        sheet.freeze_panes(FIRST, shift + 1)
        self._lock(sheet)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADS)

    def _lock(self, sheet: Any) -> None:
        """Title, heads, example and identities are locked, without a password; all else may be done."""
        allowed = (
            "format_cells", "format_columns", "format_rows", "insert_rows", "delete_rows", "sort", "autofilter",
            "select_locked_cells", "select_unlocked_cells",
        )  # fmt: skip
        sheet.protect("", dict.fromkeys(allowed, True))

    def _example(self, number: int, column: Column) -> str:
        if isinstance(column.field, DayField) and not column.example:
            return f"{self.day:%Y-%m-%d}" if column.part != 1 and column.required else ""
        offered = self.known[number].offered if number in self.known else []
        return example_of(column, next(iter(offered), ""))

    def _plain_lines(self, sheet: LineSheet) -> Callable[[LineSheet, int, Line], None]:
        """How rows with which nothing is wrong are written: most often, and many."""
        looks = (self.looks["identity"], *self.own_looks)
        words: tuple[Callable[[Any], Any], ...] = (str, *self.writers)
        columns = [CellColumn(sheet, number, looks[number], words[number]) for number in range(len(looks))]

        def write(sheet: LineSheet, at: int, line: Line) -> None:
            values = (line.identity, *line.values)
            sheet.write_line(at, zip(columns, values, strict=True))

        return write

    def _refused_line(self, sheet: LineSheet, at: int, line: Line) -> None:
        """A row with what is wrong with it: told in the first column, and marked at the cells."""
        shift = 2
        sheet.write_string(at, 0, line.told, self.looks["told"])
        if None in line.faults:
            self._cell(sheet, (at, shift - 1), line.identity, self.looks["wrong_identity"])
            self._comment(sheet, (at, shift - 1), line.faults[None])
        elif line.identity:
            sheet.write_string(at, shift - 1, line.identity, self.looks["identity"])
        for number, value in enumerate(line.values):
            if number in line.faults:
                said = None if value is None else self.writers[number](value)
                self._cell(sheet, (at, number + shift), said, self.looks["wrong"])
                self._comment(sheet, (at, number + shift), line.faults[number])
            elif value is not None and value != "":
                self._cell(sheet, (at, number + shift), self.writers[number](value), self.own_looks[number])

    def _comment(self, sheet: Any, place: tuple[int, int], text: str) -> None:
        if self.comments < MOST_COMMENTS:
            self.comments += 1
            sheet.write_comment(*place, text, {"x_scale": 2})

    def _cell(self, sheet: Any, place: tuple[int, int], value: Any, look: Any) -> None:
        match value:
            case str() if value:
                sheet.write_string(*place, value, look)
            case int() | float() | Decimal():
                sheet.write_number(*place, value, look)
            case dt.date():
                sheet.write_datetime(*place, value, look)
            case _:
                sheet.write_blank(*place, None, look)

    def _writer(self, number: int, column: Column) -> Callable[[Any], Any]:
        """How a value of a column, or what somebody sent in its place, stands in a cell."""
        match column.field:
            case RowField():
                known = self.known[number]
                return lambda value: value if isinstance(value, str) else known.word(value)
            case PickField():
                words = {code: str(word) for code, word in column.field.choices}
                return lambda value: words.get(value, str(value))
            case TruthField():
                words = {True: _("是"), False: _("否")}
                return lambda value: words[value] if isinstance(value, bool) else str(value)
            case DayField() if column.part is not None:
                return lambda value: end_of(value, column.part)
            case DayField() | AmountField():
                return lambda value: value
        return str

    def _words(self) -> dict[int, list[str]]:
        """What may be chosen, by column."""
        words: dict[int, list[str]] = {}
        for number, column in enumerate(self.columns):
            if number in self.known:
                words[number] = self.known[number].offered[:MOST_WORDS]
            elif isinstance(column.field, PickField):
                words[number] = [str(word) for _code, word in column.field.choices]
            elif isinstance(column.field, TruthField):
                words[number] = [_("是"), _("否")]
        return words

    def _offer(self, sheet: Any, shift: int, words: dict[int, list[str]], last: int) -> None:
        for number, listed in words.items():
            if listed:
                letter = xl_col_to_name(number)
                source = f"='{_('字典')}'!${letter}$2:${letter}${len(listed) + 1}"
                rule = {
                    "validate": "list",
                    "source": source,
                    "error_title": _("不在可选范围内"),
                    "error_message": _("请从下拉列表中选择。"),
                }
                sheet.data_validation(FIRST, number + shift, last, number + shift, rule)
        told = {
            "validate": "any",
            "input_title": _("系统编号"),
            "input_message": str(IDENTITY_NOTE),
        }
        sheet.data_validation(FIRST, shift - 1, last, shift - 1, told)

    def _explain(self) -> None:
        sheet = self.book.add_worksheet(_("填表说明"))
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 10)
        sheet.set_column(2, 2, 90, self.looks["wrap"])
        for number, text in enumerate((_("项目"), _("必填"), _("怎样填写"))):
            sheet.write_string(0, number, text, self.looks["head"])
        for at, column in enumerate(self.columns, start=1):
            sheet.write_string(at, 0, column.head)
            sheet.write_string(at, 1, _("必填") if column.required else "")
            sheet.write_string(at, 2, " ".join(_explained(column)), self.looks["wrap"])

    def _dictionary(self, words: dict[int, list[str]]) -> None:
        sheet = self.book.add_worksheet(_("字典"))
        for number, column in enumerate(self.columns):
            sheet.set_column(number, number, 20)
            if number in words:
                sheet.write_string(0, number, str(column.column_name), self.looks["head"])
        for at in range(max((len(listed) for listed in words.values()), default=0)):
            for number, listed in words.items():
                if at < len(listed):
                    sheet.write_string(at + 1, number, listed[at])
        sheet.protect()
        sheet.hide()


def end_of(value: Any, part: int | None) -> Any:
    """The first or the last day of a span; what was sent in its place stays as it is."""
    if not hasattr(value, "lower") or isinstance(value, str):
        return value
    if part == 0:
        return value.lower
    return value.upper - dt.timedelta(days=1) if value.upper else None


def download(file: IO[bytes], name: str) -> FileResponse:
    """A workbook as an answer: saved by the browser, never shown in it."""
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def _note(sheet: Any, number: int, told: Iterable[Any]) -> None:
    """What stands to be read at a head, in a box that shows all of it."""
    parts = [str(part) for part in told]
    lines = 1 + sum(-(-len(part) // NOTE_CHARACTERS) for part in parts)
    box = {"width": NOTE_WIDTH, "height": NOTE_LINE * lines, "font_size": 9}
    sheet.write_comment(HEADS, number, "\n".join(parts), box)


def _explained(column: Column) -> Iterator[str]:
    if getattr(column.field, "help_text", ""):
        yield str(column.field.help_text)
    match column.field:
        case WordsField(max_length=int(most)):
            yield _("文字，最多 %(most)d 个字。") % {"most": most}
        case AmountField(places=0):
            yield _("整数，单位为%(unit)s。") % {"unit": column.unit} if column.unit else _("整数。")
        case AmountField(places=places):
            said = _("数字，最多 %(places)d 位小数") % {"places": places}
            yield said + (_("，单位为%(unit)s。") % {"unit": column.unit} if column.unit else "。")
        case PickField():
            yield _("可填：%(words)s。") % {
                "words": "、".join(str(word) for _code, word in column.field.choices)
            }
        case RowField():
            yield _("填名称；有重名时在名称后用括号写明社区代码。可从下拉列表中选择。")
        case TruthField():
            yield _("填「是」或「否」，不填视为「否」。")
        case DayField():
            yield _("日期，例如 2026-01-31。")
            if column.part is not None:
                yield _("不填表示早于现有记录。") if column.part == 0 else _("不填表示尚未终止。")


def _look(column: Column) -> str:
    match column.field:
        case DayField():
            return "day"
        case AmountField():
            return "amount" if column.field.places else "whole"
    return "text"


def _width(column: Column) -> int:
    match column.field:
        case DayField() | AmountField():
            return 14
        case TruthField():
            return 12
        case RowField():
            return 26
    return 18


def _looks(book: Any) -> dict[str, Any]:
    """The formats of all cells."""
    head = {"bold": True, "bg_color": "#E8EEF5", "border": 1, "valign": "vcenter", "text_wrap": True}
    grey = {"font_color": "#8A8F98"}
    red = {"bg_color": "#FDE2E0", "border": 1, "border_color": "#B42318"}
    made = {
        "title": {"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"},
        "notes": {"text_wrap": True, "valign": "vcenter", **grey},
        "head": head,
        "required": {**head, "font_color": "#B42318"},
        "example": {"italic": True, "bg_color": "#F5F5F5", **grey},
        "identity": {"num_format": "@", "font_size": 8, **grey},
        "text": {"num_format": "@", "locked": False},
        "wrap": {"text_wrap": True, "valign": "top"},
        "day": {"num_format": "yyyy-mm-dd", "locked": False},
        "amount": {"num_format": "0.00", "locked": False},
        "whole": {"num_format": "0", "locked": False},
        "wrong": {"num_format": "@", "locked": False, **red},
        # Open: what is wrong with it can only be mended here.
        "wrong_identity": {"num_format": "@", "font_size": 8, "locked": False, **grey, **red},
        "told": {"text_wrap": True, "valign": "top", "font_color": "#B42318"},
    }
    return {name: book.add_format(properties) for name, properties in made.items()}
