"""A field that could name more rows than a list holds: they are searched for, among those that it offers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.choices import Level
from communities.models import Division
from tests import factories
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader
from tests.pages.test_entry import NEW, as_shown, edit_of, filled

pytestmark = pytest.mark.django_db

ROWS = "/premises/rows/division_now/"
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@pytest.fixture
def street_b(world: World) -> World:
    """乙街道 beside 甲街道, with places that are called as those of 甲街道 are."""
    street = factories.division("乙街道", Level.STREET, world.district)
    for name in ("一社区", "北一社区"):
        factories.committee(factories.community(name, street))
    return world


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any row is too many for a list."""
    monkeypatch.setattr("communities.base.entry.fields.MOST_OFFERED", 0)


def found(client: Any, text: str, url: str = ROWS) -> list[str]:
    answer = client.get(url, {"q": text})
    assert answer.status_code == 200
    return [f"{row['text']} {row['note']}".strip() for row in answer.json()["rows"]]


@pytest.mark.parametrize("text", ["一社区", "ysq", "", "社区", "街道"])
def test_a_clerk_finds_no_row_of_another_street(street_b: World, as_role: Reader, text: str) -> None:
    """By name, by initials, by nothing: neither communities nor committees, nor by the code of one."""
    clerk = as_role("street_clerk")
    for url in (
        ROWS,
        "/premises/rows/committee/",
        "/nil-statements/rows/division/",
        "/exemptions/rows/committee/",
    ):
        for line in found(clerk, text, url):
            assert "甲街道" in line
            assert "乙街道" not in line
    theirs = Division.objects.get(name_now="北一社区")
    assert found(clerk, theirs.code_now) == []
    assert found(as_role("district_officer"), theirs.code_now) == ["北一社区 甲区 乙街道"]


def test_rows_are_found_by_name_code_and_initials(street_b: World, as_role: Reader) -> None:
    officer = as_role("district_officer")
    assert found(officer, "一社区")[:2] == ["一社区 甲区 甲街道", "一社区 甲区 乙街道"]
    assert found(officer, "byi") == []
    assert found(officer, "bysq") == ["北一社区 甲区 乙街道"]
    assert found(officer, street_b.community.code_now) == ["一社区 甲区 甲街道"]
    assert found(officer, FOREIGN) == []
    bodies = "/premises/rows/committee/"
    assert found(officer, "北一 居委会", bodies) == ["北一社区居委会 甲区 乙街道 北一社区"]
    assert found(officer, "bysq", bodies) == ["北一社区居委会 甲区 乙街道 北一社区"]
    assert found(officer, "一社区居委会", bodies)[0] == "一社区居委会 甲区 甲街道 一社区"
    assert found(officer, "——", bodies) == []


def test_words_may_name_the_places_above_in_any_order(street_b: World, as_role: Reader) -> None:
    officer = as_role("district_officer")
    theirs, ours = "一社区 甲区 乙街道", "一社区 甲区 甲街道"
    for text in ("一社区 乙街", "乙街 一社区", "乙街道 甲区 一社区", "一社区，乙街道", "yjd ysq"):
        assert found(officer, text)[0] == theirs, text
        assert ours not in found(officer, text), text
    assert found(officer, "北一 乙街") == ["北一社区 甲区 乙街道"]
    assert found(officer, "乙街 甲街") == []
    assert found(officer, "一社区 没有") == []
    # Where all words name places above, it is what lies in them.
    assert found(officer, "甲市 乙街") == [theirs, "北一社区 甲区 乙街道"]
    bodies = "/premises/rows/committee/"
    assert found(officer, "居委会 乙街 北一", bodies) == ["北一社区居委会 甲区 乙街道 北一社区"]
    assert found(officer, "甲市 北一", bodies) == ["北一社区居委会 甲区 乙街道 北一社区"]
    # Nothing of another street, whatever of it is named.
    assert found(as_role("street_clerk"), "乙街 一社区") == []
    assert found(as_role("street_clerk"), "乙街 居委会", bodies) == []


def test_wide_letters_and_digits_are_ordinary_ones(street_b: World, as_role: Reader) -> None:
    officer, code = as_role("district_officer"), street_b.community.code_now
    assert found(officer, code.translate(WIDE)) == ["一社区 甲区 甲街道"]
    assert found(officer, "ＢＹＳＱ") == ["北一社区 甲区 乙街道"]
    place = factories.community("第１２社区", street_b.street)
    factories.community("AB12社区", street_b.street)
    for text in ("AB12社区", "ＡＢ１２社区", "ａｂ１２社"):
        assert "AB12社区 甲区 甲街道" in found(officer, text), text
    # Where wide ones stand in the name, they are found as they stand.
    assert found(officer, "第１２") == ["第１２社区 甲区 甲街道"]
    factories.committee(place, name="AB12居委会")
    assert found(officer, "ＡＢ１２居", "/premises/rows/committee/") == ["AB12居委会 甲区 甲街道 第１２社区"]


def test_accounts_bodies_and_clauses_are_found(world: World, as_role: Reader) -> None:
    security = as_role("security_administrator")
    assert found(security, "street cl", "/role-assignments/rows/user/") == ["street_clerk(street_clerk)"]
    clause = factories.clause(
        world.district, "第三条", document=factories.document(world.district, "用房办法")
    )
    assert found(as_role("standards_officer"), "办法 第三", "/thresholds/rows/clause/") == [str(clause)]


def test_more_than_are_shown_are_told(world: World, as_role: Reader) -> None:
    for number in range(25):
        factories.community(f"新建{number:02d}社区", world.street)
    answer = as_role("street_clerk").get(ROWS, {"q": "新建"}).json()
    assert (len(answer["rows"]), answer["more"]) == (20, True)
    assert as_role("street_clerk").get(ROWS, {"q": "新建0"}).json()["more"] is False


@pytest.mark.parametrize("query", ["q=" + "长" * 51, "q=%00", "q=a&place=1", "p=1"])
def test_what_is_no_search_is_refused(world: World, as_role: Reader, query: str) -> None:
    assert as_role("street_clerk").get(f"{ROWS}?{query}").status_code == 400


def test_page_and_queries_do_not_grow_with_the_rows(world: World, as_role: Reader, few: None) -> None:
    officer, room = as_role("district_officer"), world.premises["community"]

    def cost() -> tuple[list[int], list[int]]:
        numbers, sizes = [], []
        for url in (
            NEW,
            edit_of(room),
            f"{ROWS}?q=%E7%A4%BE%E5%8C%BA",
            "/premises/rows/committee/?q=%E7%A4%BE",
        ):
            officer.get(url)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = officer.get(url)
            numbers.append(len(queries))
            sizes.append(len(answer.content) if "rows" not in url else 0)
        return numbers, sizes

    for number in range(20):
        factories.committee(factories.community(f"邻里{number:02d}社区", world.street))
    numbers, sizes = cost()
    for number in range(40):
        factories.committee(factories.community(f"和睦{number:02d}社区", world.street))
    more_numbers, more_sizes = cost()
    assert more_numbers == numbers
    assert all(abs(more - size) < 200 for size, more in zip(sizes, more_sizes, strict=True))
    assert max(numbers) < 30, numbers


def test_the_field_shows_the_name_of_what_stands_in_it(world: World, as_role: Reader, few: None) -> None:
    """Also where an id was sent and something else was wrong, and where the community is closed meanwhile."""
    officer, room = as_role("district_officer"), world.premises["community"]
    field = re.compile(r'<input[^>]* name="division_now"[^>]*>')
    place = world.community
    sent = officer.post(NEW, filled(world, area="x"))
    assert sent.status_code == 422
    for page in (officer.get(edit_of(room)), sent, officer.get(NEW, {"place": place.public_id})):
        (shown,) = field.findall(page.content.decode())
        assert 'value="一社区"' in shown
        assert f'data-row="{place.public_id}"' in shown
        assert 'data-shown="一社区"' in shown
        assert f'data-rows="{ROWS}"' in shown
    type(place).objects.filter(pk=place.pk).update(is_closed=True)
    page = officer.get(edit_of(room)).content.decode()
    assert 'value="一社区"' in field.findall(page)[0]
    assert officer.post(edit_of(room), as_shown(page) | {"area": "66"}).status_code == 302
    # A street in the address is no community.
    assert (
        "value=" not in field.findall(officer.get(NEW, {"place": world.street.public_id}).content.decode())[0]
    )


def test_what_means_nothing_stays_as_it_was_typed(world: World, as_role: Reader, few: None) -> None:
    page = as_role("district_officer").post(NEW, filled(world, division_now="三社区")).content.decode()
    assert 'value="三社区"' in page
    assert "没有找到「三社区」" in page
    foreign = str(world.other_community.public_id)
    page = as_role("district_officer").post(NEW, filled(world, division_now=foreign)).content.decode()
    assert FOREIGN not in page.split("<main", 1)[1]


def test_a_clash_shows_names(world: World, as_role: Reader, few: None) -> None:
    room, officer = world.premises["community"], as_role("district_officer")
    shown = as_shown(officer.get(edit_of(room)).content.decode())
    mine = shown | {"division_now": str(world.neighbour.public_id), "committee": ""} | {"kind": "activity"}
    assert as_role("street_clerk").post(edit_of(room), shown | {"address": "别处"}).status_code == 302
    answer = officer.post(edit_of(room), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search(r"所在社区</th><td>一社区</td><td>二社区</td>", page)
    assert 'data-shown="二社区"' in page


def test_a_draft_comes_back_with_names(world: World, as_role: Reader, few: None) -> None:
    officer = as_role("district_officer")
    typed = {"name": "草稿", "division_now": str(world.neighbour.public_id)}
    assert officer.post(reverse("premises-new-draft"), typed).status_code == 200
    assert 'data-shown="二社区"' in officer.get(NEW, {"draft": "1"}).content.decode()


def test_the_script_comes_only_where_it_is_needed(
    world: World, as_role: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = as_role("district_officer")
    assert "tom-select" not in officer.get(NEW).content.decode()
    monkeypatch.setattr("communities.base.entry.fields.MOST_OFFERED", 1)
    assert "tom-select" in officer.get(NEW).content.decode()
