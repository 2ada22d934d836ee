"""Which values a rule may read: what its editor offers, and what a published version may name."""

from __future__ import annotations

from collections.abc import Iterable

from communities.base.rules import Named
from portal.scorecards.scoring.inputs import inputs, names_of


def offered_inputs() -> list[tuple[str, list[tuple[str, str]]]]:
    """The values that have a source, in groups: (group, [(code, name with unit)])."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for code, each in inputs().items():
        word = f"{each.name}({each.unit})" if each.unit else str(each.name)
        groups.setdefault(str(each.group), []).append((code, word))
    return list(groups.items())


def input_names(codes: Iterable[str]) -> dict[str, Named]:
    """How rules call the values that they read."""
    return names_of(codes)


def codes_with_source() -> set[str]:
    """The codes among them."""
    return set(inputs())
