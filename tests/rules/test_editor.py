"""Rules as fields of a page: what goes in comes back, and what is wrong is said where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.base.rules import SHAPES, RuleInvalid, editor, read_rule
from communities.base.rules.params import (
    Choice,
    Entry,
    Flag,
    Inner,
    InputCode,
    Listed,
    Number,
    Param,
    Text,
    declared_of,
)
from tests.rules.test_vectors import QUARTERLY, SATISFACTION, WEIGHTED

NUMBERS = st.decimals("-9999", "9999", places=2).map(lambda number: f"{number:f}")
CODES = st.from_regex(r"\A[a-z][a-z0-9_.-]{0,8}\Z")
WORDS = st.text("甲乙丙丁 ab", min_size=1, max_size=8).map(str.strip).filter(bool)


def values(param: Param, left: int) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one kind each
    """Anything that may stand in a field, right or wrong."""
    match param:
        case Number():
            return NUMBERS
        case Choice():
            return st.sampled_from([code for code, _word in param.choices])
        case InputCode():
            return CODES
        case Text():
            return WORDS
        case Flag():
            return st.booleans()
        case Listed():
            return st.lists(entries(param.of, left), min_size=1, max_size=3)
        case Entry():
            return entries(param.of, left)
        case Inner():
            return rules(left - 1)
    raise TypeError(param)


def entries(cls: Any, left: int) -> st.SearchStrategy[dict[str, Any]]:
    """Entries in which optional parameters are there or not; a box is always one or the other."""
    must, may = {}, {}
    for name, (param, is_must) in declared_of(cls).items():
        (must if is_must or isinstance(param, Flag) else may)[name] = values(param, left)
    return st.fixed_dictionaries(must, optional=may)


def rules(left: int, shapes: tuple[str, ...] = tuple(SHAPES)) -> st.SearchStrategy[dict[str, Any]]:
    allowed = [code for code in shapes if left > 1 or code not in {"gate", "combined"}]
    return st.sampled_from(allowed).flatmap(
        lambda code: entries(SHAPES[code], left).map(lambda entry: {"shape": code} | entry)
    )


def sent(place: editor.Place) -> Iterator[tuple[str, str]]:
    """What a browser sends of the fields, in their order."""
    match place:
        case editor.Leaf():
            if place.kind != "flag" or place.value:
                yield place.name, place.value
            else:
                yield place.name, ""
        case editor.Box():
            if place.shape is not None:
                yield place.shape.name, place.shape.value
            for each in place.fields:
                yield from sent(each)
        case editor.Lines():
            yield f"{place.name}.lines", str(len(place.lines))
            for line in place.lines:
                yield from sent(line)


def round_trip(rule: dict[str, Any]) -> dict[str, Any]:
    return editor.posted(dict(sent(editor.box_of(rule, "rule", "评分规则"))), "rule")


@given(rules(3))
def test_every_rule_comes_back_from_its_fields(rule: dict[str, Any]) -> None:
    again = round_trip(rule)
    assert contains(again, rule)
    assert round_trip(again) == again


def contains(whole: Any, part: Any) -> bool:
    """Whether all of ``part`` stands in ``whole``, which may say besides what its defaults are."""
    match part:
        case dict():
            return all(name in whole and contains(whole[name], each) for name, each in part.items())
        case list():
            return len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


RULES = [rule for rule, *_rest in QUARTERLY.values()] + [SATISFACTION, WEIGHTED]


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_real_tables_mean_the_same_after_the_editor(rule: dict[str, Any]) -> None:
    assert read_rule(round_trip(rule)) == read_rule(rule)


def faults_of(rule: Any) -> dict[str, tuple[str, ...]]:
    with pytest.raises(RuleInvalid) as caught:
        read_rule(rule, "rule")
    return wrong_in(editor.box_of(rule, "rule", "评分规则", caught.value.faults))


def wrong_in(place: editor.Place) -> dict[str, tuple[str, ...]]:
    found = {place.name: place.errors} if place.errors else {}
    inner: tuple[Any, ...] = ()
    if isinstance(place, editor.Box):
        inner = (*filter(None, [place.shape]), *place.fields)
    elif isinstance(place, editor.Lines):
        inner = place.lines
    for each in inner:
        found |= wrong_in(each)
    return found


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({}, {"rule.shape"}),
        ({"shape": "bands"}, {"rule.value", "rule.bands"}),
        (
            SATISFACTION | {"bands": [{"least": "x", "points": "1"}, {}]},
            {"rule.bands.0.least", "rule.bands.1.points"},
        ),
        (SATISFACTION | {"bands": [{"points": "1"}, {"points": "0"}]}, {"rule.bands"}),
        (
            {"shape": "combined", "how": "sum", "parts": [{"rule": {"shape": "gate"}}]},
            {"rule.parts.0.rule.condition", "rule.parts.0.rule.rule"},
        ),
    ],
)
def test_what_is_wrong_stands_at_its_field(rule: Any, where: set[str]) -> None:
    assert set(faults_of(rule)) == where


def test_labels_say_where_a_field_stands() -> None:
    labels = editor.labels(editor.box_of(SATISFACTION, "rule", "评分规则"))
    assert labels["rule.bands.0.least"] == "档次 1 下限"
    assert labels["rule.value"] == "取值"
    inner = {"shape": "combined", "how": "sum", "parts": [{"rule": SATISFACTION}]}
    labels = editor.labels(editor.box_of(inner, "rule", "评分规则"))
    assert labels["rule.parts.0.rule.bands.1.points"] == "组成部分 1 规则 档次 2 分值"


def test_lines_are_added_and_taken_out() -> None:
    more, goes_on = editor.acted(SATISFACTION, "add:rule.bands", "rule")
    assert (len(more["bands"]), goes_on) == (4, "rule.bands.3")
    less, goes_on = editor.acted(SATISFACTION, "remove:rule.bands.1", "rule")
    assert ([band["points"] for band in less["bands"]], goes_on) == (["0", "5"], "rule.bands")
    inner = {"shape": "combined", "how": "sum", "parts": [{"rule": SATISFACTION}]}
    more, goes_on = editor.acted(inner, "add:rule.parts.0.rule.bands", "rule")
    assert (len(more["parts"][0]["rule"]["bands"]), goes_on) == (4, "rule.parts.0.rule.bands.3")


@pytest.mark.parametrize(
    "act",
    [
        "add:",
        "add:other.bands",
        "remove:rule.bands.9",
        "remove:rule.bands",
        "remove:rule.bands.x",
        "x:rule.y",
    ],
)
def test_a_button_that_means_nothing_changes_nothing(act: str) -> None:
    assert editor.acted(SATISFACTION, act, "rule")[0] == SATISFACTION


@given(st.text(max_size=40))
def test_no_button_breaks_the_editor(where: str) -> None:
    for verb in ("add:rule.", "remove:rule."):
        changed, _goes_on = editor.acted(WEIGHTED, verb + where, "rule")
        editor.box_of(changed, "rule", "评分规则")


def test_rules_stand_inside_each_other_no_deeper_than_they_may() -> None:
    rule: Any = {"shape": "gate"}
    for _depth in range(6):
        rule = {"shape": "gate", "rule": rule}
    box: Any = editor.box_of(rule, "rule", "评分规则")
    depth = 0
    while box is not None:
        depth += 1
        offered = {code for code, _word in box.shape.choices}
        assert ("gate" in offered) == (depth < 4)
        if "gate" not in offered:
            break
        box = next(each for each in box.fields if isinstance(each, editor.Box) and each.shape)


def test_a_code_typed_beside_the_list_wins() -> None:
    data = {"rule.shape": "threshold", "rule.value": "office_compliance", "rule.value.typed": " meetings "}
    assert editor.posted(data, "rule")["value"] == "meetings"


def test_numbers_as_people_type_them() -> None:
    assert editor.posted({"rule.shape": "threshold", "rule.target": " 8０ "}, "rule")["target"] == "80"


def test_a_rule_in_one_line() -> None:
    told = editor.in_words(SATISFACTION)
    assert told.startswith("规则类型 分档计分，取值 satisfaction")
    assert "档次 1(分值 0，下限 90，含下限 是)" in told
