"""Thresholds: what a rule book can set a number for, and which of several numbers holds.

The choice (:func:`resolve`) is made once for each *profile*, all communities that no threshold can tell apart,
never once for each community. In words: of the thresholds in force that match,

1. the nearest jurisdiction's holds,
2. among several of one jurisdiction the one with the most conditions,
3. unless a *binding floor* of a higher jurisdiction is stricter in the operator's direction: then the floor,
4. and two that are still equal are an error of configuration: no target, and the pair is listed.

What a rule book only strives for is no target.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# The stored words of communities.choices (Operator, Force), which this floor may not import.
MINIMUM = frozenset({"ge", "gt"})
MAXIMUM = frozenset({"le", "lt"})
BINDING_FLOOR = "binding_floor"
STRIVE_TO = "strive_to"


@dataclass(frozen=True)
class ThresholdKey:
    """``code`` stands in rows, ``name`` is what people read, ``unit`` is the unit of the bound."""

    code: str
    name: Any
    unit: str


# Filled at import of each app's ``indicators`` module.
THRESHOLD_KEYS: dict[str, ThresholdKey] = {}


def declare_threshold_key(code: str, name: Any, unit: str) -> ThresholdKey:
    """Raises ValueError when two apps claim one code."""
    if code in THRESHOLD_KEYS:
        raise ValueError(f"threshold key {code} is declared twice")
    key = THRESHOLD_KEYS[code] = ThresholdKey(code, name, unit)
    return key


def check_threshold_key(value: str) -> None:
    """Validator: the key must be one that some indicator measures."""
    if value not in THRESHOLD_KEYS:
        raise ValidationError(
            _("「%(value)s」不是已知的标准项目。"), code="unknown_threshold_key", params={"value": value}
        )


@dataclass(frozen=True)
class Profile:
    """Communities that no threshold tells apart; ``path`` ends at the deepest place that sets thresholds.

    ``households`` is the count of any one of them (None: no count of the preferred source): a profile is cut so
    finely that each gives the same answer. An unknown class is empty and matches no condition on it.
    """

    path: str
    building_class: str = ""
    location_class: str = ""
    community_kind: str = ""
    households: int | None = None


@dataclass(frozen=True)
class Rule:
    """A threshold in force, as the choice sees it; ``path`` is its jurisdiction's on the day.

    None means any. ``households`` is half-open, an open side None.
    """

    threshold: int
    key: str
    path: str
    operator: str
    low: Decimal | None
    high: Decimal | None
    force: str = "default"
    step: Decimal | None = None
    step_households: int | None = None
    building_classes: frozenset[str] | None = None
    location_classes: frozenset[str] | None = None
    community_kinds: frozenset[str] | None = None
    households: tuple[int | None, int | None] | None = None

    @property
    def conditions(self) -> int:
        """How many conditions are set: the more, the more specific."""
        given = (self.building_classes, self.location_classes, self.community_kinds, self.households)
        return sum(condition is not None for condition in given)

    def matches(self, profile: Profile) -> bool:
        """Whether the rule speaks about these communities.

        A bound that grows with the households says nothing about a community whose households are unknown.
        """
        if not profile.path.startswith(self.path):
            return False
        classes = (
            (self.building_classes, profile.building_class),
            (self.location_classes, profile.location_class),
            (self.community_kinds, profile.community_kind),
        )
        if any(allowed is not None and value not in allowed for allowed, value in classes):
            return False
        if self.step is not None and profile.households is None:
            return False
        return self.households is None or _inside(profile.households, self.households)

    def target(self, profile: Profile) -> Target:
        """The bounds for a profile: the stated ones plus one step for each started ``step_households``."""
        more = Decimal(0)
        if self.step is not None and self.step_households and profile.households is not None:
            more = self.step * -(-profile.households // self.step_households)
        return Target(
            self.threshold,
            self.operator,
            None if self.low is None else self.low + more,
            None if self.high is None else self.high + more,
            self.step,
            self.step_households,
        )


def _inside(households: int | None, bounds: tuple[int | None, int | None]) -> bool:
    low, high = bounds
    return (
        households is not None and (low is None or households >= low) and (high is None or households < high)
    )


@dataclass(frozen=True)
class Target:
    """What a profile is held against: the bounds in effect, steps included, and the threshold they come from."""

    threshold: int
    operator: str
    low: Decimal | None
    high: Decimal | None
    step: Decimal | None = None
    step_households: int | None = None

    def is_stricter_than(self, other: Target) -> bool | None:
        """Whether fewer values meet this than ``other``; None when the two ask for different directions."""
        low, high, other_low, other_high = (
            Decimal(0) if bound is None else bound for bound in (self.low, self.high, other.low, other.high)
        )
        if {self.operator, other.operator} <= MINIMUM:
            return (low, self.operator == "gt") > (other_low, other.operator == "gt")
        if {self.operator, other.operator} <= MAXIMUM:
            return (-high, self.operator == "lt") > (-other_high, other.operator == "lt")
        if self.operator == other.operator == "between":
            return (low, high) != (other_low, other_high) and low >= other_low and high <= other_high
        return None


@dataclass(frozen=True)
class Conflict:
    """Thresholds of one key between which no rule chooses: to be set right by a standards officer."""

    key: str
    thresholds: tuple[int, ...]


def resolve(rules: Iterable[Rule], profile: Profile) -> Target | Conflict | None:
    """The target of one key for a profile; None when no standard applies."""
    matching = sorted(
        (rule for rule in rules if rule.force != STRIVE_TO and rule.matches(profile)),
        key=lambda rule: rule.path,
    )
    if not matching:
        return None
    nearest = matching[-1].path
    chosen = _most_specific(rule for rule in matching if rule.path == nearest)
    if isinstance(chosen, Conflict):
        return chosen
    floors = (rule for rule in matching if rule.path != nearest and rule.force == BINDING_FLOOR)
    target, source = chosen.target(profile), chosen
    for _path, of_one_place in groupby(floors, key=lambda rule: rule.path):
        floor = _most_specific(of_one_place)
        if isinstance(floor, Conflict):
            return floor
        stricter = floor.target(profile).is_stricter_than(target)
        if stricter is None:
            return Conflict(floor.key, tuple(sorted((floor.threshold, source.threshold))))
        if stricter:
            target, source = floor.target(profile), floor
    return target


def _most_specific(rules: Iterable[Rule]) -> Rule | Conflict:
    candidates = list(rules)
    most = max(rule.conditions for rule in candidates)
    best = [rule for rule in candidates if rule.conditions == most]
    if len(best) > 1:
        return Conflict(best[0].key, tuple(sorted(rule.threshold for rule in best)))
    return best[0]


def collide(one: Rule, other: Rule) -> bool:
    """Whether two rules of one key, jurisdiction and force leave no choice for some community, at equal days.

    Surely so only where both set the same conditions and each of them overlaps. Rules that set different ones may
    be told apart by a third that sets both; whether a community is left without is known when it is measured.
    """
    pairs = (
        (one.building_classes, other.building_classes),
        (one.location_classes, other.location_classes),
        (one.community_kinds, other.community_kinds),
    )
    if any(
        (mine is None) != (theirs is None) for mine, theirs in (*pairs, (one.households, other.households))
    ):
        return False
    if any(mine is not None and theirs is not None and not mine & theirs for mine, theirs in pairs):
        return False
    if one.households is None or other.households is None:
        return True
    least = max(bounds[0] or 0 for bounds in (one.households, other.households))
    ends = [bounds[1] for bounds in (one.households, other.households) if bounds[1] is not None]
    return not ends or least < min(ends)


def household_breaks(rules: Iterable[Rule]) -> list[int]:
    """Counts at which some rule's household range begins or ends, ascending."""
    bounds = {bound for rule in rules if rule.households is not None for bound in rule.households}
    return sorted(bound for bound in bounds if bound is not None)


def household_steps(rules: Iterable[Rule]) -> list[int]:
    """The different ``step_households`` in use, ascending."""
    return sorted({rule.step_households for rule in rules if rule.step_households is not None})


def jurisdictions(rules: Sequence[Rule]) -> list[str]:
    """Paths of the places that set thresholds."""
    return sorted({rule.path for rule in rules})
