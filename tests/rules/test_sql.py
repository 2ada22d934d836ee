"""What the database reckons is what the evaluation gives, to the last hundredth (goal G8)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from communities.base.rules import Inputs, Item, Reading, read_rule
from communities.base.rules.ratios import Column
from communities.base.rules.reach import reach
from communities.base.rules.sql import exact_sql, item_sql

CODES = ("a", "b", "c")
# Few distinct numbers, so that values often meet thresholds, ends of bands and each other.
NUMBERS = st.sampled_from(
    ["0", "0.5", "1", "1.005", "2", "2.5", "3", "7", "10", "33.3333", "80", "90", "-1", "-2.5"]
)
POSITIVE = st.sampled_from(["0.5", "1", "2.5", "3", "7", "10"])
POINTS = st.sampled_from(["0", "0.5", "0.05", "1", "2", "3", "5", "10"])
OPERATORS = st.sampled_from(["ge", "gt", "le", "lt"])
ABSENT = st.sampled_from(["zero", "full", "not_applicable"])
CODE = st.sampled_from(CODES)


def with_absences(**each: Any) -> Any:
    return st.fixed_dictionaries({"value": CODE, "missing": ABSENT, "no_base": ABSENT, **each})


@st.composite
def bands(draw: Any) -> dict[str, Any]:
    ends = sorted(draw(st.sets(NUMBERS.map(Decimal), max_size=4)), reverse=True)
    tiers = [{"least": str(end), "points": draw(POINTS), "inclusive": draw(st.booleans())} for end in ends]
    return draw(with_absences(shape=st.just("bands"), counts=st.sampled_from(["points", "deduction"]))) | {
        "bands": [*tiers, {"points": draw(POINTS)}]
    }


@st.composite
def counted(draw: Any) -> dict[str, Any]:
    found = []
    for code in sorted(draw(st.sets(CODE, min_size=1))):
        most = draw(st.one_of(st.none(), POINTS))
        found.append({"value": code, "each": draw(POINTS)} | ({} if most is None else {"at_most": most}))
    shape = draw(st.sampled_from(["deduction", "bonus"]))
    bound = draw(st.one_of(st.none(), POINTS))
    rule = {"shape": shape, "occurrences": found, "missing": draw(st.one_of(ABSENT, st.just("none")))}
    if bound is not None:
        rule |= {"floor": f"-{bound}"} if shape == "deduction" else {"cap": bound}
    return rule


PLAIN = st.one_of(
    with_absences(shape=st.just("threshold"), operator=OPERATORS, target=NUMBERS, otherwise=POINTS),
    bands(),
    counted(),
    with_absences(
        shape=st.just("pro_rata"), target=NUMBERS, zero=NUMBERS, ceiling=st.sampled_from(["100", "120"])
    ).filter(lambda rule: Decimal(rule["target"]) != Decimal(rule["zero"])),
    with_absences(
        shape=st.just("shortfall"),
        target=NUMBERS,
        step=POSITIVE,
        points=POINTS,
        direction=st.sampled_from(["at_least", "at_most"]),
        part_steps=st.sampled_from(["exact", "ignored", "full"]),
        floor=st.sampled_from(["0", "-3", "20"]),
    ),
)


@st.composite
def combined(draw: Any, inner: Any) -> dict[str, Any]:
    how = draw(st.sampled_from(["sum", "weighted", "best", "worst", "deductions"]))
    parts = []
    for _number in range(draw(st.integers(1, 3))):
        part = {"rule": draw(inner)}
        if how == "sum" or (how in ("weighted", "best") and draw(st.booleans())):
            part["full_mark"] = draw(POSITIVE)
        if how == "weighted":
            part["weight"] = draw(POSITIVE)
        parts.append(part)
    return {
        "shape": "combined",
        "how": how,
        "parts": parts,
        "not_applicable": draw(st.sampled_from(["drop", "full", "zero"])),
        "floor": draw(st.sampled_from(["0", "-100"])),
        **draw(st.sampled_from([{}, {"cap": "4"}])),
    }


def gate(inner: Any) -> Any:
    condition = st.fixed_dictionaries({"value": CODE, "operator": OPERATORS, "target": NUMBERS})
    return st.fixed_dictionaries(
        {
            "shape": st.just("gate"),
            "condition": condition,
            "rule": inner,
            "effect": st.sampled_from(["veto", "require"]),
        }
    )


RULES = st.one_of(
    PLAIN, gate(PLAIN), combined(PLAIN), combined(st.one_of(PLAIN, combined(PLAIN), gate(PLAIN)))
)
TOPS = st.one_of(st.none(), NUMBERS, st.integers(0, 300).map(str))
READING = st.tuples(TOPS, st.sampled_from(["0", "1", "1", "3", "5", "7"]))
SUBJECTS = st.lists(st.tuples(READING, READING, READING), min_size=1, max_size=12)


WHOLE = st.one_of(st.none(), st.sampled_from(["0", "1", "2", "3", "7", "10", "80", "90", "-1", "-3", "240"]))
WHOLE_READING = st.tuples(WHOLE, st.sampled_from(["0", "1", "1", "3", "5", "7"]))
WHOLE_SUBJECTS = st.lists(st.tuples(WHOLE_READING, WHOLE_READING, WHOLE_READING), min_size=1, max_size=12)


@st.composite
def items(draw: Any) -> Item:
    least, most = draw(
        st.sampled_from(
            [
                ("0", None),
                ("-5", None),
                ("0", "8"),
                ("-100", "150"),
                ("0", "1.25"),
                ("-1.25", "0.75"),
                ("0.26", "1.26"),
            ]
        )
    )
    return Item(
        read_rule(draw(RULES)),
        Decimal(draw(st.sampled_from(["1", "5", "7.5", "10", "100"]))),
        least=Decimal(least),
        most=None if most is None else Decimal(most),
        places=draw(st.integers(0, 2)),
        mode=draw(st.sampled_from(["half_up", "down", "up"])),
    )


@pytest.mark.django_db
@given(item=items(), subjects=SUBJECTS)
def test_sql_equals_evaluation(item: Item, subjects: list[tuple[tuple[str | None, str], ...]]) -> None:
    expected = [item.score(Inputs(_readings(each))).points for each in subjects]
    assert _from_database(item, subjects) == expected
    least, most = item.least * 100, None if item.most is None else item.most * 100
    assert all(each is None or (each >= least and (most is None or each <= most)) for each in expected)


@pytest.mark.django_db
@given(item=items(), subjects=WHOLE_SUBJECTS)
def test_whole_numbers_are_reckoned_as_exactly_in_bigint(item: Item, subjects: Any) -> None:
    expected = [item.score(Inputs(_readings(each))).points for each in subjects]
    for bound in (1000, 10**12, 10**18):  # the last does not fit: numeric
        assert _from_database(item, subjects, bound) == expected


def test_what_might_not_fit_is_reckoned_in_numeric() -> None:
    item = Item(read_rule({"shape": "pro_rata", "value": "a", "target": "90"}), Decimal(10))
    assert exact_sql(item, {"a": Column("a", "b", 10**12)}).kind == "int8"
    assert exact_sql(item, {"a": Column("a", "b", 10**17)}).kind == "numeric"
    assert exact_sql(item, {"a": Column("a", "b")}).kind == "numeric"


def _readings(subject: Any) -> dict[str, Reading]:
    return {
        code: Reading(None if top is None else Decimal(top), Decimal(bottom))
        for code, (top, bottom) in zip(CODES, subject, strict=True)
    }


def _from_database(item: Item, subjects: Any, bound: int | None = None) -> list[int | None]:
    """One grouped statement for all subjects, as the engine asks."""
    columns = {code: Column(f"s.{code}_top", f"s.{code}_bottom", bound) for code in CODES}
    kind = "numeric" if bound is None else "bigint"
    names = ", ".join(f"{code}_top, {code}_bottom" for code in CODES)
    values = [[n, *(side for reading in each for side in reading)] for n, each in enumerate(subjects)]
    row = "(%s::int" + f", %s::{kind}, %s::{kind}" * len(CODES) + ")"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {item_sql(item, columns)} FROM (VALUES {', '.join([row] * len(values))})"
            f" AS s(n, {names}) ORDER BY s.n",
            [side for each in values for side in each],
        )
        return [points for (points,) in cursor.fetchall()]


@pytest.mark.django_db
def test_a_half_that_a_quotient_would_lose() -> None:
    # 1/3 of 0.015 is exactly half a hundredth of a point; a third as numeric is a little less.
    rule = {"shape": "pro_rata", "value": "a", "target": "3"}
    item = Item(read_rule(rule), Decimal("0.015"))
    one = (("1", "1"), ("0", "1"), ("0", "1"))
    assert item.score(Inputs(_readings(one))).points == 1
    assert _from_database(item, [one]) == [1]


COUNTED = st.one_of(st.none(), st.integers(0, 300).map(str))


@given(item=items(), values=st.tuples(COUNTED, COUNTED, COUNTED), bottom=st.sampled_from(["0", "1", "7"]))
def test_no_points_lie_beyond_the_reach_of_a_rule(item: Item, values: Any, bottom: str) -> None:
    found = reach(item.rule, item.full_mark)
    readings = _readings(
        [(top, bottom if code == "b" else "1") for code, top in zip(CODES, values, strict=True)]
    )
    points = item.rule.evaluate(Inputs(readings), item.full_mark).points
    if points is None:
        assert found.may_drop
    else:
        assert found.least <= points <= found.most


@given(item=items(), subject=st.tuples(READING, READING, READING))
def test_the_last_line_has_the_points_of_the_item(item: Item, subject: Any) -> None:
    scored = item.score(Inputs(_readings(subject)))
    assert scored.points is None or scored.lines[-1].points == Fraction(scored.points, 100)
    assert item.words({})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "bounds", "value", "points", "last"),
    [
        # 1.25 at most, to one place: 1.3 would be more than the item can give.
        ({"target": "10"}, {"most": "1.25"}, "9", 125, "本项最高 1.25 分，计 1.25 分"),
        ({"target": "100"}, {"most": "1.27"}, "12.6", 127, "本项最高 1.27 分，计 1.27 分"),
        ({"target": "100"}, {"least": "0.36", "mode": "down"}, "1", 36, "本项最低 0.36 分，计 0.36 分"),
        ({"target": "100"}, {"most": "1.27"}, "12.4", 120, "保留 1 位小数四舍五入，计 1.2 分"),
    ],
)
def test_bounds_hold_after_rounding(
    rule: dict[str, str], bounds: dict[str, str], value: str, points: int, last: str
) -> None:
    decimals = {name: text if name == "mode" else Decimal(text) for name, text in bounds.items()}
    shape = read_rule({"shape": "pro_rata", "value": "a"} | rule)
    item = Item(shape, Decimal(10), places=1, **decimals)  # type: ignore[arg-type] # by name
    one = ((value, "1"), ("0", "1"), ("0", "1"))
    found = item.score(Inputs(_readings(one)))
    assert (found.points, found.lines[-1].text) == (points, last)
    assert found.lines[-1].points == Fraction(points, 100)
    assert _from_database(item, [one]) == [points]
