"""Which standards hold for which communities: resolved once per profile, kept once per set."""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from communities.base.measures import Assessment
from communities.base.standards import Conflict, Profile, Rule, Target, resolve
from portal.scorecards.engine.frame import EVERYWHERE, RuleBook, frame, rule_book
from portal.scorecards.engine.sql import Sql
from portal.scorecards.models import TargetSet

Targets = dict[str, Target]

# What a frame says of a community as far as standards depend on it.
PROFILE_COLUMNS = (
    "profile",
    "jurisdiction",
    "building_class",
    "location_class",
    "community_kind",
    "households",
)


@dataclass
class Resolver:
    """The choice of targets under one rule book, remembered by profile over all ranges of a run."""

    book: RuleBook
    chosen: dict[str, Targets] = field(default_factory=dict)
    set_ids: dict[str, int] = field(default_factory=dict)
    conflicts: set[Conflict] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._by_key: dict[str, list[Rule]] = {}
        for rule in self.book.rules:
            self._by_key.setdefault(rule.key, []).append(rule)

    def learn(self, profiles: Iterable[tuple[Any, ...]]) -> list[str]:
        """Resolve profiles, rows of ``PROFILE_COLUMNS``; their names in order.

        Of the communities of one profile any may stand for all: no rule tells them apart.
        """
        names = set()
        for name, path, building, location, kind, households in profiles:
            names.add(name)
            if name not in self.chosen:
                self.chosen[name] = self._resolve(Profile(path, building, location, kind, households))
        return sorted(names)

    def _resolve(self, profile: Profile) -> Targets:
        targets: Targets = {}
        for key, rules in self._by_key.items():
            found = resolve(rules, profile)
            if isinstance(found, Conflict):
                self.conflicts.add(found)
            elif found is not None:
                targets[key] = found
        return targets

    def store(self, names: Iterable[str]) -> None:
        """Keep the target sets of these profiles, each different set once."""
        missing = [name for name in names if name not in self.set_ids]
        if not missing:
            return
        content = {name: described(self.chosen[name]) for name in missing}
        digests = {name: digest(targets) for name, targets in content.items()}
        known = dict(TargetSet.objects.filter(digest__in=set(digests.values())).values_list("digest", "pk"))
        new = {digests[name]: content[name] for name in missing if digests[name] not in known}
        if new:
            rows = [TargetSet(digest=key, targets=targets) for key, targets in sorted(new.items())]
            TargetSet.objects.bulk_create(rows, ignore_conflicts=True)
            known |= dict(TargetSet.objects.filter(digest__in=new).values_list("digest", "pk"))
        self.set_ids |= {name: known[digests[name]] for name in missing}

    def table(self, names: Sequence[str], assessments: Sequence[Assessment]) -> Sql:
        """``target(profile, target_set, op_0, low_0, high_0, op_1, ...)``: one row per profile."""
        columns, types = ["profile", "target_set"], ["text", "bigint"]
        values: list[list[Any]] = [list(names), [self.set_ids.get(name) for name in names]]
        for number, assessment in enumerate(assessments):
            found = [self.chosen[name].get(assessment.key.code) for name in names]
            columns += [f"op_{number}", f"low_{number}", f"high_{number}"]
            types += ["text", "numeric", "numeric"]
            values.append([target and target.operator for target in found])
            values.append([target and target.low for target in found])
            values.append([target and target.high for target in found])
        places = ", ".join(f"%s::{kind}[]" for kind in types)
        return Sql(f"SELECT * FROM unnest({places}) AS target({', '.join(columns)})", tuple(values))


def profiles_in(source: Sql) -> list[tuple[Any, ...]]:
    """Each profile of a frame once; ``source`` is the frame's table or statement."""
    *same, households = PROFILE_COLUMNS
    selected = Sql(f"SELECT {', '.join(same)}, max({households}) FROM ")
    return (selected + source + " GROUP BY 1, 2, 3, 4, 5").rows()


def described(targets: Targets) -> dict[str, dict[str, Any]]:
    """The content of a target set: numbers as strings, written the same whatever their trailing zeros."""

    def number(value: Any) -> str | None:
        return None if value is None else f"{value.normalize():f}"

    return {
        key: {
            "threshold": target.threshold,
            "operator": target.operator,
            "low": number(target.low),
            "high": number(target.high),
            "step": number(target.step),
            "step_households": target.step_households,
        }
        for key, target in sorted(targets.items())
    }


def digest(targets: dict[str, dict[str, Any]]) -> str:
    """The name of a target set: equal sets have equal names."""
    return hashlib.sha256(json.dumps(targets, sort_keys=True).encode()).hexdigest()


def conflicts(day: dt.date) -> list[Conflict]:
    """Thresholds in force on a day between which no rule chooses for some community: errors of configuration."""
    resolver = Resolver(rule_book(day))
    resolver.learn(profiles_in(Sql("(") + frame(resolver.book, EVERYWHERE) + ") framed"))
    return listed(resolver.conflicts)


def listed(found: Iterable[Conflict]) -> list[Conflict]:
    """In an order that is always the same."""
    return sorted(found, key=lambda conflict: (conflict.key, conflict.thresholds))
