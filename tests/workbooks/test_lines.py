"""Whole lines are written into a sheet as the library writes their cells."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import Any

import xlsxwriter

from communities.base.workbooks.lines import CellColumn, LineSheet

VALUES: list[Any] = [
    "一社区", " 前后有空格 ", "<b>&\"'</b>", "第一行\n第二行", "\x01_x0041_\uffff", "长" * 40_000, "𠮷" * 20_000,
    "=1+1", Decimal("120.50"), 7, 0, 0.1 + 0.2, dt.date(2026, 1, 31), dt.date(1900, 1, 1),
]  # fmt: skip


def sheet_xml(rows: list[list[Any]], *, by_lines: bool) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    looks = [book.add_format({"num_format": form}) for form in ("@", "0.00")]
    sheet = book.add_worksheet("表", worksheet_class=LineSheet)
    sheet.write_string(0, 1, "名称", looks[0])
    columns = [CellColumn(sheet, number, looks[number % 2], lambda value: value) for number in range(2)]
    for at, values in enumerate(rows, start=2):
        if by_lines:
            sheet.write_line(at, zip(columns, values, strict=True))
            continue
        for number, value in enumerate(values):
            write = {str: sheet.write_string, dt.date: sheet.write_datetime}.get(
                type(value), sheet.write_number
            )
            if value is not None:
                write(at, number, value, looks[number % 2])
    sheet.write_string(len(rows) + 3, 0, "以下无正文")
    book.close()
    return zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")


def test_lines_are_written_as_the_library_writes_cells():
    rows = [[value, None if at % 3 == 0 else value] for at, value in enumerate(VALUES + VALUES)]
    assert sheet_xml(rows, by_lines=True) == sheet_xml(rows, by_lines=False)


def test_a_text_in_the_library_s_own_markup_stays_a_text():
    """The library takes a text between these tags for markup, and would write a sheet that opens nowhere."""
    assert b"&lt;r&gt;&amp;&lt;/r&gt;" in sheet_xml([["<r>&</r>", None]], by_lines=True)
