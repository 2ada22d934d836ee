"""Rights that change while work waits; what is read of foreign rows, their histories and files.

T5, T6, T20, T37 and T38.
"""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client

from communities.actions import imports
from communities.actions.imports.identities import identity_for
from communities.base import actions
from communities.base.workbooks.columns import columns_of
from communities.models import ChangeRecord, Division, ImportBatch, Premises, User
from portal.accounts.actions import issue_token
from portal.files import PrivateStorage
from tests.conftest import FOREIGN, World
from tests.security.entries import NOBODY_IS
from tests.security.matrix import ENTRIES
from tests.security.test_scope_matrix import text_of
from tests.workbooks.conftest import HEADS, book, private_files, row  # noqa: F401 - one is a fixture

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user)
    client.get("/accounts/profile/")
    return client


def uploaded(user: User, place: Division, content: bytes, name: str = "表.xlsx") -> ImportBatch:
    return imports.upload(register="premises", division=place, file=ContentFile(content), name=name, by=user)


def checked(user: User, place: Division, content: bytes) -> ImportBatch:
    batch = uploaded(user, place, content)
    imports.work(batch.public_id)
    batch.refresh_from_db()
    return batch


# -- T38 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moved_when", ["uploaded", "ready", "applying"])
def test_t38_a_clerk_is_moved_with_an_import_waiting(world: World, moved_when: str) -> None:
    """What was his is gone at the next request, by session and by token; what waits has his rights of now."""
    clerk, room = world.users["street_clerk"], world.premises["community"]
    client = signed_in(clerk)
    bearer = {"Authorization": f"Bearer {issue_token(user=clerk)[1]}"}
    batch = uploaded(clerk, world.street, book([row(), row(用房名称="另一间")]))
    if moved_when != "uploaded":
        imports.work(batch.public_id)
        batch.refresh_from_db()
        assert (batch.state, batch.counts["created"]) == ("ready", 2)
    if moved_when == "applying":
        imports.confirm(batch, mode="all_or_nothing", by=clerk)
    urls = [
        f"/premises/{room.public_id}/",
        f"/premises/{room.public_id}/edit/",
        f"/premises/{room.public_id}/remove/",
        f"/premises/?place={world.street.public_id}",
        f"/premises/export/?place={world.street.public_id}",
        f"/premises/new/?place={world.community.public_id}",
        f"/communities/{world.community.public_id}/",
        f"/imports/{batch.public_id}/",
        f"/imports/new/?resource=premises&place={world.street.public_id}",
        f"/api/v1/premises/{room.public_id}/",
        f"/api/v1/imports/{batch.public_id}/",
    ]
    for url in urls:
        assert client.get(url).status_code == 200, url
    by_token = [url for url in urls if url.startswith("/api/")]
    assert {Client().get(url, headers=bearer).status_code for url in by_token} == {200}

    clerk.role_assignments.update(division=world.other_street)

    for url in urls:
        assert client.get(url).status_code == 404, url
        assert client.get(url, headers={"HX-Request": "true"}).status_code == 404, url
    assert {Client().get(url, headers=bearer).status_code for url in by_token} <= {401, 404}
    assert client.post(f"/premises/{room.public_id}/edit/", {"version": "1"}).status_code == 404
    assert client.post(f"/imports/{batch.public_id}/confirm/", {"mode": "good_rows"}).status_code == 404
    for url in ("/premises/", "/premises/export/", "/imports/", "/api/v1/premises/", "/api/v1/changes/"):
        answer = client.get(url)
        assert answer.status_code == 200
        assert not [name for name in ("甲街道", "一社区", "二社区") if name in text_of(answer)], url

    records = ChangeRecord.objects.count()
    if moved_when == "ready":
        batch.requested_by.__dict__.pop("_held_roles", None)
        imports.confirm(batch, mode="good_rows", by=batch.requested_by)
    imports.work(batch.public_id)
    batch.refresh_from_db()
    assert batch.state in ({"ready"} if moved_when == "uploaded" else {"refused"})
    assert not Premises.objects.filter(name__in=["新办公室", "另一间"]).exists()
    assert ChangeRecord.objects.count() == records
    if moved_when == "uploaded":
        assert batch.counts == {"created": 0, "changed": 0, "unchanged": 0, "refused": 2}


# -- T37 ---------------------------------------------------------------------------------------------------


def test_t37_a_history_is_read_by_whoever_reads_its_row(world: World) -> None:
    """On the row's page, in the feed and among the auditor's records: nobody reads more of it than of the row."""
    by = world.users["city_officer"]
    rooms = {key: world.premises[key] for key in ("community", "other_community", "far_community")}
    for key, room in rooms.items():
        room.refresh_from_db()
        room.name, room.address = f"{room.name}改", f"记号{key}"
        actions.save(room, by=None if key == "far_community" else by)
    for role in (*(r for r in world.users if r != "nobody"), "nobody"):
        client = signed_in(world.users[role])
        feed = client.get("/api/v1/changes/?page_size=500")
        for key, room in rooms.items():
            page = client.get(f"/premises/{room.public_id}/")
            api = client.get(f"/api/v1/premises/{room.public_id}/")
            assert api.status_code in {page.status_code, 200, 403, 404}
            reads_it = page.status_code == 200
            assert (f"记号{key}" in page.content.decode()) == reads_it, (role, key)
            if feed.status_code == 200 and not world.users[role].may("audit"):
                assert (str(room.public_id) in feed.content.decode()) == reads_it, (role, key)
            record = ChangeRecord.objects.filter(object_id=room.public_id).latest("pk")
            audited = client.get(f"/change-records/{record.public_id}/")
            if audited.status_code == 200:
                assert role == "auditor", (role, key)
                assert key != "far_community"


def test_t37_a_row_that_left_takes_its_new_history_along(world: World) -> None:
    """What happens to a row elsewhere is read there alone."""
    room = world.premises["community"]
    room.refresh_from_db()
    room.division_now, room.committee = world.other_community, world.committees["other_community"]
    actions.save(room, by=world.users["city_officer"])
    room.address = "外面的地址"
    actions.save(room, by=world.users["stranger"])
    client = signed_in(world.users["street_clerk"])
    assert client.get(f"/premises/{room.public_id}/").status_code == 404
    assert FOREIGN not in client.get("/api/v1/changes/").content.decode()
    assert (
        "外面的地址"
        in signed_in(world.users["stranger"]).get(f"/premises/{room.public_id}/").content.decode()
    )


# -- T5, T20 -----------------------------------------------------------------------------------------------


def test_t5_every_stored_file_is_private() -> None:
    """A new column of files fails here unless it lies where no address leads."""
    fields = [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FileField)
    ]
    assert {f"{field.model._meta.label}.{field.name}" for field in fields} == {
        "communities.ImportBatch.file",
        "communities.ExportFile.file",
        "communities.StoredFile.file",
        "communities.StoredFile.thumbnail",
    }
    for field in fields:
        assert isinstance(field.storage, PrivateStorage)
        with pytest.raises(ValueError, match="no public address"):
            field.storage.url("imports/x.xlsx")


@pytest.mark.parametrize(
    "name", ['a".xlsx', "x.svg.xlsx", "<svg onload=alert(1)>.xlsx", "a%0d%0aX-Evil: 1'';.xlsx"]
)
def test_t20_every_file_is_saved_and_never_shown(world: World, name: str) -> None:
    """Exports, templates and refused rows by both doors, whatever the upload was called."""
    clerk = world.users["street_clerk"]
    client = signed_in(clerk)
    answer = client.post(
        "/imports/new/?resource=premises",
        {"file": SimpleUploadedFile(name, book([row(建筑面积=0)]), "text/html")},
    )
    assert answer.status_code == 302
    batch = ImportBatch.objects.get(requested_by=clerk)
    imports.work(batch.public_id)
    routes = [route for route in ENTRIES if route.endswith(("/export/", "/template/"))]
    urls = [
        *(ENTRIES[route].url() for route in routes if not ENTRIES[route].requires_id),
        f"/api/v1/imports/template/?resource=premises&division={world.street.public_id}",
        f"/imports/{batch.public_id}/refused/",
        f"/api/v1/imports/{batch.public_id}/error-workbook/",
    ]
    assert len(urls) == 10
    for url in urls:
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert answer["Content-Disposition"].startswith("attachment;"), url
        assert re.fullmatch(r"""attachment; filename(="(?:[^"\\\r\n]|\\.)*"|\*=[\w'%.-]+)""",
                            answer["Content-Disposition"]), answer["Content-Disposition"]  # fmt: skip
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Type"].startswith("application/vnd.openxmlformats-"), url
        assert "X-Evil" not in answer.headers
        openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))


# -- T6 ----------------------------------------------------------------------------------------------------


def told(batch: ImportBatch) -> Any:
    faults = [
        (fault["name"], fault["code"], fault["message"])
        for line in batch.rows.order_by("line")
        for fault in line.errors or ()
    ]
    return batch.state, batch.refusal_code, batch.refusal, batch.counts, faults


def test_t6_a_workbook_tells_no_foreign_row_from_a_missing_one(world: World) -> None:
    """By name, by code, by id, as a place, as a committee, as the row itself; also beside other mistakes."""
    clerk = world.users["street_clerk"]
    place, body = world.other_community, world.committees["other_community"]
    room = world.premises["other_community"]
    pairs: list[tuple[dict[str, Any], str, str]] = [
        ({"所在社区": "{}", "使用单位": "", "用途": "活动场所"}, shown, missing)
        for shown, missing in (
            (place.name_now, "无此社区"),
            (f"外社区({place.code_now})", "外社区(990000009999)"),
            (place.code_now, "990000009999"),
            (str(place.public_id), NOBODY_IS),
        )
    ]
    pairs += [
        ({"使用单位": "{}"}, body.name, "没有的居委会"),
        ({"使用单位": "{}"}, str(body.public_id), NOBODY_IS),
        ({"使用单位": "{}", "建筑面积": 0}, body.name, "没有的居委会"),
    ]
    for changes, foreign, missing in pairs:
        answers = []
        for text in (foreign, missing):
            cells = row(**{head: str(value).replace("{}", text) for head, value in changes.items()})
            answers.append(str(told(checked(clerk, world.street, book([cells])))).replace(text, "?"))
        assert answers[0] == answers[1], (foreign, missing)
        assert "外社区" not in answers[0]

    for version in ("1", "7"):
        answers = [
            told(checked(clerk, world.street, book([[f"{key}#{version}", *row()]], ["系统编号", *HEADS])))
            for key in (room.public_id, NOBODY_IS)
        ]
        assert answers[0] == answers[1]


def test_t6_templates_and_uploads_for_foreign_and_missing_places(world: World) -> None:
    clerk = world.users["street_clerk"]
    form = imports.form_for(imports.registers()["premises"], clerk, world.street)
    columns = columns_of(form)
    missing = Division(name_now="没有", public_id=NOBODY_IS)

    def marked(place: Division) -> bytes:
        workbook = openpyxl.load_workbook(io.BytesIO(book([row()])))
        workbook.create_sheet("_identity")["A1"] = identity_for("premises", place, columns)
        file = io.BytesIO()
        workbook.save(file)
        return file.getvalue()

    answers = [told(checked(clerk, world.street, marked(each))) for each in (world.far_community, missing)]
    assert answers[0] == answers[1]
    assert answers[0][1] == "other_place"

    client = signed_in(clerk)

    def upload(url: str, division: Any) -> tuple[int, str]:
        file = SimpleUploadedFile("a.xlsx", book([row()]))
        asked = {"resource": "premises", "division": str(division), "file": file}
        answer = client.post(url.replace("{}", str(division)), asked)
        text = answer.content.decode().replace(str(division), "")
        return answer.status_code, re.sub(
            r'(编号[^<]*<[^>]*>[^<]*)|(nonce="[^"]*")|(value="\w{64}")', "", text
        )

    for url in ("/api/v1/imports/", "/imports/new/?resource=premises&place={}"):
        found = [upload(url, each) for each in (world.far_community.public_id, NOBODY_IS)]
        assert found[0][0] == found[1][0] == 404
        if url.startswith("/api/"):
            assert found[0] == found[1]
    assert ImportBatch.objects.filter(division=world.far_community).count() == 0
