"""R34: names with rare characters come out of every door as the code points that went in."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils.html import escape

from communities.choices import Level
from communities.models import ChangeRecord, Premises
from tests import factories
from tests.conftest import World
from tests.pages.test_entry import as_shown, filled
from tests.workbooks.conftest import HEADS, Send, book, confirmed, edited, exported, row

pytestmark = pytest.mark.django_db

# By extension and block; the last ones are what normalisation (NFC or NFKC) would replace.
RARE = {
    "A": "㙍",
    "B": "\U00020bb7\U0002a6a5",
    "C": "\U0002a700\U0002b734",
    "D": "\U0002b81d",
    "E": "\U0002b820\U0002ce88",
    "F": "\U0002ceb0\U0002ebe0",
    "G": "\U00030edd\U00030ede",
    "H": "\U00031350",
    "I": "\U0002ebf0",
    "emoji": "\U0001f3e0\U0001f3d8\ufe0f\U0001f44d\U0001f3fd",
    "flag": "\U0001f1e8\U0001f1f3",
    "marks": "e\u0301n\u0308\u0304a\u030a",
    "variant": "\u845b\U000e0100\u8fbb\U000e0101",
    "compatibility": "\uf900\ufa0c\U0002f804",
    "wide": "ABC12\ufe55㈱㎡№",
    "own": "\ue000\ue815",
}
every_rare = pytest.mark.parametrize("sign", RARE.values(), ids=RARE)


def signed_in(world: World) -> Client:
    client = Client()
    client.force_login(world.users["street_clerk"])
    client.get("/accounts/profile/")
    return client


def points(text: str) -> list[str]:
    return [f"{ord(sign):04X}" for sign in text]


def test_some_would_not_survive_normalisation() -> None:
    changed = {kind for kind, sign in RARE.items() if unicodedata.normalize("NFC", sign) != sign}
    assert changed == {"marks", "compatibility"}


@every_rare
def test_through_form_page_list_search_history_and_api(world: World, sign: str) -> None:
    client, name = signed_in(world), f"{sign}室"
    answer = client.post("/premises/new/", filled(world, name=name, address=f"{sign}路"))
    assert answer.status_code == 302
    room = Premises.objects.latest("pk")
    assert points(room.name) == points(name)
    record = ChangeRecord.objects.get(object_id=room.public_id)
    assert points(record.after["name"]) == points(name) == points(record.object_label)
    for url in (answer.url, f"/premises/?q={name}", f"/premises/?q={sign}"):
        page = client.get(url).content.decode()
        assert escape(name) in page, url
    found = client.get("/api/v1/premises/", {"q": sign}).json()
    assert [points(each["name"]) for each in found["results"]] == [points(name)]
    shown = as_shown(client.get(f"{answer.url}edit/").content.decode())
    assert points(shown["name"]) == points(name)
    assert client.post(f"{answer.url}edit/", shown | {"area": "99"}).status_code == 302
    assert set(ChangeRecord.objects.filter(object_id=room.public_id, verb="change").get().after) == {"area"}


@every_rare
def test_through_the_writing_api(world: World, sign: str) -> None:
    client, name = signed_in(world), f"{sign}室"
    body = {
        "name": name,
        "kind": "service",
        "division": str(world.community.public_id),
        "area": "10",
        "tenure": "owned",
    }
    made = client.post("/api/v1/premises/", body, content_type="application/json")
    assert made.status_code == 201
    assert points(made.json()["name"]) == points(name)
    assert points(Premises.objects.get(public_id=made.json()["id"]).name) == points(name)
    again = client.get(f"/api/v1/premises/{made.json()['id']}/").json()
    assert points(again["name"]) == points(name)


def table(encoding: str, rows: list[list[Any]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([HEADS, *rows])
    return file.getvalue().encode(encoding)


@pytest.mark.parametrize("kind", ["xlsx", "utf-8", "utf-8-sig", "gb18030"])
def test_through_workbooks(world: World, send: Send, kind: str) -> None:
    """In as a workbook or a text table, out as an export, in again unchanged."""
    names = [f"{sign}室" for sign in RARE.values()]
    rows = [row(用房名称=name, 地址=f"{name}旁") for name in names]
    content = book(rows) if kind == "xlsx" else table(kind, rows)
    batch = send(content, name="表.xlsx" if kind == "xlsx" else "表.csv")
    assert (batch.refusal, batch.counts.get("created")) == ("", len(names))
    assert confirmed(batch).state == "done"
    stored = set(Premises.objects.filter(address__endswith="旁").values_list("name", flat=True))
    assert stored == set(names)
    records = ChangeRecord.objects.filter(verb="create", model="communities.Premises")
    assert {record.after["name"] for record in records} >= set(names)
    content = exported(world)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert {sheet.cell(at, 2).value for at in range(5, sheet.max_row + 1)} >= set(names)
    again = send(content)
    assert (again.counts["changed"], again.counts["refused"]) == (0, 0)
    resaved = send(edited(content, lambda page: page.cell(5, 2, page.cell(5, 2).value)))
    assert resaved.counts["unchanged"] == len(names) + 2


def test_in_the_names_of_files_and_of_places(world: World, send: Send) -> None:
    client = signed_in(world)
    for sign in RARE.values():
        batch = send(book([row(用房名称=sign)]), name=f"{sign}.xlsx")
        assert points(batch.file_name) == points(f"{sign}.xlsx")
        assert escape(batch.file_name) in client.get(f"/imports/{batch.public_id}/").content.decode()
    for kind in "BCDEFG":
        place = factories.division(f"{RARE[kind]}村", Level.COMMUNITY, world.street)
        hits = client.get("/places/hits/", {"q": RARE[kind]}).content.decode()
        assert place.name_now in hits, kind


# What is copied from elsewhere, and what is said of it.
UNSEEN = {
    "\u200d": "「用房」之后(第 3 个字)有看不见的零宽连接符，请删去前后几个字，重新输入。",
    "\u202e": "「用房」之后(第 3 个字)有看不见的文字方向标记",
    "\u3164": "「用房」之后(第 3 个字)有看不见的空白填充字符",
    "\U000e0041": "「用房」之后(第 3 个字)有看不见的隐藏标记",
}


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_what_nobody_can_see_is_told_by_every_door_alike(world: World, send: Send, sign: str) -> None:
    name, client = f"用房{sign}一", signed_in(world)
    page = client.post("/premises/new/", filled(world, name=name)).content.decode()
    assert UNSEEN[sign] in page
    assert 'href="#id_name"' in page
    batch = send(book([row(用房名称=name)]))
    assert UNSEEN[sign] in batch.rows.get().errors[0]["message"]
    body = {
        "name": name,
        "kind": "service",
        "division": str(world.community.public_id),
        "area": "10",
        "tenure": "owned",
    }
    answer = client.post("/api/v1/premises/", body, content_type="application/json")
    assert UNSEEN[sign] in str(answer.json())


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_the_preview_writes_out_what_nobody_can_see(world: World, send: Send, sign: str) -> None:
    """Or a mark of direction would turn the row around it, and the reason with it."""
    client = signed_in(world)
    batch = send(book([row(用房名称=f"用房{sign}一")]), name=f"甲{sign}xslx.xlsx")
    page = client.get(f"/imports/{batch.public_id}/").content.decode()
    written = f"‹U+{ord(sign):04X}›"
    assert f"用房{written}一" in page
    assert f"导入：甲{written}xslx.xlsx" in page
    assert sign not in page
    listed = client.get("/imports/").content.decode()
    assert f"甲{written}xslx.xlsx" in listed
    assert sign not in listed
    head = send(book([["一社区"]], [f"名{sign}称", "社区"]))
    assert sign not in client.get(f"/imports/{head.public_id}/").content.decode()


def test_spaces_without_width_go_by_themselves(world: World, send: Send) -> None:
    """They come with what is copied from a page or a document, and mean nothing."""
    name, client = "\ufeff用\u200b房\u2060\u00ad一\u200b", signed_in(world)
    typed = filled(
        world, name=name, division_now="\u200b一社区", area="1\u200b20", kind="service", committee=""
    )
    assert client.post("/premises/new/", typed).status_code == 302
    room = Premises.objects.latest("pk")
    assert (room.name, room.area, room.division_now) == ("用房一", 120, world.community)
    assert confirmed(send(book([row(用房名称=name, 地址="表中")]))).state == "done"
    assert Premises.objects.get(address="表中").name == "用房一"


@pytest.mark.parametrize(
    "sign",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\U0001f9d1\U0001f3fd\u200d\u2695\ufe0f",
    ],
    ids=["family", "flag", "physician"],
)
def test_a_joiner_inside_one_picture_is_seen_and_stays(world: World, send: Send, sign: str) -> None:
    client = signed_in(world)
    assert client.post("/premises/new/", filled(world, name=f"{sign}家园")).status_code == 302
    assert points(Premises.objects.latest("pk").name) == points(f"{sign}家园")
    for name in (f"{sign}\u200d家园", f"家\u200d{sign}"):
        page = client.post("/premises/new/", filled(world, name=name)).content.decode()
        assert "看不见的零宽连接符" in page
