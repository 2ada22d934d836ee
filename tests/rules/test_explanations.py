"""What explanations say is true and leads to the points: every bound, cap and rounding has its line."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from communities.base.rules import Inputs, Item, ItemScore, Named, read_rule
from tests.rules.conftest import deduction, inputs
from tests.rules.test_vectors import BEST, BONUS, FEWER, PRO_RATA, SATISFACTION, SHORTFALL, SUM, THRESHOLD

FROM_SIXTY = PRO_RATA | {"zero": "60"}
BELOW_ZERO = THRESHOLD | {"otherwise": "-3"}


def scored(rule: dict[str, Any], full: str = "10", /, bounds: Any = None, **values: Any) -> ItemScore:
    """An item's points with its lines."""
    return Item(read_rule(rule), Decimal(full), **(bounds or {})).score(inputs(**values))


def texts(rule: dict[str, Any], full: str = "10", /, bounds: Any = None, **values: Any) -> list[str]:
    return [line.text for line in scored(rule, full, bounds, **values).lines]


def words(rule: dict[str, Any], full: str = "10", **bounds: Any) -> list[str]:
    return Item(read_rule(rule), Decimal(full), **bounds).words({})


# ---------------------------------------------------------------- in proportion


@pytest.mark.parametrize(
    ("rule", "value", "told"),
    [
        (PRO_RATA, 70, "v 70，为目标的 87.5%，得 8.75 分"),
        (PRO_RATA, 100, "v 100，为目标的 125%，最多得 10 分，得 10 分"),
        (PRO_RATA | {"ceiling": "120"}, 90, "v 90，为目标的 112.5%，得 11.25 分"),
        (FROM_SIXTY, 70, "v 70，处于 60 至 80 之间的 50% 处，得 5 分"),
        (FROM_SIXTY, 60, "v 60，不高于得 0 分的 60，得 0 分"),
        (FROM_SIXTY, 40, "v 40，不高于得 0 分的 60，得 0 分"),
        (FROM_SIXTY, 80, "v 80，不低于得满分的 80，得 10 分"),
        (FROM_SIXTY, 90, "v 90，不低于得满分的 80，得 10 分"),
        (FROM_SIXTY | {"ceiling": "120"}, 82, "v 82，不低于得满分的 80，按同一比例合满分的 110%，得 11 分"),
        (
            FROM_SIXTY | {"ceiling": "120"},
            90,
            "v 90，不低于得满分的 80，按同一比例合满分的 150%，最多得 12 分，得 12 分",
        ),
        (FEWER, 3, "v 3，处于 6 至 2 之间的 75% 处，得 7.5 分"),
        (FEWER, 7, "v 7，不低于得 0 分的 6，得 0 分"),
        (FEWER, 1, "v 1，不高于得满分的 2，得 10 分"),
    ],
)
def test_a_share_is_said_of_what_it_is_a_share_of(rule: dict[str, Any], value: int, told: str) -> None:
    assert texts(rule, v=value)[0] == told


def test_a_share_between_shares_names_its_unit() -> None:
    item = Item(read_rule(FROM_SIXTY), Decimal(10))
    found = item.score(Inputs(inputs(v=70).readings, {"v": Named("满意率", "%")}))
    assert found.lines[0].text == "满意率 70%，处于 60% 至 80% 之间的 50% 处，得 5 分"


# ---------------------------------------------------------------- the last line leads to the points


@pytest.mark.parametrize(
    ("rule", "found", "closing"),
    [
        (deduction(v="2"), {"v": 3}, ["满分 10 分，共扣 6 分，得 4 分"]),
        (deduction(v="2"), {"v": 0}, ["满分 10 分，共扣 0 分，得 10 分"]),
        (deduction(v="2"), {"v": 8}, ["满分 10 分，共扣 16 分，扣完为止，得 0 分"]),
        (
            deduction(v="2") | {"floor": "-5"},
            {"v": 9},
            ["满分 10 分，共扣 18 分，最低得 -5 分，得 -5 分", "本项最低 0 分，计 0 分"],
        ),
        (deduction(v="2") | {"floor": "3"}, {"v": 9}, ["满分 10 分，共扣 18 分，最低得 3 分，得 3 分"]),
        (BONUS, {"national": 1, "city": 7}, ["合计加 8 分，最多加 5 分，得 5 分"]),
        (BONUS, {"national": 0, "city": 2}, ["合计加 2 分，得 2 分"]),
        (BELOW_ZERO, {"v": 1}, ["v 1，未达到“不低于 80”，得 -3 分", "本项最低 0 分，计 0 分"]),
    ],
)
def test_closing_lines(rule: dict[str, Any], found: dict[str, Any], closing: list[str]) -> None:
    assert texts(rule, **found)[-len(closing) :] == closing


@pytest.mark.parametrize(
    ("bounds", "value", "closing"),
    [
        ({"places": 0, "mode": "up"}, 1, ["保留 0 位小数进位，计 4 分"]),
        ({"places": 1, "mode": "down"}, 1, ["保留 1 位小数舍去，计 3.3 分"]),
        ({}, 1, ["保留 2 位小数四舍五入，计 3.33 分"]),
        ({"most": Decimal(6)}, 2, ["本项最高 6 分，计 6 分"]),
        (
            {"most": Decimal("2.5"), "places": 0, "mode": "down"},
            1,
            ["本项最高 2.5 分，计 2.5 分", "保留 0 位小数舍去，计 2 分"],
        ),
        ({"most": Decimal(10)}, 3, []),
        ({"places": 0}, 3, []),
    ],
)
def test_what_the_item_makes_of_its_rule(bounds: dict[str, Any], value: int, closing: list[str]) -> None:
    rule = PRO_RATA | {"target": "3"}
    assert texts(rule, "10", bounds, v=value)[1:] == closing


def test_the_rule_itself_keeps_its_roundabout_number() -> None:
    assert texts(PRO_RATA | {"target": "3"}, v=1)[0].endswith("得 约 3.3333 分")


@pytest.mark.parametrize("rule", [THRESHOLD, deduction(v="2"), BELOW_ZERO, SHORTFALL, SUM, BEST, BONUS])
@pytest.mark.parametrize("value", [None, 0, 1, 7, 59, 100])
@pytest.mark.parametrize("bounds", [{}, {"places": 0, "mode": "down"}, {"most": Decimal(3)}])
def test_the_last_line_has_the_points(rule: dict[str, Any], value: int | None, bounds: Any) -> None:
    found = scored(rule, "10", bounds, **dict.fromkeys(read_rule(rule).reads(), value))
    assert found.points is not None
    assert found.lines[-1].points == Fraction(found.points, 100)


# ---------------------------------------------------------------- the item's bounds in words


def test_bounds_of_the_item_are_said_with_the_rule() -> None:
    assert words(THRESHOLD)[-1] == "未报时计 0 分；分母为 0 时本项不适用。"
    assert words(BELOW_ZERO)[-1] == "本项最低得 0 分。"
    assert words(deduction(v="2") | {"floor": "-5"})[-1] == "本项最低得 0 分。"
    assert words(BELOW_ZERO, least=Decimal(-3))[-1] == "本项最低得 -3 分。"
    assert words(BELOW_ZERO, most=Decimal(8))[-2:] == ["本项最低得 0 分。", "本项最高得 8 分。"]
    assert words(SUM, "5", most=Decimal(5))[-1] == "本项最高得 5 分。"
    assert words(THRESHOLD, places=0, mode="up")[-1] == "得分保留 0 位小数，进位。"


# ---------------------------------------------------------------- gates


def test_a_gate_says_what_happens_when_nobody_reported() -> None:
    condition = {"value": "accidents", "operator": "gt", "target": "0"}
    veto = {"shape": "gate", "condition": condition, "rule": THRESHOLD}
    assert words(veto)[0] == "accidents高于 0的，本项计 0 分；未报或分母为 0 的，不视为否决。"
    assert texts(veto, v=80)[0] == "accidents未报，不视为否决"
    assert texts(veto, accidents=(1, 0), v=80)[0] == "accidents分母为 0，不视为否决"
    assert texts(veto, accidents=0, v=80)[0].startswith("v 80")
    assert texts(veto, accidents=1, v=80) == ["accidents高于 0，一票否决，计 0 分"]
    require = veto | {"effect": "require"}
    assert words(require)[0] == "accidents高于 0的才计分，否则计 0 分；未报或分母为 0 的，视为不符合。"
    assert texts(require, v=80) == ["accidents未报，视为不符合前提“accidents高于 0”，计 0 分"]
    assert texts(require, accidents=0, v=80) == ["不符合前提“accidents高于 0”，计 0 分"]
    assert texts(require, accidents=1, v=80)[0].startswith("v 80")


# ---------------------------------------------------------------- rules of rules


@pytest.mark.parametrize("how", ["best", "worst"])
def test_what_one_part_decides_is_not_taken_in_proportion(how: str) -> None:
    rule = BEST | {"how": how}
    assert words(rule, "3")[0].endswith("；有部分不适用时不计入。")
    told = texts(rule, "3", province=(0, 0), city=2)
    assert "第 1 部分：不计入" in told


def test_sums_and_weights_are_taken_in_proportion() -> None:
    assert words(SUM)[0] == "各部分得分相加；有部分不适用时不计入，其余按比例折算。"
    assert "第 2 部分：不计入，其余按比例折算" in texts(SUM, v=40, w=(0, 0))
    assert words(BEST | {"not_applicable": "full"}, "3")[0].endswith("；有部分不适用时计满分。")
    parts = [{"rule": deduction(activity="2")}, {"rule": SATISFACTION}]
    rule = {"shape": "combined", "how": "deductions", "parts": parts}
    assert words(rule)[0] == "各部分所扣分数相加；有部分不适用时不计入。"


def test_a_part_is_named_once() -> None:
    weighted = {
        "shape": "combined",
        "how": "weighted",
        "parts": [
            {"rule": BEST, "weight": "70"},
            {"rule": PRO_RATA | {"value": "w"}, "weight": "30", "title": "满意率"},
        ],
    }
    assert words(weighted) == [
        "各部分按权重折算；有部分不适用时不计入，其余按比例折算。",
        "第 1 部分(权重 70)：取得分最高的一部分；有部分不适用时不计入。",
        "\u3000第 1 部分：province不低于 1，得 3 分；否则得 0 分。",
        "\u3000\u3000未报时计 0 分；分母为 0 时本项不适用。",
        "\u3000第 2 部分：city不低于 2，得 2 分；否则得 0 分。",
        "\u3000\u3000未报时计 0 分；分母为 0 时本项不适用。",
        "\u3000最低得 0 分。",
        "满意率(权重 30)：w达到 80 得 100 分，0 得 0 分，其间按比例计分，最多 100 分。",
        "\u3000未报时计 0 分；分母为 0 时本项不适用。",
        "最低得 0 分。",
    ]
