"""Every shape against points that were reckoned by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from communities.base.rules import Item, read_rule, rounded
from communities.base.rules.items import GroupPart, bonus_total, filled, grade_of, group_total
from tests.rules.conftest import deduction, hundredths, inputs

SATISFACTION = {
    "shape": "bands",
    "value": "satisfaction",
    "counts": "deduction",
    "bands": [{"least": "90", "points": "0"}, {"least": "80", "points": "1"}, {"points": "5"}],
}
# A quarterly cross-check of new villages: item, full mark, what was found, points by hand.
QUARTERLY = {
    "环境整治": (deduction(mess="1", weeds="1"), "10", {"mess": 3, "weeds": 2}, 500),
    "私搭乱建": (deduction(sheds="5"), "25", {"sheds": 1}, 2000),
    "菜园管理": (deduction(plots="5", tall="1", weedy="1"), "35", {"plots": 1, "tall": 0, "weedy": 2}, 2800),
    "机构运行": (deduction(meeting="5", box="2", sign="1"), "10", {"meeting": 1, "box": 1, "sign": 1}, 200),
    "安全稳定": (
        {
            "shape": "gate",
            "condition": {"value": "accidents", "operator": "gt", "target": "0"},
            "rule": deduction(mediation="0.5"),
        },
        "10",
        {"accidents": 0, "mediation": 1},
        950,
    ),
    "群众引导": (
        {
            "shape": "combined",
            "how": "deductions",
            "parts": [{"rule": deduction(activity="2")}, {"rule": SATISFACTION}],
        },
        "10",
        {"activity": 0, "satisfaction": 86},
        900,
    ),
}


@pytest.mark.parametrize("name", QUARTERLY)
def test_the_quarterly_cross_check_item_by_item(name: str) -> None:
    rule, full, found, points = QUARTERLY[name]
    assert hundredths(rule, full, **found) == points


def test_the_quarterly_cross_check_is_73_5() -> None:
    assert sum(hundredths(rule, full, **found) or 0 for rule, full, found, _p in QUARTERLY.values()) == 7350
    assert [full for _rule, full, _found, _points in QUARTERLY.values()] == [
        "10",
        "25",
        "35",
        "10",
        "10",
        "10",
    ]


def test_an_accident_takes_the_whole_item() -> None:
    rule, full, _found, _points = QUARTERLY["安全稳定"]
    scored = Item(read_rule(rule), Decimal(full)).score(inputs(accidents=1, mediation=0))
    assert scored.points == 0
    assert "一票否决" in scored.lines[0].text


THRESHOLD = {"shape": "threshold", "value": "v", "operator": "ge", "target": "80"}
PRO_RATA = {"shape": "pro_rata", "value": "v", "target": "80"}
FEWER = {"shape": "pro_rata", "value": "v", "target": "2", "zero": "6"}
SHORTFALL = {"shape": "shortfall", "value": "v", "target": "60", "step": "3", "points": "0.5"}
BONUS = {
    "shape": "bonus",
    "cap": "5",
    "missing": "none",
    "occurrences": [{"value": "national", "each": "5"}, {"value": "city", "each": "1", "at_most": "3"}],
}
BEST = {
    "shape": "combined",
    "how": "best",
    "parts": [
        {
            "rule": {"shape": "threshold", "value": "province", "operator": "ge", "target": "1"},
            "full_mark": "3",
        },
        {"rule": {"shape": "threshold", "value": "city", "operator": "ge", "target": "2"}, "full_mark": "2"},
    ],
}
# 50 x (75 + 25): two inner scales of 100, weighted 3 to 1.
WEIGHTED = {
    "shape": "combined",
    "how": "weighted",
    "parts": [{"rule": PRO_RATA, "weight": "75"}, {"rule": {**PRO_RATA, "value": "w"}, "weight": "25"}],
}
SUM = {
    "shape": "combined",
    "how": "sum",
    "parts": [{"rule": PRO_RATA, "full_mark": "6"}, {"rule": {**PRO_RATA, "value": "w"}, "full_mark": "4"}],
}


@pytest.mark.parametrize(
    ("rule", "full", "found", "points"),
    [
        # on, just under and over the threshold; a share that is exactly on it: 4 of 5 is 80 %
        (THRESHOLD, "10", {"v": 80}, 1000),
        (THRESHOLD, "10", {"v": "79.9999"}, 0),
        (THRESHOLD | {"operator": "gt"}, "10", {"v": 80}, 0),
        (THRESHOLD, "10", {"v": (400, 5)}, 1000),
        (THRESHOLD | {"otherwise": "3"}, "10", {"v": 1}, 300),
        # nobody reported; nothing to divide by
        (THRESHOLD, "10", {"v": None}, 0),
        (THRESHOLD | {"missing": "full"}, "10", {"v": None}, 1000),
        (THRESHOLD, "10", {"v": (0, 0)}, None),
        (THRESHOLD | {"no_base": "zero"}, "10", {"v": (0, 0)}, 0),
        (SATISFACTION, "10", {"satisfaction": 90}, 1000),
        (SATISFACTION, "10", {"satisfaction": "89.99"}, 900),
        (SATISFACTION, "10", {"satisfaction": 80}, 900),
        (SATISFACTION, "10", {"satisfaction": 78}, 500),
        # 2 of 3: 66.66... % of 80 is 83.33... %, of 10 points 8.33
        (PRO_RATA, "10", {"v": (200, 3)}, 833),
        (PRO_RATA, "10", {"v": 120}, 1000),
        (PRO_RATA | {"ceiling": "120"}, "10", {"v": 120}, 1200),
        (PRO_RATA, "10", {"v": -5}, 0),
        # lower is better: 2 full, 6 nothing, 3 three quarters
        (FEWER, "10", {"v": 3}, 750),
        (FEWER, "10", {"v": 1}, 1000),
        (FEWER, "10", {"v": 7}, 0),
        # 10 short of 60 is 3 1/3 steps of 3
        (SHORTFALL, "5", {"v": 50}, 333),
        (SHORTFALL | {"part_steps": "ignored"}, "5", {"v": 50}, 350),
        (SHORTFALL | {"part_steps": "full"}, "5", {"v": 50}, 300),
        (SHORTFALL | {"part_steps": "full"}, "5", {"v": 57}, 450),
        (SHORTFALL, "5", {"v": 0}, 0),
        (SHORTFALL | {"floor": "-10"}, "5", {"v": 0}, -500 + 0),
        (SHORTFALL | {"direction": "at_most"}, "5", {"v": 66}, 400),
        (deduction(v="2") | {"floor": "-3"}, "4", {"v": 9}, -300),
        (deduction(v="2") | {"missing": "none"}, "4", {"v": None}, 400),
        (deduction(v="2"), "4", {"v": None}, 0),
        (BONUS, "10", {"national": 0, "city": 7}, 300),
        (BONUS, "10", {"national": 1, "city": 2}, 500),
        (BONUS, "10", {"national": None, "city": None}, 0),
        (BEST, "3", {"province": 1, "city": 0}, 300),
        (BEST, "3", {"province": 0, "city": 2}, 200),
        (BEST | {"how": "worst"}, "3", {"province": 1, "city": 2}, 200),
        # 75 x 1 + 25 x 1/2 = 87.5 of 100, of 50 points 43.75
        (WEIGHTED, "50", {"v": 80, "w": 40}, 4375),
        (WEIGHTED, "50", {"v": 80, "w": (0, 0)}, 5000),
        (SUM, "10", {"v": 40, "w": 80}, 700),
        # the second part does not apply: 3 of 6, rescaled to 10
        (SUM, "10", {"v": 40, "w": (0, 0)}, 500),
        (SUM | {"not_applicable": "full"}, "10", {"v": 40, "w": (0, 0)}, 700),
        (SUM | {"not_applicable": "zero"}, "10", {"v": 40, "w": (0, 0)}, 300),
        (SUM, "10", {"v": (0, 0), "w": (0, 0)}, None),
    ],
)
def test_points_by_hand(rule: dict[str, Any], full: str, found: dict[str, Any], points: int | None) -> None:
    # The item's own floor is another matter.
    item = Item(read_rule(rule), Decimal(full), least=Decimal(-100))
    scored = item.score(inputs(**found))
    assert scored.points == points
    assert scored.lines
    assert read_rule(rule).words(Decimal(full), {})


@pytest.mark.parametrize(
    ("points", "places", "mode", "expected"),
    [
        (Fraction(1, 200), 2, "half_up", 1),
        (Fraction(-1, 200), 2, "half_up", -1),
        (Fraction(149, 100), 0, "half_up", 100),
        (Fraction(3, 2), 0, "half_up", 200),
        (Fraction(199, 100), 1, "down", 190),
        (Fraction(191, 100), 1, "up", 200),
        (Fraction(-191, 100), 1, "up", -200),
        (Fraction(2), 0, "up", 200),
        (Fraction(1, 3), 2, "half_up", 33),
    ],
)
def test_rounding(points: Fraction, places: int, mode: str, expected: int) -> None:
    assert rounded(points, places, mode) == expected


def test_items_that_do_not_apply() -> None:
    def item(policy: str) -> Item:
        return Item(read_rule(THRESHOLD), Decimal(10), not_applicable=policy)

    peers = [900, None, 1000, 1000]
    assert filled(item("full"), None, peers) == 1000
    assert filled(item("drop"), None, peers) is None
    assert filled(item("zero"), None, peers) == 0
    assert filled(item("peers_mean"), None, peers) == 967  # 966.66...
    assert filled(item("peers_mean"), None, [None]) is None
    assert filled(item("zero"), 300, peers) == 300
    assert filled(item("full"), None, peers, is_asked=False) is None


def test_a_group_rescales_what_is_dropped_and_nests_scales() -> None:
    # a town without a lake: 88 of the 98 points that apply, taken as 100: 89.795...
    assert group_total([GroupPart(8800, 9800), GroupPart(None, 200)], 10_000) == 8980
    # 50 x (75 + 25) with 60 and 20 earned
    assert group_total([GroupPart(6000, 7500), GroupPart(2000, 2500)], 5000) == 4000
    assert group_total([GroupPart(-500, 1000), GroupPart(200, 1000)], 2000) == 0
    assert group_total([GroupPart(-500, 1000), GroupPart(200, 1000)], 2000, least=None) == -300
    assert group_total([GroupPart(None, 1000)], 1000) is None


def test_grades_by_cut_points_and_vetoes() -> None:
    cuts = [9000, 8000, 6000]
    assert [grade_of(cuts, total) for total in (9000, 8999, 8000, 6000, 5999, -100)] == [
        1,
        2,
        2,
        3,
        None,
        None,
    ]
    assert grade_of(cuts, 9500, ["bar_top"]) == 2
    assert grade_of(cuts, 8500, ["bar_top"]) == 2
    assert grade_of(cuts, 9500, ["drop"]) == 2
    assert grade_of(cuts, 9500, ["drop", "bar_top"]) == 2
    assert grade_of(cuts, 9500, ["drop", "drop"]) == 3
    assert grade_of(cuts, 6500, ["drop"]) is None
    assert grade_of(cuts, 9999, ["fail", "drop"]) is None
    assert grade_of([9000], 9500, ["bar_top"]) is None


def test_bonus_points_stop_at_their_most() -> None:
    assert bonus_total([300, None, 400], 500) == 500
    assert bonus_total([300, None], 500) == 300
    assert bonus_total([None], 500) == 0
    assert bonus_total([-300, 100], 500) == 0
    assert bonus_total([-300, 100], 500, least=None) == -200
