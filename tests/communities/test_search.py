"""Finding places: what people expect first, and no search that reads the whole table."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from communities import querysets
from communities.base import pinyin
from communities.base.querysets import MOST_WORDS
from communities.base.roles import Action
from communities.choices import Level
from communities.models import Division
from communities.querysets import first_hits, search_query, words
from tests import factories
from tests.communities.test_places import plan_of
from tests.conftest import World


@pytest.fixture
def town(db: None) -> dict[str, Division]:
    """望京市 and what lies around it."""
    province = factories.division("海州省", Level.PROVINCE, factories.root(), code="980000000000")
    city = factories.division("望京市", Level.CITY, province, code="980100000000")
    district = factories.division("东城区", Level.DISTRICT, city, code="980101000000")
    street = factories.division("望京街道", Level.STREET, district, code="980101001000")
    names = [
        "望京社区居委会",
        "南望京社区居委会",
        "京望社区居委会",
        "望南京社区居委会",
        "F区社区居委会",
        "望京",
    ]
    below = [
        factories.division(name, Level.COMMUNITY, street, code=f"98010100100{n}")
        for n, name in enumerate(names)
    ]
    return {place.name_now: place for place in (province, city, district, street, *below)}


def names(found: Any) -> list[str]:
    return [place.name_now for place in found]


def hits(text: str, **kwargs: Any) -> list[str]:
    return names(first_hits(Division.objects.all(), text, **kwargs))


# ---------------------------------------------------------------- what is found


def test_equal_first_then_beginnings_from_the_top_then_the_rest(town: dict[str, Division]) -> None:
    assert hits("望京") == ["望京", "望京市", "望京街道", "望京社区居委会", "南望京社区居委会"]


def test_a_limit_keeps_the_best(town: dict[str, Division]) -> None:
    assert hits("望京", limit=2) == ["望京", "望京市"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9801", ["望京市", "东城区", "望京街道"]),
        ("980101001000", ["望京街道"]),
        ("wj", ["望京", "望京市", "望京街道", "望京社区居委会"]),
        ("WJJD", ["望京街道"]),
        ("f区", ["F区社区居委会"]),
        ("道", ["望京街道"]),
        ("望京 南", ["南望京社区居委会"]),
        ("社区 nwj", ["南望京社区居委会"]),
        ("9801 wj", ["望京市", "望京街道", "望京社区居委会", "望京"]),
        ("9802 wj", []),
        ("无此地名", []),
        ("无", []),
        ("0", []),
        ("zz", []),
        ("", []),
        ("、。 %_' \\ :* & |", []),
    ],
)
def test_names_codes_and_initials_answer(town: dict[str, Division], text: str, found: list[str]) -> None:
    assert hits(text)[: len(found) or None] == found


def test_closed_places_are_left_out_by_the_caller(town: dict[str, Division]) -> None:
    Division.objects.filter(name_now="望京").update(is_closed=True)
    assert "望京" not in names(first_hits(Division.objects.filter(is_closed=False), "望京"))


@pytest.mark.parametrize("text", ["望京", "社区", "9801", "wj", "社", "望京 社区"])
def test_a_search_stays_in_scope(town: dict[str, Division], world: World, text: str) -> None:
    clerk = world.users["street_clerk"]
    assert first_hits(Division.objects.visible_to(clerk, Action.VIEW), text) == [
        place for place in [world.community, world.neighbour] if text in {"社区", "社"}
    ]


@pytest.mark.parametrize("walked", [1, 3, 100])
@pytest.mark.parametrize("text", ["社区", "居委会", "社区 居委会", "无此地名"])
def test_what_is_found_does_not_depend_on_how_far_the_tree_is_walked(
    town: dict[str, Division], monkeypatch: pytest.MonkeyPatch, walked: int, text: str
) -> None:
    whole = hits(text)
    monkeypatch.setattr(querysets, "ROWS_TO_WALK", walked)
    assert hits(text) == whole
    assert len(whole) == (0 if text == "无此地名" else 5)


def test_a_search_asks_seven_queries_at_most(
    town: dict[str, Division], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(querysets, "ROWS_TO_WALK", 1)
    for text in ("望京", "社区", "9801", "wj", "社", "无此地名", "望京 社区", "wj 98"):
        with CaptureQueriesContext(connection) as queries:
            hits(text)
        assert len(queries) <= 7, text


def test_lists_narrow_by_the_same_words(town: dict[str, Division]) -> None:
    assert set(names(Division.objects.matching("望京"))) == {
        "望京",
        "望京市",
        "望京街道",
        "望京社区居委会",
        "南望京社区居委会",
    }
    assert names(Division.objects.matching("98010100100 wj 街道")) == ["望京街道"]
    assert not Division.objects.matching("%").exists()


def test_characters_apart_are_no_hit(town: dict[str, Division]) -> None:
    """望南京 holds no 望京; a word of three is not found where its pairs stand apart."""
    factories.division("望京区京区社", Level.DISTRICT, factories.root())
    assert hits("京区社") == ["望京区京区社"]
    factories.division("望社区京社", Level.DISTRICT, factories.root())
    assert hits("社区社") == []


# ---------------------------------------------------------------- how it is found


@pytest.fixture
def crowd(db: None) -> None:
    """3,000 communities and 300 streets, so that the planner has something to choose from."""
    street = factories.division("人群街道", Level.STREET, factories.root())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO communities_division (level, path_now, parent_now_id, name_now, kind_now, code_now,
                sort_key, initials, is_closed, version, created_at, updated_at, deleted_reason)
            SELECT CASE WHEN mod(n, 11) = 0 THEN 4 ELSE 5 END, %s || lpad(n::text, 6, '0'), %s,
                chr(19968 + mod(n, 97)) || chr(21000 + mod(n, 89)) || '社区', 'park', (970000000000 + n)::text,
                '', chr(97 + mod(n, 26)) || chr(97 + mod(n, 23)), false, 1, now(), now(), ''
            FROM generate_series(1, 3300) AS n
            """,
            [street.path_now, street.pk],
        )
        cursor.execute("ANALYZE communities_division")


@pytest.mark.parametrize(
    ("condition", "index", "index_condition"),
    [
        ({"name_now__startswith": "一"}, "division_by_name", "(name_now)::text >= '一'::text"),
        (
            {"code_now__startswith": "9700000"},
            "division_by_code",
            "(code_now)::text >= '9700000'::text",
        ),
        ({"initials__startswith": "ab"}, "division_by_initials", "(initials)::text >= 'ab'::text"),
    ],
)
def test_beginnings_are_ranges_of_an_index_in_order(
    crowd: None, condition: dict[str, str], index: str, index_condition: str
) -> None:
    field = next(iter(condition)).removesuffix("__startswith")
    beginning = Division.objects.filter(level=Level.COMMUNITY, **condition).order_by(field, "path_now")
    plan = plan_of(beginning.values_list("pk", field, "path_now")[:20])
    assert index in plan
    assert index_condition in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("text", ["望京", "望京街道", "wj", "97000000011"])
def test_lists_use_indexes_for_words(crowd: None, text: str) -> None:
    plan = plan_of(Division.objects.matching(text).order_by())
    assert "Seq Scan" not in plan
    assert ("division_search_above" in plan) == (not text.isascii())


@pytest.mark.parametrize(
    ("level", "index"),
    [
        ({"level": Level.COMMUNITY}, "division_search"),
        ({"level__lt": Level.COMMUNITY}, "division_search_above"),
    ],
)
def test_lexemes_are_indexed_apart_for_communities(crowd: None, level: dict[str, int], index: str) -> None:
    plan = plan_of(Division.objects.filter(querysets._by_lexemes(["望京街道"]), **level).order_by())
    assert f"Bitmap Index Scan on {index} " in plan


@given(st.text(alphabet="望京街道社区AbC1（", min_size=1, max_size=12))
def test_the_lexemes_of_a_name_are_its_pairs_and_its_last_character(name: str) -> None:
    pairs = {name[at : at + 2].lower() for at in range(len(name))}
    # hypothesis and the db fixture do not mix: the function alone is asked, on no table.
    assert python_lexemes(name) == pairs


def python_lexemes(name: str) -> set[str]:
    """What ``place_search`` does, step by step: cut into pairs from the first and from the second character."""
    cuts = [name[start:][at : at + 2] for start in (0, 1) for at in range(0, len(name[start:]), 2)]
    return {cut.lower() for cut in cuts if cut}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["望", "望京", "望京街", "望京街道", "A区", "F5 区社区（一）", ""])
def test_the_database_cuts_names_the_same_way(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(place_search(%s))", [name])
        assert {part.strip() for part in cursor.fetchone()[0]} == {
            part for cut in python_lexemes(name) for part in cut.split()
        }


@given(st.text(alphabet="望京街道社区村", min_size=2, max_size=12))
def test_a_words_query_asks_only_for_pairs_of_the_word_and_covers_it(word: str) -> None:
    asked = [part.strip("'") for part in search_query(word).split(" & ")]
    assert all(len(pair) == 2 and pair in word for pair in asked)
    assert set("".join(asked)) == set(word)


def test_words_are_runs_of_letters_digits_and_characters() -> None:
    assert words(" 望京，WJ(98)_%*'\\ 街道 ") == ["望京", "wj", "98", "街道"]
    assert len(words("一 二 三 四 五 六 七")) == MOST_WORDS


# ---------------------------------------------------------------- pinyin


@pytest.mark.parametrize(
    ("name", "key", "letters"),
    [
        ("望京街道", "wang jing jie dao", "wjjd"),
        ("重庆市", "chong qing shi", "cqs"),
        ("长乐区", "chang le qu", "clq"),
        ("绿园区", "lv yuan qu", "lyq"),
        ("复兴路24号院", "fu xing lu 24 hao yuan", "fxl2hy"),
        ("Ab区", "ab qu", "aq"),
        ("", "", ""),
    ],
)
def test_names_read_as_people_read_them(name: str, key: str, letters: str) -> None:
    assert (pinyin.sort_key(name), pinyin.initials(name)) == (key, letters)


@given(st.text(alphabet="长重庆都行乐朝阳会计大夫望京街道社区村委0A（一", max_size=10))
def test_the_short_way_reads_as_the_long_way(name: str) -> None:
    assert list(pinyin.syllables(name)) == lazy_pinyin(name, style=Style.NORMAL)


def test_every_unusual_phrase_reads_as_the_long_way() -> None:
    for phrases in pinyin._unusual_phrases().values():
        for phrase in phrases[:3]:
            name = f"东{phrase}村"
            assert list(pinyin.syllables(name)) == lazy_pinyin(name, style=Style.NORMAL)
