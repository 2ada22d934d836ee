"""Rows of a register on their way into a sheet, tens of thousands of them: whole lines instead of cell after cell.

The library spends most of its time on what is the same for all cells of a column. Here a column remembers how a
value stands in it; what is written is what the library would have written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import _preserve_whitespace, _utf16_truncate, xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# How many different values of one column are remembered: most columns repeat few words, names do not repeat.
MOST_REMEMBERED = 20_000
# Characters that fit a cell even if each takes two places.
SURELY_FITS = 16_000


class CellColumn:
    """The cells of one column: ``word`` says what stands for a value, ``look`` is their format."""

    def __init__(self, sheet: LineSheet, number: int, look: Any, word: Callable[[Any], Any]) -> None:
        self.sheet, self.look, self.word = sheet, look, word
        self.start = f'<c r="{xl_col_to_name(number)}'
        self.remembered: dict[Any, str] = {}

    def rest(self, value: Any) -> str:
        """A cell of ``value`` from behind its address to its end."""
        rest = self.remembered.get(value)
        if rest is None:
            rest = self.sheet.rest_of_cell(self.word(value), self.look)
            if len(self.remembered) < MOST_REMEMBERED:
                self.remembered[value] = rest
        return rest


class LineSheet(Worksheet):
    """A sheet of a workbook in constant memory that takes lines as well as cells, from top to bottom."""

    def write_line(self, at: int, cells: Iterable[tuple[CellColumn, Any]]) -> None:
        """One row; nothing else may be written into it."""
        self._check_dimensions(at, 0)
        if at > self.previous_row:
            self._write_single_row(at)  # the row before, which the library holds until the next begins
        number = at + 1
        written = [
            f'{column.start}{number}"{column.rest(value)}'
            for column, value in cells
            if value is not None and value != ""
        ]
        self.fh.write(f'<row r="{number}">{"".join(written)}</row>')

    def rest_of_cell(self, value: Any, look: Any) -> str:
        """A cell as the library writes it, from behind its address to its end."""
        style = f' s="{look._get_xf_index()}"'  # noqa: SLF001 - the library's own way to number formats
        match value:
            case str() if value:
                # The library's own way with what is too long for a cell, and with characters that XML has not.
                fitting = value if len(value) <= SURELY_FITS else _utf16_truncate(value, self.xls_strmax)
                text = self._escape_control_characters(fitting)
                keep = ' xml:space="preserve"' if _preserve_whitespace(text) else ""
                text = self._escape_data(text)
                return f'{style} t="inlineStr"><is><t{keep}>{text}</t></is></c>'
            case int() | float() | Decimal():
                return f"{style}><v>{value:.16G}</v></c>"
            case dt.date():
                return f"{style}><v>{self._convert_date_time(value):.16G}</v></c>"
        return f"{style}/>"
