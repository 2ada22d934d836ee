"""A program: the rows of one uploaded file on standard output, as marshalled lists behind their lengths.

Run as a child with limits on memory and time (``python reader.py FILE`` with a JSON request on standard input), so
that a file which breaks a parser breaks nothing else. It imports no code of the portal but ``guard`` beside it.

Messages, in this order: ``("identity", text)``, ``("sheet", name, [notes], [head row], number of the head row)``,
any number of ``("rows", [(number, cells), ...])``, ``("end",)``; or ``("refused", code, detail)`` at any moment.
A cell is None, text, a number, or ``["!", code, text]`` for a value that cannot be taken.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import marshal
import re
import resource
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

if __package__:
    from communities.base.workbooks.guard import Looks, Refused, look
else:  # the program itself
    from guard import Looks, Refused, look  # type: ignore[import-not-found,no-redef]

IDENTITY_SHEET = "_identity"
HEAD_WITHIN = 15
BATCH = 500
MOST_COLUMNS = 200
_BRACKETS = re.compile(r"[((\[【][^))\]】]*[))\]】]")
# What a sheet shows where its reckoning failed: nobody means it as a text, at any door.
SHEET_ERRORS = frozenset({"#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"})
Sheet = tuple[str, bool, Iterable[list[Any]]]


def plain_head(value: Any) -> str:
    """A head without what people add to it: white space, line breaks, stars, units in brackets."""
    text = unicodedata.normalize("NFKC", str(value or ""))
    return re.sub(r"[\s*※:]+", "", _BRACKETS.sub("", text))


def in_brackets(value: Any) -> str:
    """What stands in the brackets of a head: its unit."""
    found = _BRACKETS.search(unicodedata.normalize("NFKC", str(value or "")))
    return found.group(0)[1:-1].strip() if found else ""


def cell_of(value: Any) -> Any:  # noqa: PLR0911 - one kind each
    """A cell as the portal reads it: dates as ISO texts, truth as words, whole numbers without a point."""
    match value:
        case None | "":
            return None
        case bool():
            return "是" if value else "否"
        case float() if value.is_integer() and abs(value) < 1e15:
            return int(value)
        case int() | float() if abs(value) >= 1e15:
            return ["!", "digits_lost", f"{value:.0f}"]
        case dt.datetime():
            return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
        case dt.date():
            return value.isoformat()
        case str() if value in SHEET_ERRORS:
            return ["!", "cell_error", value]
        case str() | int() | float():
            return value
    return str(value)


def cells_of(row: Iterable[Any]) -> list[Any]:
    """A row of cells: what nearly all of them are, decided at once."""
    cells = []
    for value in row:
        kind = type(value)
        if kind is str and value and value[0] != "#":
            cells.append(value)
        elif kind is float and -1e15 < value < 1e15:
            whole = int(value)
            cells.append(whole if whole == value else value)
        elif value == "":
            cells.append(None)
        else:
            cells.append(cell_of(value))
    return cells


def from_calamine(path: Path) -> Iterator[Sheet]:
    """Visible sheets first, as fast as can be; for files without formulas."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum  # noqa: PLC0415 - the child's own choice

    book = CalamineWorkbook.from_path(str(path))

    def rows(name: str) -> Iterator[list[Any]]:
        sheet = book.get_sheet_by_name(name)
        indent = [None] * (sheet.start[1] if sheet.start else 0)
        for row in sheet.iter_rows():
            yield indent + cells_of(row)

    for each in sorted(book.sheets_metadata, key=lambda each: each.visible != SheetVisibleEnum.Visible):
        yield each.name, each.visible == SheetVisibleEnum.Visible, rows(each.name)


def from_openpyxl(path: Path) -> Iterator[Sheet]:
    """The same by a slower parser that tells formulas from values."""
    from openpyxl import load_workbook  # noqa: PLC0415 - the child's own choice

    values = load_workbook(path, read_only=True, data_only=True)
    formulas = load_workbook(path, read_only=True, data_only=False)

    def rows(name: str) -> Iterator[list[Any]]:
        for shown, meant in zip(
            values[name].iter_rows(values_only=True), formulas[name].iter_rows(values_only=True), strict=False
        ):
            yield [_calculated(value, formula) for value, formula in zip(shown, meant, strict=False)]

    sheets = [values[name] for name in values.sheetnames if name in formulas.sheetnames]
    for each in sorted(sheets, key=lambda each: each.sheet_state != "visible"):
        yield each.title, each.sheet_state == "visible", rows(each.title)


def _calculated(value: Any, formula: Any) -> Any:
    if isinstance(formula, str) and formula.startswith("=") and formula != value:
        if "[" in formula:
            return ["!", "external_link", formula[:50]]
        if value is None:
            return ["!", "formula", formula[:50]]
    return cell_of(value)


def from_table(path: Path) -> Iterator[Sheet]:
    """A text table in UTF-8 or GB18030."""
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            break
    else:
        raise Refused("no_table")
    if "\x00" in text:
        raise Refused("no_table")
    first = text.partition("\n")[0]
    delimiter = max(",\t;", key=first.count)

    def rows() -> Iterator[list[Any]]:
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
                yield [_unquoted(value) for value in row]
        except csv.Error as error:
            raise Refused("damaged") from error

    yield "", True, rows()


def _unquoted(value: str) -> str | None:
    """A text that was marked as text for spreadsheets keeps its meaning."""
    if value.startswith("'") and value[1:2] in {"=", "+", "-", "@", "\t", "\r"}:
        return value[1:]
    return value or None


def find_head(row: list[Any], known: set[str]) -> bool:
    """Whether a row is the head: at least two cells, and half of what stands in it, are known heads."""
    heads = [plain_head(value) for value in row if value is not None]
    hits = sum(1 for head in heads if head in known)
    return hits >= min(2, len(known)) and hits * 2 >= len(heads)


def send(*message: Any) -> None:
    """One message: its length in four bytes, then itself."""
    data = marshal.dumps(message)
    sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)


def deliver(sheets: Iterable[Sheet], known: set[str], most_rows: int, looks: Looks) -> None:
    """The identity, then the rows of the first sheet with a head."""
    candidates = []
    number_of_sheets = 0
    for name, is_visible, rows in sheets:
        number_of_sheets += 1
        if name == IDENTITY_SHEET:
            for row in rows:
                send("identity", str(next((value for value in row if value is not None), "")))
                break
            continue
        candidates.append((name, is_visible, rows))
    if not number_of_sheets:
        raise Refused("no_sheet")
    for name, is_visible, rows in candidates:
        notes = ["hidden_rows"] if looks.has_hidden_rows else []
        if deliver_sheet(name, rows, known, most_rows, notes if is_visible else [*notes, "hidden_sheet"]):
            return
    raise Refused("no_head")


def deliver_sheet(
    name: str, rows: Iterable[list[Any]], known: set[str], most_rows: int, notes: list[str]
) -> bool:
    """Whether this sheet has a head; if so, it is sent."""
    batch: list[tuple[int, list[Any]]] = []
    found, sent, empty = False, 0, 0
    for number, row in enumerate(rows, start=1):
        if len(row) > MOST_COLUMNS and any(value is not None for value in row[MOST_COLUMNS:]):
            raise Refused("too_many_columns")
        if not found:
            if find_head(row[:MOST_COLUMNS], known):
                found = True
                send("sheet", name, notes, row[:MOST_COLUMNS], number)
            elif number >= HEAD_WITHIN:
                return False
            continue
        if all(value is None or value == "" for value in row):
            empty += 1
            continue
        sent += 1
        if sent > most_rows:
            raise Refused("too_many_rows", str(most_rows))
        batch.append((number, row[:MOST_COLUMNS]))
        if len(batch) == BATCH:
            send("rows", batch)
            batch = []
    if found:
        send("rows", batch)
        send("end")
    return found


def limit(megabytes: int, seconds: int) -> None:
    """Beyond these this program ends, and nothing else does."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def main() -> None:
    """One file."""
    request = json.loads(sys.stdin.buffer.read())
    limit(request["megabytes"], request["seconds"])
    path = Path(sys.argv[1])
    try:
        looks = look(path, request["name"], request["most_rows"])
        if looks.is_table:
            sheets = from_table(path)
        else:
            sheets = from_openpyxl(path) if looks.has_formulas else from_calamine(path)
        deliver(sheets, set(request["heads"]), request["most_rows"], looks)
    except Refused as refused:
        send("refused", refused.code, refused.detail)
    except MemoryError:
        send("refused", "too_large_unpacked", "")
    except Exception:  # noqa: BLE001 - whatever a parser stumbles over, the file is at fault, and the log tells
        import traceback  # noqa: PLC0415

        traceback.print_exc()
        send("refused", "damaged", "")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
