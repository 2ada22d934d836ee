"""Evidence: what is taken and what is refused (T20), stored once, flagged when used again, never half done."""

from __future__ import annotations

import datetime as dt
import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import storages
from PIL import Image

from communities.actions import evidence
from communities.actions.evidence import filing
from communities.base.actions import remove
from communities.models import ChangeRecord, Evidence, EvidenceLink, StoredFile
from tests.conftest import World
from tests.factories import evidence as factory

pytestmark = pytest.mark.django_db

JPEG = factory.jpeg()
PNG = factory.encoded(factory.picture(), "PNG")
WEBP = factory.encoded(factory.picture(), "WEBP")
MACROS = factory.archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")
MACRO_TYPES = b'<Types><Default ContentType="application/vnd.ms-word.x.macroEnabled.main+xml"/></Types>'
HIDDEN_MACROS = factory.archive(
    "[Content_Types].xml",
    "word/document.xml",
    **{"[Content_Types].xml": MACRO_TYPES},
)


def png_bomb(width: int, height: int) -> bytes:
    """A picture that claims more pixels than anybody unpacks, in a hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def code_of(error: ValidationError) -> str:
    (listed,) = error.error_dict.values()
    return str(listed[0].code)


def files() -> set[str]:
    folder = Path(project.MEDIA_ROOT) / "evidence"
    return {each.name for each in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (JPEG, "a.jpg", "image/jpeg"),
        (JPEG, "A.JPEG", "image/jpeg"),
        (PNG, "a.png", "image/png"),
        (WEBP, "a.webp", "image/webp"),
        (factory.PDF, "批复.pdf", "application/pdf"),
        (factory.DOCX, "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (factory.XLSX, "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_what_is_taken(world: World, data: bytes, name: str, media_type: str) -> None:
    row = factory.filed(world.community, data, file_name=name)
    assert (row.stored.media_type, row.file_name) == (media_type, name)
    assert factory.content(row.stored.file) == data
    assert bool(row.stored.thumbnail) == media_type.startswith("image/")


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.jpg", "empty_file"),
        (JPEG, "a.png", "suffix"),
        (JPEG, "a", "suffix"),
        (JPEG, "a.jpg.exe", "suffix"),
        (JPEG, "a.jpg\0.html", "suffix"),
        (PNG, "a.jpg", "suffix"),
        (factory.PDF, "a.docx", "suffix"),
        (factory.DOCX, "a.xlsx", "suffix"),
        (factory.DOCX, "a.docm", "suffix"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", "type"),
        (b"<!doctype html><script>alert(1)</script>", "a.html", "type"),
        (b"<!doctype html>", "a.pdf", "type"),
        (b"GIF89a" + b"\0" * 50, "a.gif", "type"),
        (b"MZ\x90\0", "a.jpg", "type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.doc", "type"),
        (factory.archive("a.txt"), "a.zip", "type"),
        (factory.archive("[Content_Types].xml"), "a.docx", "type"),
        (factory.archive("[Content_Types].xml", "word/document.xml", "xl/workbook.xml"), "a.docx", "type"),
        (MACROS, "a.docx", "macros"),
        (HIDDEN_MACROS, "a.docx", "macros"),
        (b"PK\x03\x04 broken", "a.docx", "damaged"),
        (JPEG[:-200], "a.jpg", "damaged"),
        (PNG[:-30], "a.png", "damaged"),
        (b"\xff\xd8\xff\xe0 broken", "a.jpg", "damaged"),
        (png_bomb(7000, 7000), "a.png", "too_many_pixels"),
        (png_bomb(50_000, 50_000), "a.png", "too_many_pixels"),
    ],
)
def test_what_is_refused(world: World, data: bytes, name: str, code: str) -> None:
    before = files()
    with pytest.raises(ValidationError) as raised:
        factory.filed(world.community, data, file_name=name)
    assert list(raised.value.error_dict) == ["file"]
    assert code_of(raised.value) == code
    assert files() == before
    assert not StoredFile.objects.exists()


def test_a_refusal_names_what_is_accepted() -> None:
    with pytest.raises(ValidationError, match=r"JPEG、PNG、WebP 图片，PDF 文件，以及不含宏的 \.docx、\.xlsx"):
        evidence.examined(factory.upload(b"<svg/>", "a.svg"), "a.svg")


def test_a_file_of_the_largest_size_is_taken_and_one_byte_more_is_not(settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES = len(factory.PDF)
    assert evidence.examined(factory.upload(factory.PDF), "a.pdf").data == factory.PDF
    with pytest.raises(ValidationError, match="MB"):
        evidence.examined(factory.upload(factory.PDF + b" "), "a.pdf")


def test_a_workbook_that_unpacks_to_more_than_fits_is_refused_unopened() -> None:
    huge = {"xl/a.xml": b"0" * (201 * 2**20)}
    data = factory.archive("[Content_Types].xml", "xl/workbook.xml", "xl/a.xml", **huge)
    assert len(data) < 2**20
    with pytest.raises(ValidationError, match="解开后过大"):
        evidence.examined(factory.upload(data), "a.xlsx")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\照片\\门头.jpg", "门头.jpg"),
        ("门\0头\r\n.jpg", "门头.jpg"),
        ("\u202egpj.exe.jpg", "gpj.exe.jpg"),
        ("长" * 400 + ".jpg", "长" * 296 + ".jpg"),
    ],
)
def test_names_are_data(world: World, given: str, kept: str) -> None:
    row = factory.filed(world.community, JPEG, file_name=given)
    assert row.file_name == kept
    assert row.stored.file.name.startswith("evidence/")
    assert kept.rpartition(".")[0] not in row.stored.file.name


def test_the_same_content_is_stored_once(world: World) -> None:
    first = factory.photo(world.community)
    before = files()
    second = factory.photo(world.community, title="再传一次")
    assert first.stored == second.stored
    assert files() == before
    assert Evidence.objects.count() == 2
    record = ChangeRecord.objects.filter(object_id=second.public_id).get()
    assert (record.verb, record.division_id) == ("create", world.community.pk)


def test_a_thumbnail_is_small_upright_and_tells_nothing_else(world: World) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "SECRET REMARK"
    exif[0x8825] = {1: "N"}
    data = factory.encoded(factory.picture(1, (1000, 500)), exif=exif, comment=b"SECRET COMMENT")
    row = factory.filed(world.community, data)
    content = factory.content(row.stored.thumbnail)
    assert b"SECRET" not in content
    with Image.open(io.BytesIO(content)) as small:
        assert (small.format, small.size) == ("JPEG", (160, 320))
        assert not small.getexif()
        assert not {"comment", "icc_profile", "exif"} & set(small.info)
    assert factory.content(row.stored.file) == data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_pictures_of_any_mode_get_a_thumbnail(world: World, mode: str) -> None:
    image = factory.picture(2, (700, 400))
    image = Image.new("I;16", (700, 400), 30000) if mode == "I;16" else image.convert(mode)
    row = factory.filed(world.community, factory.encoded(image, "PNG"), file_name="a.png")
    with Image.open(io.BytesIO(factory.content(row.stored.thumbnail))) as small:
        assert (small.mode, max(small.size)) == ("RGB", 320)


def test_the_day_of_the_camera_is_taken_only_where_none_is_given(world: World) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2025:06:07 08:09:10"}
    data = factory.encoded(factory.picture(), exif=exif)
    assert factory.filed(world.community, data, taken_on=None).taken_on == dt.date(2025, 6, 7)
    assert factory.filed(world.community, data).taken_on == factory.DAY
    for text in ("2999:01:01 00:00:00", "0000:00:00 00:00:00", "gestern"):
        exif[0x8769] = {0x9003: text}
        data = factory.encoded(factory.picture(), exif=exif)
        with pytest.raises(ValidationError, match="形成日期"):
            factory.filed(world.community, data, taken_on=None)


def test_days_must_make_sense(world: World) -> None:
    with pytest.raises(ValidationError, match="不能晚于今天"):
        factory.photo(world.community, taken_on=dt.date(2999, 1, 1))
    with pytest.raises(ValidationError, match="有效期不能早于形成日期"):
        factory.photo(world.community, expires_on=factory.DAY - dt.timedelta(days=1))


# ---------------------------------------------------------------- used again


def flagged() -> set[str]:
    return {row.title for row in Evidence.objects.live().repeated()}


def test_the_same_content_at_one_place_in_one_year_is_no_matter(world: World) -> None:
    factory.photo(world.community, title="甲")
    factory.photo(world.community, title="乙", taken_on=dt.date(2026, 1, 1))
    factory.photo(world.neighbour, title="丙", seed=5)
    assert flagged() == set()


def test_another_place_or_another_year_is_flagged_on_both(world: World) -> None:
    one = factory.photo(world.community, title="甲")
    factory.photo(world.neighbour, title="乙")
    assert flagged() == {"甲", "乙"}
    factory.photo(world.community, title="丙", seed=3)
    old = factory.photo(world.community, title="丁", seed=3, taken_on=dt.date(2025, 12, 31))
    assert flagged() == {"甲", "乙", "丙", "丁"}
    assert [row.title for row in one.also_used()] == ["乙"]
    assert [row.title for row in old.also_used()] == ["丙"]
    remove(old, by=None, reason="重复")
    assert flagged() == {"甲", "乙"}


@pytest.mark.parametrize(
    ("kind", "suffix", "size", "more"),
    [
        ("JPEG", "jpg", (800, 600), {"quality": 40}),
        ("JPEG", "jpg", (400, 300), {"quality": 90}),
        ("PNG", "png", (640, 480), {}),
        ("WEBP", "webp", (800, 600), {"quality": 60}),
    ],
)
def test_a_picture_encoded_anew_is_recognised(
    world: World, kind: str, suffix: str, size: tuple[int, int], more: Any
) -> None:
    whole = factory.picture(7, (800, 600))
    factory.filed(world.community, factory.encoded(whole, quality=95), title="原图")
    again = factory.encoded(whole.resize(size), kind, **more)
    other = factory.filed(world.neighbour, again, title="再编码", file_name=f"a.{suffix}")
    assert StoredFile.objects.count() == 2
    assert flagged() == {"原图", "再编码"}
    assert [row.title for row in other.also_used()] == ["原图"]


def test_blank_sheets_and_papers_are_not_taken_for_one_another(world: World) -> None:
    for place, size in ((world.community, (100, 80)), (world.neighbour, (90, 80))):
        blank = factory.encoded(Image.new("RGB", size, "white"), "PNG")
        factory.filed(place, blank, file_name="a.png")
        factory.filed(place, factory.PDF + place.name_now.encode(), file_name="a.pdf")
    assert flagged() == set()


# ---------------------------------------------------------------- all or nothing


def test_a_row_that_is_refused_leaves_no_file(world: World) -> None:
    before = files()
    with pytest.raises(PermissionDenied):
        factory.photo(world.other_community, by=world.users["street_clerk"])
    with pytest.raises(ValidationError):
        factory.photo(world.community, title="长" * 101)
    assert files() == before
    assert not StoredFile.objects.exists()


def test_a_link_that_is_refused_leaves_neither_file_nor_row(world: World) -> None:
    before = files()
    thing = world.premises["other_community"]
    with pytest.raises(PermissionDenied):
        factory.photo(world.community, by=world.users["street_clerk"], thing=thing)
    assert files() == before
    assert not Evidence.objects.exists()


def test_a_failure_does_not_take_the_file_of_another_row(world: World) -> None:
    factory.photo(world.community)
    before = files()
    with pytest.raises(ValidationError):
        factory.photo(world.community, title="")
    assert files() == before


def test_a_content_that_was_lost_is_there_again_once_it_is_filed_again(world: World) -> None:
    row = factory.photo(world.community)
    row.stored.file.storage.delete(row.stored.file.name)
    factory.photo(world.community, title="再传一次")
    assert factory.content(row.stored.file) == factory.jpeg()


def test_the_sweep_takes_only_old_files_that_no_row_knows(world: World) -> None:
    row = factory.photo(world.community)
    storage = storages["private"]
    names = [storage.save("evidence/file.jpg", factory.upload(JPEG)) for _each in range(2)]
    for name in (names[0], row.stored.file.name, row.stored.thumbnail.name):
        os.utime(storage.path(name), (0, 0))
    filing.sweep()
    assert not storage.exists(names[0])
    assert storage.exists(names[1])
    assert storage.exists(row.stored.file.name)
    assert storage.exists(row.stored.thumbnail.name)
    storage.delete(names[1])


# ---------------------------------------------------------------- links


def test_evidence_stands_for_many_things_each_once(world: World) -> None:
    row, clerk = factory.photo(world.community), world.users["street_clerk"]
    room, body = world.premises["community"], world.committees["community"]
    link = evidence.link_evidence(row, room, by=clerk)
    evidence.link_evidence(row, body, by=clerk)
    with pytest.raises(ValidationError, match="已经关联"):
        evidence.link_evidence(row, room, by=clerk)
    assert [told.thing for told in evidence.things_of(row, clerk)[0]] == [room, body]
    with pytest.raises(ValidationError, match="删除原因"):
        remove(link, by=clerk, reason=" ")
    with pytest.raises(ValidationError, match="佐证关联"):
        remove(row, by=clerk, reason="误传")
    remove(link, by=clerk, reason="关联错了")
    evidence.link_evidence(row, room, by=clerk)
    assert EvidenceLink.objects.live().count() == 2


def test_both_ends_must_be_the_writers(world: World) -> None:
    clerk = world.users["street_clerk"]
    own, foreign = factory.photo(world.community), factory.photo(world.other_community)
    with pytest.raises(PermissionDenied):
        evidence.link_evidence(own, world.premises["other_community"], by=clerk)
    with pytest.raises(PermissionDenied):
        evidence.link_evidence(foreign, world.premises["community"], by=clerk)
    with pytest.raises(PermissionDenied):
        evidence.link_evidence(own, world.premises["community"], by=world.users["standards_officer"])
    for thing in (own, world.users["street_clerk"], world.community):
        with pytest.raises(PermissionDenied):
            evidence.link_evidence(own, thing, by=None)
    assert not EvidenceLink.objects.exists()
