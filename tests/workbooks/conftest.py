"""Workbooks as clerks send them: a template filled in, uploaded, checked, confirmed."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.core.files.base import ContentFile

from communities.actions import imports
from communities.base.workbooks.columns import IDENTITY_HEAD, columns_of
from communities.models import Division, ImportBatch, Premises, User
from tests.conftest import World

HEADS = [
    "用房名称",
    "用途",
    "所在社区",
    "使用单位",
    "建筑面积",
    "权属方式",
    "地址",
    "楼层",
    "房屋状况",
    "取得日期",
    "失去日期",
    "失去原因",
    "临时过渡用房",
    "过渡期限",
    "功能分区",
    "敞开式办公",
    "一门式服务",
]
GOOD = [
    "新办公室",
    "办公用房",
    "一社区",
    "一社区居委会",
    120.5,
    "自有",
    "某路 1 号",
    "1",
    "良好",
    "2025-03-01",
    "",
    "",
    "否",
    "",
    "是",
    "是",
    "否",
]


def row(**changes: Any) -> list[Any]:
    """A good row but for some cells, by their heads."""
    assert set(changes) <= set(HEADS)
    return [changes.get(head, value) for head, value in zip(HEADS, GOOD, strict=True)]


def book(rows: Sequence[Sequence[Any]], heads: Sequence[Any] = HEADS, *, above: int = 0) -> bytes:
    """A plain workbook, not made from a template."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"strings_to_formulas": False})
    sheet = workbook.add_worksheet("表")
    for at, cells in enumerate([heads, *rows], start=above):
        for number, value in enumerate(cells):
            if value not in ("", None):
                sheet.write(at, number, value)
    workbook.close()
    return file.getvalue()


@pytest.fixture(autouse=True)
def private_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


Send = Callable[..., ImportBatch]


@pytest.fixture
def send(world: World) -> Send:
    """Upload a file and have it checked, as a worker would."""

    def sent(
        content: bytes,
        *,
        name: str = "表.xlsx",
        register: str = "premises",
        division: Division | None = None,
        by: User | None = None,
    ) -> ImportBatch:
        batch = imports.upload(
            register=register,
            division=division or world.street,
            file=ContentFile(content),
            name=name,
            by=by or world.users["street_clerk"],
        )
        imports.work(batch.public_id)
        batch.refresh_from_db()
        return batch

    return sent


def confirmed(batch: ImportBatch, mode: str = "good_rows") -> ImportBatch:
    """Confirm and have it written."""
    imports.confirm(batch, mode=mode, by=batch.requested_by)
    imports.work(batch.public_id)
    batch.refresh_from_db()
    return batch


def exported(world: World, rows: Any = None) -> bytes:
    """The rooms of 甲街道 as the clerk downloads them."""
    file = io.BytesIO()
    clerk = world.users["street_clerk"]
    rows = (
        rows if rows is not None else Premises.objects.visible_to(clerk).live().below(world.street.path_now)
    )
    imports.write_register(file, rows, register="premises", division=world.street, by=clerk)
    return file.getvalue()


def edited(content: bytes, change: Callable[[Any], None]) -> bytes:
    """A workbook opened, changed on its first sheet and saved, as an office program would."""
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    change(workbook.worksheets[0])
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def told(batch: ImportBatch) -> list[tuple[str, str]]:
    """(column, message) of everything that is wrong."""
    form = imports.target_of(batch).form
    found = imports.errors_of(batch.rows.order_by("line"), batch, form)
    return [(fault["column"], fault["message"]) for fault in found]


def heads_of(world: World) -> list[str]:
    form = imports.form_for(imports.registers()["premises"], world.users["street_clerk"], world.street)
    return [str(IDENTITY_HEAD), *(column.head for column in columns_of(form))]
