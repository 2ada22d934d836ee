"""Many rows are written by a worker, with the rights of that moment."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from communities.actions import imports
from communities.models import ExportFile
from tests.conftest import World
from tests.workbooks.test_pages import signed_in

pytestmark = pytest.mark.django_db


def names_in(content: bytes) -> list[str]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [sheet.cell(at, 2).value for at in range(5, sheet.max_row + 1)]


@pytest.fixture
def asked(world: World, settings: Any) -> tuple[Any, ExportFile]:
    """A clerk who has asked for more rows than a page writes itself."""
    settings.EXPORT_AT_ONCE = 1
    clerk = signed_in(world, "street_clerk")
    answer = clerk.get("/premises/export/", {"kind": "office"})
    export = ExportFile.objects.get()
    assert answer.url == reverse("export-detail", args=[export.public_id])
    return clerk, export


def test_a_worker_writes_what_the_list_shows(world: World, asked: tuple[Any, ExportFile]) -> None:
    clerk, export = asked
    page = clerk.get(reverse("export-detail", args=[export.public_id]))
    assert "正在写入表格" in page.content.decode()
    assert clerk.get(reverse("export-file", args=[export.public_id])).status_code == 404
    assert imports.exports.work(export.public_id)
    assert not imports.exports.work(export.public_id)
    assert "已写好 2 条" in clerk.get(reverse("export-detail", args=[export.public_id])).content.decode()
    got = clerk.get(reverse("export-file", args=[export.public_id]))
    assert got["Content-Disposition"].startswith("attachment;")
    assert names_in(b"".join(got.streaming_content)) == ["一社区用房", "二社区用房"]


def test_the_rights_are_those_of_the_moment_of_writing(world: World, asked: tuple[Any, ExportFile]) -> None:
    """T38: moved to another street while the export waits."""
    clerk, export = asked
    world.users["street_clerk"].role_assignments.update(division=world.other_street)
    imports.exports.work(export.public_id)
    assert clerk.get(reverse("export-detail", args=[export.public_id])).status_code == 404
    export.refresh_from_db()
    assert export.rows == 0


def test_nothing_is_left_after_its_term(world: World, asked: tuple[Any, ExportFile]) -> None:
    clerk, export = asked
    imports.exports.sweep()
    ExportFile.objects.update(created_at="2026-01-01T00:00:00Z")
    imports.expire()
    assert "文件已过期" in clerk.get(reverse("export-detail", args=[export.public_id])).content.decode()
