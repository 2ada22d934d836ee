"""What would earn more, against steps reckoned by hand; a step always earns what it says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.base.rules import Inputs, Item, Reading, read_rule
from communities.base.rules.steps import next_step, with_value
from tests.rules.conftest import deduction, inputs
from tests.rules.test_sql import CODES, RULES, TOPS

THRESHOLD = {"shape": "threshold", "value": "v", "operator": "ge", "target": "80"}
CRIME = {
    "shape": "bands",
    "value": "v",
    "counts": "deduction",
    "bands": [{"least": "8", "points": "10"}, {"least": "6", "points": "3"}, {"points": "0"}],
}
BANDS = {
    "shape": "bands",
    "value": "v",
    "bands": [{"least": "90", "points": "10"}, {"least": "80", "points": "8"}, {"points": "0"}],
}


@pytest.mark.parametrize(
    ("rule", "found", "step"),
    [
        (THRESHOLD, {"v": 60}, ("v", 60, 80, 1000)),
        (THRESHOLD, {"v": 80}, None),
        (THRESHOLD, {"v": None}, ("v", None, 80, 1000)),
        (THRESHOLD, {"v": (0, 0)}, None),  # does not apply: nothing to be done
        (BANDS, {"v": 70}, ("v", 70, 80, 800)),  # the next band, not the best
        (CRIME, {"v": 7}, ("v", 7, Fraction("5.99"), 300)),
        ({"shape": "pro_rata", "value": "v", "target": "50"}, {"v": 20}, ("v", 20, 50, 600)),
        (deduction(sheds="5"), {"sheds": 2}, ("sheds", 2, 1, 500)),
        ({"shape": "bonus", "occurrences": [{"value": "v", "each": "2"}]}, {"v": 1}, ("v", 1, 2, 200)),
        (
            {
                "shape": "gate",
                "condition": {"value": "a", "operator": "gt", "target": "0"},
                "rule": THRESHOLD,
            },
            {"a": 1, "v": 90},
            ("a", 1, 0, 1000),
        ),
    ],
)
def test_the_smallest_change_that_earns_more(rule: Any, found: Any, step: Any) -> None:
    told = next_step(Item(read_rule(rule), Decimal(10)), inputs(**found))
    assert (None if told is None else (told.code, told.now, told.then, told.gain)) == step


@given(rule=RULES, tops=st.fixed_dictionaries(dict.fromkeys(CODES, TOPS)))
def test_a_step_earns_what_it_says(rule: Any, tops: Any) -> None:
    item = Item(read_rule(rule), Decimal(10), Decimal(-100))
    given_ = Inputs({code: Reading(None if top is None else Decimal(top)) for code, top in tops.items()})
    step = next_step(item, given_)
    if step is None:
        return
    before, after = item.score(given_).points, item.score(with_value(given_, step.code, step.then)).points
    assert before is not None
    assert after is not None
    assert step.gain == after - before > 0
    assert step.gap > 0
