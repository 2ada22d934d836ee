"""R22: files made to hurt. Each is refused quickly, and the worker itself never opens it."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from collections.abc import Callable

import pytest

from tests.conftest import World
from tests.workbooks.conftest import HEADS, Send, book, row
from tests.workbooks.corpus import many_sheets, repacked

pytestmark = pytest.mark.django_db

HEAD_XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose sheet is replaced."""
    return repacked(book([row()]), lambda name, data: xml if name.endswith("sheet1.xml") else data)


def declared() -> bytes:
    """200 MiB of nothing in a few hundred KiB."""
    return with_sheet(HEAD_XML.encode() + b" " * (200 * 2**20))


def lying() -> bytes:
    """The directory says that a part is small; what comes out is not what it says."""
    content = bytearray(declared())
    size = (200 * 2**20 + len(HEAD_XML.encode())).to_bytes(4, "little")
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = (5000).to_bytes(4, "little")
    return bytes(content)


def far_corner() -> bytes:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return with_sheet(f"{HEAD_XML}{cells}</sheetData></worksheet>".encode())


def far_column() -> bytes:
    return with_sheet(f'{HEAD_XML}<row r="1"><c r="XFD1"><v>1</v></c></row></sheetData></worksheet>'.encode())


def tiny_rows() -> bytes:
    return with_sheet(
        HEAD_XML.encode() + b"<row><c><v>1</v></c></row>" * 1_000_000 + b"</sheetData></worksheet>"
    )


def entities() -> bytes:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{bomb}]>'
    return with_sheet(
        (
            text + HEAD_XML.partition("?>")[2] + "<row><c><v>&e9;</v></c></row></sheetData></worksheet>"
        ).encode()
    )


def outside() -> bytes:
    text = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    return with_sheet(
        (text + HEAD_XML.partition("?>")[2] + "<row><c><v>&e;</v></c></row></sheetData></worksheet>").encode()
    )


def other_encoding() -> bytes:
    return with_sheet(
        (HEAD_XML.replace("UTF-8", "UTF-16") + "<!DOCTYPE x></sheetData></worksheet>").encode("utf-16")
    )


def nested() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as outer:
        for at in range(3):
            outer.writestr(f"{at}.zip", declared())
    return file.getvalue()


def flood_of_texts() -> bytes:
    texts = b"<sst>" + b"<si><t>" + b"x" * 1000 + b"</t></si>"
    return repacked(
        book([row()]),
        lambda name, data: (
            texts + b"<si><t>yy</t></si>" * 4_000_000 if name.endswith("sharedStrings.xml") else data
        ),
    )


BOMBS: dict[str, Callable[[], bytes]] = {
    "declared 200 MiB": declared,
    "lying directory": lying,
    "far corner": far_corner,
    "far column": far_column,
    "a million tiny rows": tiny_rows,
    "10,000 sheets": lambda: many_sheets(2000),
    "entity expansion": entities,
    "external entity": outside,
    "another encoding": other_encoding,
    "nested archives": nested,
    "flood of shared texts": flood_of_texts,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(world: World, send: Send, name: str) -> None:
    content = BOMBS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    batch = send(content)
    assert batch.state == "refused", (batch.state, batch.counts)
    assert batch.refusal
    assert "passwd" not in batch.refusal
    assert "root:" not in batch.refusal
    assert time.monotonic() - began < 15  # 1 s on a machine of its own
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_too_many_good_rows_are_named(world: World, send: Send, settings: object) -> None:
    settings.IMPORT_MAX_ROWS = 20  # type: ignore[attr-defined]
    batch = send(book([row(用房名称=f"室{n}") for n in range(21)]))
    assert (batch.state, batch.refusal_code) == ("refused", "too_many_rows")
    assert "超过 20 行" in batch.refusal
    assert len(HEADS) == 17
