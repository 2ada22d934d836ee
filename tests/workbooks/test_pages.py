"""Imports in the browser and over REST: the whole way, and what is refused on it."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from communities import imports_api
from communities.actions import imports
from communities.base.querysets import today
from communities.models import ImportBatch, Premises
from tests.conftest import World
from tests.pages.conftest import as_role  # noqa: F401 - a fixture
from tests.workbooks.conftest import Send, book, confirmed, row

pytestmark = pytest.mark.django_db

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file(content: bytes, name: str = "用房.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, XLSX)


def signed_in(world: World, role: str) -> Client:
    client = Client()
    client.force_login(world.users[role])
    client.get("/accounts/profile/")
    return client


def test_a_clerk_brings_a_workbook(world: World) -> None:
    clerk = signed_in(world, "street_clerk")
    page = clerk.get("/premises/").content.decode()
    assert "/premises/export/" in page
    assert "/imports/new/?resource=premises" in page
    page = clerk.get("/imports/new/?resource=premises").content.decode()
    assert "甲街道" in page
    template = b"".join(clerk.get(reverse("import-template"), {"resource": "premises"}).streaming_content)
    sheet = openpyxl.load_workbook(io.BytesIO(template)).worksheets[0]
    assert sheet["A1"].value == "社区用房(甲街道)"

    answer = clerk.post(
        "/imports/new/?resource=premises", {"file": file(book([row(), row(用房名称="坏", 建筑面积=0)]))}
    )
    batch = ImportBatch.objects.get()
    assert answer.url == reverse("import-detail", args=[batch.public_id])
    assert "检查" in clerk.get(answer.url).content.decode()
    imports.work(batch.public_id)
    page = clerk.get(answer.url).content.decode()
    assert "合格的 1 行先入库" in page
    assert "面积须大于 0 平方米。" in page
    assert "新办公室" in clerk.get(answer.url + "?outcome=created").content.decode()
    assert clerk.get(answer.url + "?outcome=all").status_code == 400
    assert clerk.get(answer.url + "?after=x").status_code == 400
    confirm = reverse("import-confirm", args=[batch.public_id])
    clerk.post(confirm, {"mode": "all_or_nothing"})
    assert "不能全部入库" in clerk.get(answer.url).content.decode()
    assert clerk.post(confirm, {"mode": "some"}).status_code == 400
    clerk.post(confirm, {"mode": "good_rows"})
    imports.work(batch.public_id)
    page = clerk.get(answer.url).content.decode()
    assert "已入库：新增 1 条，修改 0 条" in page
    refused = clerk.get(reverse("import-refused", args=[batch.public_id]))
    assert refused.status_code == 200
    clerk.post(confirm, {"mode": "good_rows"})
    assert "已经处理过" in clerk.get(answer.url).content.decode()
    assert "用房.xlsx" in clerk.get("/imports/").content.decode()


def test_what_is_wrong_with_a_file_stands_on_its_page(world: World, send: Send) -> None:
    batch = send(b"x" * 10)
    page = (
        signed_in(world, "street_clerk")
        .get(reverse("import-detail", args=[batch.public_id]))
        .content.decode()
    )
    assert "没有入库：文件的内容不是 .xlsx 工作簿" in page


def test_nothing_or_too_much_is_not_taken(world: World, settings: Any) -> None:
    clerk = signed_in(world, "street_clerk")
    assert "请选择要上传的文件" in clerk.post("/imports/new/?resource=premises").content.decode()
    assert "文件是空的" in clerk.post("/imports/new/?resource=premises", {"file": file(b"")}).content.decode()
    settings.IMPORT_MAX_BYTES = 2**20
    answer = clerk.post("/imports/new/?resource=premises", {"file": file(b"x" * (2**20 + 1))})
    assert (answer.status_code, "文件超过 1 MB" in answer.content.decode()) == (422, True)
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize(
    "name", ["<b>x</b>.xlsx", "名" * 300 + ".xlsx", "../../etc/passwd.xlsx", "a\x00b.xlsx", "x.svg"]
)
def test_names_of_files_are_only_words(world: World, name: str) -> None:
    """T20: kept as data, written escaped, never used as a path; a downloaded name is quoted."""
    clerk = signed_in(world, "street_clerk")
    answer = clerk.post("/imports/new/?resource=premises", {"file": file(book([row(建筑面积=0)]), name)})
    assert answer.status_code == 302
    batch = ImportBatch.objects.get()
    imports.work(batch.public_id)
    assert "/" not in batch.file_name
    assert batch.file.name.startswith("imports/")
    assert "etc" not in batch.file.name
    page = clerk.get(answer.url).content.decode()
    assert "<b>x</b>" not in page
    batch.refresh_from_db()
    if batch.counts:
        got = clerk.get(reverse("import-refused", args=[batch.public_id]))
        assert got["Content-Disposition"].startswith("attachment;")
        assert got["X-Content-Type-Options"] == "nosniff"


def test_pages_and_api_call_registers_by_the_same_names(world: World) -> None:
    """By the last step of their lists' addresses, here and there."""
    assert set(imports_api.RESOURCES) == set(imports.resources())
    clerk = signed_in(world, "street_clerk")
    for name in imports_api.RESOURCES:
        assert f"/imports/new/?resource={name}" in clerk.get(f"/{name}/").content.decode()
        assert clerk.get(f"/imports/new/?resource={name}").status_code == 200
        asked = {"resource": name, "division": str(world.street.public_id)}
        assert clerk.get("/api/v1/imports/template/", asked).status_code == 200
        assert clerk.get(f"/api/v1/{name}/").status_code == 200
    assert clerk.get("/imports/new/?resource=household-count").status_code == 404
    assert clerk.get("/imports/new/?register=premises").status_code == 400


def test_uploads_are_their_owners_alone(world: World, send: Send) -> None:
    """T5: by address and by guess, by colleagues of the same street and by those above."""
    batch = send(book([row(建筑面积=0)]))
    for role in ("district_officer", "city_officer", "community_worker", "stranger"):
        client = signed_in(world, role)
        for name in ("import-detail", "import-refused"):
            assert client.get(reverse(name, args=[batch.public_id])).status_code == 404
        assert client.get(f"/api/v1/imports/{batch.public_id}/error-workbook/").status_code == 404
        assert client.get(f"/media/{batch.file.name}").status_code == 404
        assert client.get(f"/{batch.file.name}").status_code == 404
    clerk = world.users["street_clerk"]
    clerk.role_assignments.update(division=world.other_street)
    assert (
        signed_in(world, "street_clerk").get(reverse("import-detail", args=[batch.public_id])).status_code
        == 404
    )


def test_another_system_brings_a_workbook(world: World) -> None:
    client = signed_in(world, "api_client")
    asked = {"resource": "premises", "division": str(world.district.public_id)}
    template = client.get("/api/v1/imports/template/", asked)
    assert (template.status_code, template["Content-Type"]) == (200, XLSX)
    answer = client.post(
        "/api/v1/imports/", asked | {"file": file(book([row(), row(用房名称="坏", 用途="宫殿")]))}
    )
    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert (told["state"], told["resource"], told["counts"]["created"]) == ("uploaded", "premises", 0)
    url = answer["Location"]
    imports.work(told["id"])
    told = client.get(url).json()
    assert told["state"] == "ready"
    assert told["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1}
    [fault] = told["errors"]
    assert (fault["sheet"], fault["row"], fault["column"], fault["value"], fault["code"]) == (
        "表", 3, "用途", "宫殿", "choice",
    )  # fmt: skip
    assert client.post(f"{url}confirm/", {"mode": "x"}, content_type="application/json").status_code == 400
    all_of_it = client.post(f"{url}confirm/", {"mode": "all_or_nothing"}, content_type="application/json")
    assert (all_of_it.status_code, all_of_it.json()["errors"][0]["code"]) == (400, "rows_refused")
    assert (
        client.post(f"{url}confirm/", {"mode": "good_rows"}, content_type="application/json").status_code
        == 202
    )
    imports.work(told["id"])
    assert client.get(url).json()["state"] == "done"
    again = client.post(f"{url}confirm/", {"mode": "good_rows"}, content_type="application/json")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "not_ready")
    book_of_errors = client.get(f"{url}error-workbook/")
    assert (book_of_errors.status_code, book_of_errors["Content-Type"]) == (200, XLSX)
    name = book_of_errors["Content-Disposition"].partition("filename*=utf-8''")[2]
    assert unquote(name) == f"社区用房退回(甲区 {today():%Y-%m-%d}).xlsx"
    listed = client.get("/api/v1/imports/").json()
    assert [each["id"] for each in listed["results"]] == [told["id"]]
    assert Premises.objects.filter(name="新办公室").count() == 1


def test_an_upload_with_a_key_is_taken_once(world: World) -> None:
    client = signed_in(world, "api_client")

    def post(content: bytes) -> Any:
        body = {"resource": "premises", "division": str(world.district.public_id), "file": file(content)}
        return client.post("/api/v1/imports/", body, headers={"Idempotency-Key": "k1"})

    content = book([row()])
    first, again, other = post(content), post(content), post(book([row(建筑面积=9)]))
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert first.json()["id"] == again.json()["id"]
    assert again["Idempotency-Replayed"] == "true"
    assert ImportBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "attr"),
    [
        ({"resource": "divisions"}, 400, "resource"),
        ({"division": "x"}, 400, "division"),
        ({"division": "0190a0a0-0000-7000-8000-000000000000"}, 404, None),
        ({"file": "text"}, 400, "file"),
        ({"file": None}, 400, "file"),
    ],
)
def test_what_the_api_does_not_take(
    world: World, changes: dict[str, Any], status: int, attr: str | None
) -> None:
    body = {
        "resource": "premises",
        "division": str(world.district.public_id),
        "file": file(book([row()])),
    } | changes
    answer = signed_in(world, "api_client").post(
        "/api/v1/imports/", {name: value for name, value in body.items() if value is not None}
    )
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (status, attr)
    assert not ImportBatch.objects.exists()


def test_an_export_has_the_rows_of_its_list(world: World, send: Send) -> None:
    confirmed(send(book([row()])))
    clerk = signed_in(world, "street_clerk")

    def names(query: dict[str, str]) -> list[str]:
        content = b"".join(clerk.get("/premises/export/", query).streaming_content)
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        return [sheet.cell(at, 2).value for at in range(5, sheet.max_row + 1)]

    assert len(names({})) == 3
    assert names({"q": "新办公"}) == ["新办公室"] if clerk.get("/premises/?q=x").status_code == 200 else True
    assert len(names({"place": str(world.neighbour.public_id)})) == 1
    assert clerk.get("/premises/export/?x=1").status_code == 400
    reader = signed_in(world, "standards_officer")
    content = b"".join(reader.get("/premises/export/").streaming_content)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet["D5"].value == "一社区"


def test_past_their_term_nothing_is_left(world: World, send: Send) -> None:
    """T40: unconfirmed uploads after a day, files and rows after their term."""
    waiting, written = send(book([row()])), confirmed(send(book([row(用房名称="甲")])))
    ImportBatch.objects.filter(pk=waiting.pk).update(checked_at="2026-01-01T00:00:00Z")
    ImportBatch.objects.filter(pk=written.pk).update(finished_at="2026-01-01T00:00:00Z")
    paths = [batch.file.path for batch in (waiting, written)]
    imports.expire()
    imports.expire()
    waiting.refresh_from_db()
    written.refresh_from_db()
    assert (waiting.state, written.state) == ("expired", "done")
    assert not waiting.rows.exists()
    assert not written.rows.exists()
    import pathlib

    assert [path for path in paths if pathlib.Path(path).exists()] == []
    page = signed_in(world, "street_clerk").get(reverse("import-detail", args=[waiting.public_id]))
    assert "已过期" in page.content.decode()


def test_a_preview_says_the_last_day_and_the_name_of_the_standard(world: World, send: Send) -> None:
    heads = ["标准项目", "社区", "豁免期间开始", "豁免期间结束", "原因", "批准文号", "批准机关"]
    cells = ["premises.office.area", "二社区", "2026-01-01", "2026-12-31", "改造", "1", "民政局"]
    batch = send(book([cells], heads), register="exemption")
    clerk = signed_in(world, "street_clerk")
    page = clerk.get(reverse("import-detail", args=[batch.public_id])).content.decode()
    assert "2026-01-01 — 2026-12-31" in page
    assert "premises.office.area" not in page


def test_a_file_that_waits_already_is_said_not_to_be_taken_again(world: World) -> None:
    clerk, content = signed_in(world, "street_clerk"), book([row()])
    said = []
    for _time in range(2):
        answer = clerk.post("/imports/new/?resource=premises", {"file": file(content)}, follow=True)
        said.append("上传过，还没有处理完" in answer.content.decode())
    assert said == [False, True]
    assert ImportBatch.objects.count() == 1
