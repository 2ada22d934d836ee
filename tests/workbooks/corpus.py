"""Odd files, one builder each: what has to be refused with place and reason, and what has to be taken quietly.

R21 of the reliability tests. ``BAD``: name -> (file name, content, words of the message). ``GOOD``: name ->
(file name, content, what the first room then says).
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import xlsxwriter

from tests.workbooks.conftest import GOOD as ROW
from tests.workbooks.conftest import HEADS, book, row

Content = Callable[[], bytes]


def csv(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


def lines(*rows: list[Any], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(str(cell) for cell in cells) for cells in (HEADS, *rows)) + "\r\n"


def made(write: Callable[[Any, Any], None], heads: bool = True) -> bytes:
    """A workbook of one sheet with the heads in the first row; ``write`` does the rest."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet("表")
    if heads:
        sheet.write_row(0, 0, HEADS)
    write(workbook, sheet)
    workbook.close()
    return file.getvalue()


def with_cell(head: str, put: Callable[[Any, Any, int, int], None]) -> bytes:
    """A good row with one cell written by ``put(workbook, sheet, row, column)``."""

    def write(workbook: Any, sheet: Any) -> None:
        for number, value in enumerate(ROW):
            if value != "" and HEADS[number] != head:
                sheet.write(1, number, value)
        put(workbook, sheet, 1, HEADS.index(head))

    return made(write)


def repacked(content: bytes, change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """A workbook with some of its parts changed, left out (None) or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
        for name, data in more.items():
            new.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def many_sheets(number: int) -> bytes:
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file)
    for at in range(number):
        workbook.add_worksheet(f"s{at}")
    workbook.close()
    return file.getvalue()


def typed_formula(formula: str, value: Any) -> bytes:
    return with_cell(
        "建筑面积", lambda _w, sheet, at, col: sheet.write_formula(at, col, formula, None, value)
    )


def uncalculated() -> bytes:
    """As a program writes it that does not calculate."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(HEADS)
    sheet.append([value if value != "" else None for value in ROW])
    sheet["E2"] = "=60+60"
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def cell(**changes: Any) -> Content:
    return lambda: book([row(**changes)])


def with_heads(*heads: Any) -> Content:
    return lambda: book([ROW], list(heads))


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)

BAD: dict[str, tuple[str, Content, str]] = {
    # the file
    "wrong extension": ("表.txt", lambda: b"a,b", "不支持的文件类型"),
    "old xls": ("表.xls", lambda: OLE, "旧版格式"),
    "et": ("表.et", lambda: OLE, "旧版格式"),
    "page named xls": ("表.xls", lambda: b"<html><table><tr><td>x</td></tr></table></html>", "网页"),
    "page named xlsx": ("表.xlsx", lambda: b"<!DOCTYPE html><html></html>", "网页"),
    "macros by name": ("表.xlsm", lambda: book([ROW]), "含有宏"),
    "macros inside": (
        "表.xlsx",
        lambda: repacked(book([ROW]), lambda _n, d: d, **{"xl__vbaProject.bin": b"x"}),
        "含有宏",
    ),
    "encrypted": ("表.xlsx", lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "加了密码"),
    "truncated": ("表.xlsx", lambda: book([ROW])[:-200], "已损坏"),
    "zip without workbook": (
        "表.xlsx",
        lambda: repacked(book([ROW]), lambda n, d: None if "workbook.xml" in n else d),
        "不是 .xlsx 工作簿",
    ),
    "text named xlsx": ("表.xlsx", lambda: b"hello", "不是 .xlsx 工作簿"),
    "sheet broken": (
        "表.xlsx",
        lambda: repacked(book([ROW]), lambda n, d: d[:-40] if "sheet1" in n else d),
        "已损坏",
    ),
    "300 sheets": ("表.xlsx", lambda: many_sheets(300), "工作表超过 50 个"),
    "binary named csv": ("表.csv", lambda: bytes(range(256)) * 4, "编码无法识别"),
    "no head": ("表.xlsx", lambda: book([["x", "y"]], ["甲", "乙"]), "没有找到表头"),
    "nothing under the head": ("表.xlsx", lambda: book([]), "表头下方没有数据"),
    "empty sheet": ("表.xlsx", lambda: made(lambda _w, _s: None, heads=False), "没有找到表头"),
    # heads
    "same head twice": ("表.xlsx", lambda: book([[*ROW, "x"]], [*HEADS, "地址"]), "表头「地址」重复"),
    "head renamed": (
        "表.xlsx",
        with_heads(*["建筑面" if h == "建筑面积" else h for h in HEADS]),
        "是否应为「建筑面积」",
    ),
    "unknown head": (
        "表.xlsx",
        lambda: book([[*ROW, "x"]], [*HEADS, "备注甲乙丙"]),
        "不认识的表头「备注甲乙丙」",
    ),
    "required head missing": ("表.xlsx", lambda: book([ROW[1:]], HEADS[1:]), "缺少这些列：用房名称"),
    # cells
    "formula never calculated": ("表.xlsx", uncalculated, "没有计算结果的公式"),
    "#REF!": ("表.xlsx", lambda: typed_formula("=#REF!", "#REF!"), "错误值「#REF!」"),
    "#N/A": ("表.xlsx", lambda: typed_formula("=NA()", "#N/A"), "错误值「#N/A」"),
    "#DIV/0!": ("表.xlsx", lambda: typed_formula("=1/0", "#DIV/0!"), "错误值「#DIV/0!」"),
    "link to another file": ("表.xlsx", lambda: typed_formula("='[b.xlsx]s'!A1", 5), "引用了其他文件"),
    "year 0226": ("表.xlsx", cell(取得日期="0226-03-01"), "年份须在 1900 至 2100 之间。"),
    "30 February": ("表.xlsx", cell(取得日期="2025-02-30"), "请填写日期"),
    "truth in a number": (
        "表.xlsx",
        lambda: with_cell("建筑面积", lambda _w, s, r, c: s.write_boolean(r, c, True)),
        "请填写数字",
    ),
    "letters in a number": ("表.xlsx", cell(建筑面积="一百二十"), "请填写数字"),
    "exponent as text": ("表.xlsx", cell(建筑面积="1e3"), "请填写数字"),
    "18 digits as a number": (
        "表.xlsx",
        lambda: with_cell("地址", lambda _w, s, r, c: s.write_number(r, c, 110105199001010028)),
        "末尾几位已丢失",
    ),
    "negative": ("表.xlsx", cell(建筑面积=-5), "面积须大于 0"),
    "three decimals": ("表.xlsx", cell(建筑面积="12.345"), "最多保留 2 位小数"),
    "too large": ("表.xlsx", cell(建筑面积=123456789012), "数字过大"),
    "control characters": ("表.csv", lambda: csv(lines(row(用房名称="坏\x07名")), "utf-8"), "控制字符"),
    "NUL": ("表.csv", lambda: csv(lines(row(用房名称="坏\x00名")), "utf-8"), "编码无法识别"),
    "too long": ("表.xlsx", cell(用房名称="名" * 101), "最多 100 个字，现有 101 个"),
    "unknown word": ("表.xlsx", cell(用途="宫殿"), "「宫殿」不在可选范围内"),
    "unknown place": ("表.xlsx", cell(所在社区="没有的社区"), "没有找到「没有的社区」"),
    "foreign place": ("表.xlsx", cell(所在社区="外社区", 使用单位=""), "没有找到「外社区」"),
    "foreign committee": ("表.xlsx", cell(使用单位="外社区居委会"), "没有找到「外社区居委会」"),
    "required cell empty": ("表.xlsx", cell(用房名称=""), "请填写此项"),
    "committee of another community": ("表.xlsx", cell(使用单位="二社区居委会"), "所填委员会不在该社区"),
    "dates out of order": ("表.xlsx", cell(失去日期="2020-01-01", 失去原因="拆迁"), "失去日期须晚于取得日期"),
    "loss without reason": ("表.xlsx", cell(失去日期="2026-01-01"), "失去日期和失去原因须同时填写"),
    "office without committee": ("表.xlsx", cell(使用单位=""), "办公用房须填写使用单位"),
    "value beside the columns": ("表.xlsx", lambda: book([[*ROW, "注"]]), "第 R 列没有表头"),
    "identity written over": (
        "表.xlsx",
        lambda: book([["abc", *ROW]], ["系统编号", *HEADS]),
        "系统编号已被改动",
    ),
    "identity of nobody": (
        "表.xlsx",
        lambda: book([["0190a0a0-0000-7000-8000-000000000000#1", *ROW]], ["系统编号", *HEADS]),
        "没有找到这条记录",
    ),
    "twice in the file": ("表.xlsx", lambda: book([ROW, ROW]), "与原文件第 2 行重复"),
}


def hidden_first_sheet() -> bytes:
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file)
    hidden = workbook.add_worksheet("说明")
    hidden.write(0, 0, "看这里")
    hidden.hide()
    sheet = workbook.add_worksheet("表")
    sheet.activate()
    sheet.set_first_sheet()
    sheet.write_row(0, 0, HEADS)
    sheet.write_row(1, 0, ROW)
    workbook.close()
    return file.getvalue()


def hidden_rows() -> bytes:
    def write(_workbook: Any, sheet: Any) -> None:
        sheet.write_row(1, 0, ROW)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.autofilter(0, 0, 1, len(HEADS) - 1)

    return made(write)


def whole_column_formats() -> bytes:
    def write(workbook: Any, sheet: Any) -> None:
        sheet.set_column(0, 40, 12, workbook.add_format({"bg_color": "#EEEEEE"}))
        sheet.write_row(1, 0, ROW)
        for at in range(2, 60):
            sheet.write_blank(at, 3, None, workbook.add_format({"border": 1}))

    return made(write)


def rich_text() -> bytes:
    def put(workbook: Any, sheet: Any, at: int, column: int) -> None:
        bold = workbook.add_format({"bold": True})
        sheet.write_rich_string(at, column, "新", bold, "办公", "室")

    return with_cell("用房名称", put)


def shuffled() -> bytes:
    order = list(reversed(range(len(HEADS))))
    return book([[ROW[at] for at in order]], [HEADS[at] for at in order])


def formatted(head: str, value: float, style: str) -> Content:
    return lambda: with_cell(
        head, lambda w, s, r, c: s.write_number(r, c, value, w.add_format({"num_format": style}))
    )


def dated(value: Any) -> Content:
    return cell(取得日期=value)


DAY = dt.date(2025, 3, 1)
GOOD: dict[str, tuple[str, Content, dict[str, Any]]] = {
    "plain": ("表.xlsx", cell(), {"name": "新办公室", "area": Decimal("120.50"), "obtained_on": DAY}),
    "csv in GB18030": ("表.csv", lambda: csv(lines(ROW), "gb18030"), {"name": "新办公室"}),
    "csv in UTF-8 with BOM": ("表.csv", lambda: csv(lines(ROW), "utf-8-sig"), {"area": Decimal("120.50")}),
    "csv with tabs": ("表.csv", lambda: csv(lines(ROW, delimiter="\t"), "utf-8"), {"name": "新办公室"}),
    "hidden first sheet": ("表.xlsx", hidden_first_sheet, {"name": "新办公室"}),
    "hidden and filtered rows": ("表.xlsx", hidden_rows, {"name": "新办公室"}),
    "protected sheet": ("表.xlsx", lambda: made(lambda _w, s: (s.protect(), s.write_row(1, 0, ROW))), {}),
    "shuffled heads": ("表.xlsx", shuffled, {"name": "新办公室", "area": Decimal("120.50")}),
    "heads with line breaks": ("表.xlsx", with_heads(*[f"{h[:2]}\n{h[2:]} *" for h in HEADS]), {}),
    "heads with units": ("表.xlsx", with_heads(*[f"{h}(平方米)" if "面积" in h else h for h in HEADS]), {}),
    "rows above the head": ("表.xlsx", lambda: book([ROW], above=6), {"name": "新办公室"}),
    "date as serial number": ("表.xlsx", dated(45717), {"obtained_on": DAY}),
    "date cell": (
        "表.xlsx",
        lambda: with_cell(
            "取得日期",
            lambda w, s, r, c: s.write_datetime(r, c, DAY, w.add_format({"num_format": "yyyy/m/d"})),
        ),
        {"obtained_on": DAY},
    ),
    "2025/3/1": ("表.xlsx", dated("2025/3/1"), {"obtained_on": DAY}),
    "2025.3.1": ("表.xlsx", dated("2025.3.1"), {"obtained_on": DAY}),
    "2025年3月1日": ("表.xlsx", dated("2025年3月1日"), {"obtained_on": DAY}),
    "20250301": ("表.xlsx", dated("20250301"), {"obtained_on": DAY}),
    "20250301 as a number": ("表.xlsx", dated(20250301), {"obtained_on": DAY}),
    "number as text": ("表.xlsx", cell(建筑面积="1,234.5"), {"area": Decimal("1234.50")}),
    "full-width digits": ("表.xlsx", cell(建筑面积="１２０．５"), {"area": Decimal("120.50")}),
    "unit behind": ("表.xlsx", cell(建筑面积="120.5 ㎡"), {"area": Decimal("120.50")}),
    "percent cell": ("表.xlsx", formatted("建筑面积", 1.5, "0%"), {"area": Decimal("1.50")}),
    "currency cell": ("表.xlsx", formatted("建筑面积", 1234.5, '"¥"#,##0.00'), {"area": Decimal("1234.50")}),
    "binary fraction": ("表.xlsx", cell(建筑面积=0.1 + 0.2), {"area": Decimal("0.30")}),
    "rich text": ("表.xlsx", rich_text, {"name": "新办公室"}),
    "rare characters": ("表.xlsx", cell(用房名称="𠮷㙍室😀"), {"name": "𠮷㙍室😀"}),
    "whole column formats": ("表.xlsx", whole_column_formats, {"name": "新办公室"}),
    "wide spaces": ("表.xlsx", cell(用房名称="\u3000新办公室 "), {"name": "新办公室"}),
    "dashes for nothing": ("表.xlsx", cell(失去日期="—", 失去原因="/", 过渡期限="无"), {"lost_on": None}),
    "number in a text": ("表.xlsx", cell(楼层=3), {"floor": "3"}),
    "formula with its value": (
        "表.xlsx",
        lambda: typed_formula("=60+60.5", 120.5),
        {"area": Decimal("120.50")},
    ),
    "text like a formula": (
        "表.csv",
        lambda: csv(lines(row(用房名称="'=1+1室")), "utf-8"),
        {"name": "=1+1室"},
    ),
}
