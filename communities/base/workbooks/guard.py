"""What an uploaded file is allowed to be, looked up before anything of it is opened as a workbook.

Part of the reader program: imports the standard library only. Sizes are those that are read, not those that the
file claims.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

MOST_UNPACKED = 190 * 2**20
MOST_PARTS = 400
MOST_SHEETS = 50
MOST_TEXTS = 60 * 2**20
_CHUNK = 2**20
_LONGEST_TAG = 2**20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_FAR_COLUMN = re.compile(rb'<(?:\w+:)?c [^>]{0,60}?r="[A-Z]{3}')
_FAR_ROW = re.compile(rb'<(?:\w+:)?(?:row|c) [^>]{0,60}?r="[A-Z]{0,3}(\d{6,})"')
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row [^>]{0,300}?hidden="(?:1|true)"')
# Plain searches, many times as fast as patterns; a pattern looks again where one of them hits.
_SIGNS_OF_HIDING = (b' hidden="1"', b' hidden="true"')
_SIGNS_OF_FORMULAS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b't="e"')
_EDGE = 2**16


class Refused(Exception):
    """The file as a whole cannot be taken; ``code`` says why, ``detail`` what exactly."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass
class Looks:
    """What the guard saw on its way: whether formulas need the slow reader, whether rows are hidden."""

    is_table: bool = False
    has_formulas: bool = False
    has_hidden_rows: bool = False
    rows: int = 0


def look(path: Path, name: str, most_rows: int) -> Looks:
    """What kind of file this is. Raises Refused for everything that is not a plain workbook or table."""
    with path.open("rb") as file:
        head = file.read(4096)
    suffix = Path(name).suffix.lower()
    if not head:
        raise Refused("empty_file")
    if head.startswith(_OLE):
        whole = path.read_bytes()[: 4 * 2**20]
        raise Refused("encrypted" if "EncryptedPackage".encode("utf-16-le") in whole else "old_format")
    if head.startswith(b"PK"):
        if suffix == ".xlsm":
            raise Refused("macros")
        if suffix != ".xlsx":
            raise Refused("suffix", suffix)
        return _workbook(path, most_rows)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml")) or b"<html" in start:
        raise Refused("web_page")
    if suffix == ".xlsx":
        raise Refused("no_workbook")
    if suffix != ".csv":
        raise Refused("suffix", suffix)
    if b"\x00" in head:
        raise Refused("no_table")
    return Looks(is_table=True)


def _workbook(path: Path, most_rows: int) -> Looks:
    looks = Looks()
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _parts(parts)
            unpacked = 0
            for part in parts:
                name = part.filename
                if not name.lower().endswith((".xml", ".rels")):
                    continue
                unpacked += _scan(archive, part, looks if _SHEET.fullmatch(name) else None, most_rows)
                if unpacked > MOST_UNPACKED:
                    raise Refused("too_large_unpacked")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Refused("damaged") from error
    return looks


def _parts(parts: list[zipfile.ZipInfo]) -> None:
    """What the directory of the archive tells already."""
    names = [part.filename.lower() for part in parts]
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused("too_large_unpacked")
    if sum(1 for name in names if _SHEET.fullmatch(name)) > MOST_SHEETS:
        raise Refused("too_many_sheets", str(MOST_SHEETS))
    if len(parts) > MOST_PARTS:
        raise Refused("too_many_parts")
    if any(name.endswith("vbaproject.bin") for name in names):
        raise Refused("macros")
    if any(
        part.file_size > MOST_TEXTS for part in parts if part.filename.lower().endswith("sharedstrings.xml")
    ):
        raise Refused("too_large_unpacked")
    if "xl/workbook.xml" not in names:
        raise Refused("no_workbook")


def _scan(archive: zipfile.ZipFile, part: zipfile.ZipInfo, sheet: Looks | None, most_rows: int) -> int:
    """Read one part through; returns its true size."""
    size, rest, rows = 0, b"", 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MOST_UNPACKED:
                raise Refused("too_large_unpacked")
            text = rest + chunk
            if not rest and b"\x00" in chunk[:200]:
                raise Refused("entities")  # another encoding would hide what we look for
            cut = text.rfind(b">") + 1
            text, rest = text[:cut], text[cut:]
            if len(rest) > _LONGEST_TAG:
                raise Refused("damaged")
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise Refused("entities")
            if sheet is not None:
                rows += text.count(b"<row") + text.count(b":row ")
                _cells(text, sheet, most_rows)
                if rows > most_rows + 100:
                    raise Refused("too_many_rows", str(most_rows))
    if sheet is not None:
        sheet.rows = max(sheet.rows, rows)
    return size


def _cells(text: bytes, looks: Looks, most_rows: int) -> None:
    """Cells far out are looked for at both ends of a piece; one in the middle meets the reader's memory limit."""
    for edge in (text[:_EDGE], text[-_EDGE:]):
        if _FAR_COLUMN.search(edge):
            raise Refused("too_many_columns")
        for found in _FAR_ROW.finditer(edge):
            if int(found.group(1)) > most_rows + 100:
                raise Refused("too_many_rows", str(most_rows))
    if not looks.has_hidden_rows and any(sign in text for sign in _SIGNS_OF_HIDING):
        looks.has_hidden_rows = _HIDDEN_ROW.search(text) is not None
    looks.has_formulas = looks.has_formulas or any(sign in text for sign in _SIGNS_OF_FORMULAS)
