"""U5: what we write is opened and saved again by an office program, and still is what it was."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from communities.actions import imports
from tests.conftest import World
from tests.workbooks.conftest import Send, book, confirmed, exported, row, told

pytestmark = [pytest.mark.django_db, pytest.mark.prove]


def saved_again(content: bytes, folder: Path) -> bytes:
    """Through LibreOffice, which stands in for WPS."""
    program = shutil.which("soffice")
    assert program, "LibreOffice is needed for this proof: install libreoffice-calc"
    (folder / "a.xlsx").write_bytes(content)
    (folder / "out").mkdir(exist_ok=True)
    subprocess.run(
        [program, f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out"), str(folder / "a.xlsx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return (folder / "out" / "a.xlsx").read_bytes()


def test_an_export_survives_an_office_program(world: World, send: Send, tmp_path: Path) -> None:
    content = saved_again(exported(world), tmp_path)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert len(sheet.data_validations.dataValidation) >= 8
    assert sheet.column_dimensions["B"].width > 10
    batch = send(content)
    assert (batch.refusal, told(batch)) == ("", [])
    assert batch.counts == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}


def test_a_marked_workbook_survives_too(world: World, send: Send, tmp_path: Path) -> None:
    batch = confirmed(send(book([row(), row(用房名称="坏", 建筑面积="很大")])))
    file = io.BytesIO()
    imports.write_refused(file, batch)
    content = saved_again(file.getvalue(), tmp_path)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert "请填写数字" in sheet["G5"].comment.text
    again = send(content)
    assert told(again) == [("建筑面积(平方米)", "请填写数字，例如 120.5。")]
