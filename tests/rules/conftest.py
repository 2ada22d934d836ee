"""Rules as they are written, and readings by code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from communities.base.rules import Inputs, Item, Reading, read_rule


def deduction(**each: str) -> dict[str, Any]:
    """So many points off for each occurrence, to zero."""
    return {
        "shape": "deduction",
        "occurrences": [{"value": code, "each": points} for code, points in each.items()],
    }


def inputs(**values: Any) -> Inputs:
    """Numbers, pairs (top, bottom), or None for what nobody reported."""
    readings = {}
    for code, value in values.items():
        top, bottom = value if isinstance(value, tuple) else (value, 1)
        readings[code] = Reading(None if top is None else Decimal(str(top)), Decimal(str(bottom)))
    return Inputs(readings)


def hundredths(rule: dict[str, Any], full: str, /, **values: Any) -> int | None:
    """An item's points for readings."""
    return Item(read_rule(rule), Decimal(full)).score(inputs(**values)).points
