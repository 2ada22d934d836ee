"""Evidence in the browser: uploaded, seen, linked; errors that keep what was typed; files only within scope."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.actions import evidence
from communities.models import ChangeRecord, Evidence, EvidenceLink
from tests.conftest import World
from tests.factories import evidence as factory
from tests.pages.conftest import Reader

pytestmark = pytest.mark.django_db

NEW = "/evidence/new/"


def text_of(answer: Any) -> str:
    return answer.content.decode()


def typed(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "title": "门头照片",
        "kind": "photo",
        "division": str(world.community.public_id),
        "taken_on": "2026-03-01",
        "file": factory.upload(factory.jpeg()),
    } | changes


def page(row: Evidence, name: str = "detail") -> str:
    return reverse(f"evidence-{name}", args=[row.public_id])


def test_a_photo_is_filed_for_a_room_in_one_step(world: World, as_role: Reader) -> None:
    clerk, room = as_role("street_clerk"), world.premises["community"]
    room_page = reverse("premises-detail", args=[room.public_id])
    asked = f"{NEW}?thing={evidence.name_of(room)}"
    assert asked in text_of(clerk.get(room_page))
    form = text_of(clerk.get(asked))
    assert 'enctype="multipart/form-data"' in form
    assert "上传后关联到「一社区用房」" in form
    answer = clerk.post(asked, typed(world))
    assert (answer.status_code, answer.url) == (302, room_page)
    row = Evidence.objects.get()
    assert page(row, "thumbnail") in text_of(clerk.get(room_page))
    shown = text_of(clerk.get(page(row)))
    assert room_page in shown
    assert page(row, "file") in shown
    assert "照片.jpg" in shown


def test_an_error_keeps_what_was_typed_and_asks_for_the_file_again(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    answer = clerk.post(NEW, typed(world, file=factory.upload(b"<svg/>", "a.svg"), title="打字留下"))
    text = text_of(answer)
    assert answer.status_code == 422
    assert "没有保存：有 1 处需要修改" in text
    assert '<a href="#id_file">文件</a>：只接受 JPEG' in text
    assert "文件须重新选择" in text
    assert 'value="打字留下"' in text
    answer = clerk.post(NEW, typed(world, title=""))
    assert answer.status_code == 422
    assert "文件须重新选择" in text_of(answer)
    without = typed(world, expires_on="2025-01-01")
    del without["file"]
    text = text_of(clerk.post(NEW, without))
    assert "请选择要上传的文件。" in text
    assert "有效期不能早于形成日期" in text or "有 1 处需要修改" in text
    assert not Evidence.objects.exists()


def test_a_form_without_a_day_is_told_at_its_field(world: World, as_role: Reader) -> None:
    answer = as_role("street_clerk").post(NEW, typed(world, taken_on=""))
    assert answer.status_code == 422
    assert '<a href="#id_taken_on">形成日期</a>：请填写形成日期。' in text_of(answer)


def test_a_foreign_place_or_thing_is_refused(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    foreign = typed(world, division=str(world.other_community.public_id))
    assert clerk.post(NEW, foreign).status_code == 422
    name = evidence.name_of(world.premises["other_community"])
    for odd in (
        name,
        "communities.User:x",
        "x",
        f"communities.Premises:{world.community.public_id}",
        "a.b.c:d",
    ):
        for url in (NEW, "/evidence/link/"):
            assert clerk.get(url, {"thing": odd}).status_code == 404, odd
            assert clerk.post(f"{url}?thing={odd}", typed(world)).status_code == 404, odd
    assert not Evidence.objects.exists()


def test_files_are_answered_sealed_and_by_what_they_are(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    photo = factory.photo(world.community)
    paper = factory.filed(world.community, factory.PDF, file_name='批复"1".pdf')
    for row, how, kind in ((photo, "inline", "image/jpeg"), (paper, "attachment", "application/pdf")):
        answer = clerk.get(page(row, "file"))
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith(how)
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert b"".join(answer.streaming_content) == factory.content(row.stored.file)
    small = clerk.get(page(photo, "thumbnail"))
    assert small.headers["Content-Type"] == "image/jpeg"
    assert b"".join(small.streaming_content) == factory.content(photo.stored.thumbnail)
    assert clerk.get(page(paper, "thumbnail")).status_code == 404
    assert clerk.get(page(photo, "file"), {"x": "1"}).status_code == 400


def test_nothing_foreign_is_found(world: World, as_role: Reader) -> None:
    row = factory.photo(world.other_community)
    link = evidence.link_evidence(row, world.premises["other_community"], by=None)
    clerk = as_role("street_clerk")
    urls = [page(row, name) for name in ("detail", "file", "thumbnail", "edit", "remove", "bring-back")]
    for url in (*urls, reverse("evidence-link-remove", args=[link.public_id])):
        assert clerk.get(url).status_code == 404, url
    for role in ("platform_administrator", "security_administrator", "auditor", "nobody"):
        for url in urls[:3]:
            assert as_role(role).get(url).status_code == 403, (role, url)


def test_use_elsewhere_is_told_by_name_within_scope_and_by_number_beyond(
    world: World, as_role: Reader
) -> None:
    row = factory.photo(world.community, title="甲照片")
    factory.photo(world.neighbour, title="乙照片")
    factory.photo(world.other_community, title="外照片")
    text = text_of(as_role("street_clerk").get(page(row)))
    assert "同一内容还有 2 份材料" in text
    assert "乙照片" in text
    assert "另有 1 份不在您的管辖范围内" in text
    assert "外照片" not in text
    assert "外照片" in text_of(as_role("city_officer").get(page(row)))


def test_the_list_filters(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    factory.photo(world.community, title="用了两次")
    factory.photo(world.neighbour, title="又用一次")
    factory.photo(world.community, title="单独一张", seed=3, expires_on="2026-03-02")
    factory.filed(world.community, factory.PDF, file_name="a.pdf", title="批复", kind="paper")

    def titles(**asked: str) -> set[str]:
        text = text_of(clerk.get("/evidence/", asked))
        return {name for name in ("用了两次", "又用一次", "单独一张", "批复") if f">{name}</a>" in text}

    assert titles() == {"用了两次", "又用一次", "单独一张", "批复"}
    assert titles(repeated="true") == {"用了两次", "又用一次"}
    assert titles(kind="paper") == {"批复"}
    assert titles(expiry="expired") == {"单独一张"}
    assert titles(expiry="soon") == set()
    assert titles(since="2026-03-02") == set()
    assert titles(until="2026-03-01", q="又用") == {"又用一次"}
    assert titles(place=str(world.neighbour.public_id)) == {"又用一次"}
    assert clerk.get("/evidence/", {"repeated": "no"}).status_code == 400


def queries_of(reader: Client, url: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert reader.get(url).status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_the_evidence(world: World, as_role: Reader, settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 10**6
    clerk, room = as_role("street_clerk"), world.premises["community"]
    first = factory.photo(world.community)
    evidence.link_evidence(first, room, by=None)
    factory.photo(world.neighbour)
    urls = ("/evidence/", page(first), reverse("premises-detail", args=[room.public_id]))
    before = [queries_of(clerk, url) for url in urls]
    for n in range(29):
        row = factory.photo(world.neighbour, title=f"照片{n}", seed=n % 5)
        evidence.link_evidence(row, room, by=None)
        evidence.link_evidence(first, world.premises["neighbour"], by=None) if n == 0 else None
    assert [queries_of(clerk, url) for url in urls] == before


def test_evidence_that_stands_is_linked_and_the_link_taken_back(world: World, as_role: Reader) -> None:
    clerk, room = as_role("street_clerk"), world.premises["community"]
    row = factory.photo(world.community)
    foreign = factory.photo(world.other_community, seed=2, title="外照片")
    url = f"/evidence/link/?thing={evidence.name_of(room)}"
    text = text_of(clerk.get(url))
    assert str(row.public_id) in text
    assert "外照片" not in text
    assert clerk.post(url, {}).status_code == 422
    assert clerk.post(url, {"evidence": [str(foreign.public_id)]}).status_code == 422
    assert clerk.post(url, {"evidence": ["x"]}).status_code == 400
    # One that may not be linked is told, and the other waits for another word.
    answer = clerk.post(url, {"evidence": [str(row.public_id), str(foreign.public_id)]})
    assert (answer.status_code, "所选材料中有 1 份已经关联" in text_of(answer)) == (422, True)
    assert not EvidenceLink.objects.exists()
    assert clerk.post(url, {"evidence": [str(row.public_id)]}).status_code == 302
    link = EvidenceLink.objects.get()
    take_back = reverse("evidence-link-remove", args=[link.public_id])
    assert take_back in text_of(clerk.get(page(row)))
    assert "取消关联：一社区用房" in text_of(clerk.get(take_back))
    assert clerk.post(take_back, {"version": "1", "reason": ""}).status_code == 422
    answer = clerk.post(take_back, {"version": "1", "reason": "关联错了"})
    assert (answer.status_code, answer.url) == (302, page(row))
    assert not EvidenceLink.objects.live().exists()
    assert "还没有关联" in text_of(clerk.get(page(row)))


def test_a_link_beyond_the_writers_places_is_not_named(world: World, as_role: Reader) -> None:
    row = factory.photo(world.community)
    link = evidence.link_evidence(row, world.premises["other_community"], by=None)
    clerk = as_role("street_clerk")
    for url in (page(row), page(row, "remove"), "/evidence/"):
        text = text_of(clerk.get(url))
        assert "外社区" not in text, url
    assert "另有 1 条记录不在您的管辖范围内" in text_of(clerk.get(page(row)))
    assert clerk.get(reverse("evidence-link-remove", args=[link.public_id])).status_code == 404
    record = ChangeRecord.objects.get(object_id=link.public_id)
    assert record.division == world.city
    assert "外社区" not in text_of(clerk.get("/api/v1/changes/"))


def test_it_is_corrected_removed_and_brought_back_as_every_row(world: World, as_role: Reader) -> None:
    clerk, row = as_role("street_clerk"), factory.photo(world.community)
    sent = typed(world, title="改名", version="1", change_reason="写错")
    del sent["file"]
    assert clerk.post(page(row, "edit"), sent).status_code == 302
    shown = text_of(clerk.get(page(row)))
    assert "标题：外观照片 改为 <b>改名</b>" in shown
    assert clerk.post(page(row, "remove"), {"version": "2", "reason": "误传"}).status_code == 302
    assert clerk.get(page(row, "file")).status_code == 404
    assert "误传" in text_of(clerk.get(page(row)))
    assert clerk.post(page(row, "bring-back")).status_code == 302
    assert b"".join(clerk.get(page(row, "file")).streaming_content) == factory.jpeg()


def test_who_only_reads_has_no_buttons(world: World, as_role: Reader) -> None:
    reader = as_role("standards_officer")
    text = text_of(reader.get(reverse("premises-detail", args=[world.premises["community"].public_id])))
    assert "佐证材料" in text
    assert "?thing=" not in text
    assert reader.get(NEW).status_code == 403
