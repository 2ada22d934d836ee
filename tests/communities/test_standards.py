"""Which of several thresholds holds: the pure choice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from communities.base.standards import (
    Conflict,
    Profile,
    Rule,
    Target,
    collide,
    household_breaks,
    household_steps,
    resolve,
)

ROOT, CITY, DISTRICT = "000001", "000001000002", "000001000002000003"
HERE = Profile(DISTRICT + "000004", "new", "central", "urban", 1200)


def rule(threshold: int, path: str = CITY, low: str | None = "100", **kwargs: object) -> Rule:
    kwargs.setdefault("operator", "ge")
    kwargs.setdefault("high", None)
    return Rule(threshold, "key", path, low=None if low is None else Decimal(low), **kwargs)


def chosen(*rules: Rule, profile: Profile = HERE) -> int | tuple[int, ...] | None:
    found = resolve(rules, profile)
    if isinstance(found, Conflict):
        return found.thresholds
    return found.threshold if isinstance(found, Target) else None


def test_none_matches() -> None:
    assert chosen() is None
    assert chosen(rule(1, "000009")) is None
    assert chosen(rule(1, DISTRICT + "000005")) is None


def test_the_nearest_jurisdiction() -> None:
    assert chosen(rule(1, ROOT), rule(2, DISTRICT, "80"), rule(3, CITY)) == 2


def test_most_conditions_within_one_jurisdiction() -> None:
    new = {"building_classes": frozenset({"new"})}
    assert chosen(rule(1), rule(2, **new), rule(3, **new, community_kinds=frozenset({"urban"}))) == 3


def test_conditions_do_not_beat_nearness() -> None:
    assert chosen(rule(1, DISTRICT), rule(2, CITY, building_classes=frozenset({"new"}))) == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"building_classes": frozenset({"old"})},
        {"location_classes": frozenset({"rural"})},
        {"community_kinds": frozenset({"converted"})},
        {"households": (1201, None)},
        {"households": (None, 1200)},
    ],
)
def test_a_condition_that_is_not_met(condition: dict) -> None:
    assert chosen(rule(1, **condition)) is None


def test_an_unknown_class_or_count_meets_no_condition() -> None:
    unknown = Profile(DISTRICT)
    assert chosen(rule(1, building_classes=frozenset({"new"})), profile=unknown) is None
    assert chosen(rule(1, households=(None, None)), profile=unknown) is None
    assert chosen(rule(1, step=Decimal(1), step_households=10), profile=unknown) is None
    assert chosen(rule(1), profile=unknown) == 1


def test_household_ranges_are_half_open() -> None:
    assert chosen(rule(1, households=(1200, 1201))) == 1


def test_equal_ones_are_a_conflict() -> None:
    assert chosen(rule(2), rule(1)) == (1, 2)


def test_a_conflict_far_away_does_not_matter() -> None:
    assert chosen(rule(1, ROOT), rule(2, ROOT), rule(3, DISTRICT)) == 3


FLOOR = {"force": "binding_floor"}


@pytest.mark.parametrize(
    ("near", "floor", "holds"),
    [
        (rule(1, DISTRICT, "80"), rule(2, CITY, "100", **FLOOR), 2),
        (rule(1, DISTRICT, "100"), rule(2, CITY, "80", **FLOOR), 1),
        (rule(1, DISTRICT, "100"), rule(2, CITY, "100", **FLOOR), 1),
        (rule(1, DISTRICT, "100"), rule(2, CITY, "100", operator="gt", **FLOOR), 2),
        (rule(1, DISTRICT, "80"), rule(2, CITY, "100"), 1),  # no floor
        (rule(1, CITY, "80"), rule(2, DISTRICT, "100", **FLOOR), 2),  # the nearest anyway
    ],
)
def test_a_floor_for_a_minimum(near: Rule, floor: Rule, holds: int) -> None:
    assert chosen(near, floor) == holds


@pytest.mark.parametrize(
    ("near", "floor", "holds"),
    [("30", "20", 2), ("20", "30", 1), ("20", "20", 1)],
)
def test_a_floor_for_a_maximum(near: str, floor: str, holds: int) -> None:
    above = rule(2, CITY, None, operator="le", high=Decimal(floor), **FLOOR)
    assert chosen(rule(1, DISTRICT, None, operator="le", high=Decimal(near)), above) == holds


def test_a_floor_for_a_range_is_stricter_when_it_lies_inside() -> None:
    def between(threshold: int, path: str, low: str, high: str, **kwargs: object) -> Rule:
        return rule(threshold, path, low, operator="between", high=Decimal(high), **kwargs)

    near = between(1, DISTRICT, "300", "500")
    assert chosen(near, between(2, CITY, "350", "500", **FLOOR)) == 2
    assert chosen(near, between(2, CITY, "350", "600", **FLOOR)) == 1
    assert chosen(near, between(2, CITY, "300", "500", **FLOOR)) == 1


def test_a_floor_in_another_direction_is_a_conflict() -> None:
    assert chosen(rule(1, DISTRICT), rule(2, CITY, None, operator="le", high=Decimal(20), **FLOOR)) == (1, 2)


def test_the_strictest_of_several_floors_and_the_most_specific_of_each_place() -> None:
    new = {"building_classes": frozenset({"new"})}
    assert chosen(rule(1, DISTRICT, "80"), rule(2, CITY, "90", **FLOOR), rule(3, ROOT, "95", **FLOOR)) == 3
    assert (
        chosen(rule(1, DISTRICT, "80"), rule(2, CITY, "200", **FLOOR), rule(3, CITY, "70", **FLOOR, **new))
        == 1
    )


def test_two_equal_floors_are_a_conflict() -> None:
    assert chosen(rule(1, DISTRICT, "80"), rule(2, CITY, "90", **FLOOR), rule(3, CITY, "95", **FLOOR)) == (
        2,
        3,
    )


def test_what_is_striven_for_is_left_out() -> None:
    assert chosen(rule(1, CITY, "80"), rule(2, DISTRICT, "300", force="strive_to")) == 1


@pytest.mark.parametrize(
    ("households", "low"), [(0, 100), (1, 110), (500, 110), (501, 120), (1000, 120), (1001, 130)]
)
def test_steps(households: int, low: int) -> None:
    stepped = rule(1, step=Decimal(10), step_households=500)
    target = resolve([stepped], Profile(DISTRICT, households=households))
    assert isinstance(target, Target)
    assert target.low == low


def test_a_floor_is_compared_with_its_steps() -> None:
    near, floor = (
        rule(1, DISTRICT, "115"),
        rule(2, CITY, "100", step=Decimal(10), step_households=500, **FLOOR),
    )
    assert chosen(near, floor, profile=Profile(DISTRICT, households=500)) == 1
    assert chosen(near, floor, profile=Profile(DISTRICT, households=501)) == 2


def test_breaks_and_steps_of_households() -> None:
    rules = [
        rule(1, households=(1000, 2000)),
        rule(2, households=(None, 1000)),
        rule(3, step=Decimal(1), step_households=300),
    ]
    assert household_breaks(rules) == [1000, 2000]
    assert household_steps(rules) == [300]


SIDES: list[dict[str, object]] = [
    {},
    {"building_classes": frozenset({"new"})},
    {"building_classes": frozenset({"new", "old"})},
    {"building_classes": frozenset({"old"})},
    {"location_classes": frozenset({"central"})},
    {"households": (None, 1000)},
    {"households": (999, None)},
    {"households": (1000, 2000)},
    {"households": (0, 500), "building_classes": frozenset({"old"})},
]


@pytest.mark.parametrize("one", SIDES)
@pytest.mark.parametrize("other", SIDES)
def test_rules_that_collide_leave_no_choice_for_somebody(
    one: dict[str, object], other: dict[str, object]
) -> None:
    """What is refused at saving the choice would call a conflict; only rules of other conditions are let be."""
    first, second = rule(1, **one), rule(2, **other)
    profiles = [
        Profile(DISTRICT, building, location, "urban", households)
        for building in ("new", "old")
        for location in ("central", "rural")
        for households in (0, 499, 999, 1000, 1999, 2000, 3000)
    ]
    torn = any(isinstance(resolve([first, second], profile), Conflict) for profile in profiles)
    same_conditions = one.keys() == other.keys()
    assert collide(first, second) == collide(second, first) == (torn and same_conditions)
