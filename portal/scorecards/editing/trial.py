"""A rule tried on a page before it is saved: by the very evaluation that scores places, and nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from communities.base.entry.rule_field import as_data
from communities.base.rules import Inputs, Item, Reading, RuleInvalid, Shape, read_rule
from communities.base.rules.editor import field_id
from communities.base.rules.readings import named
from portal.scorecards.editing.inputs_offered import input_names
from portal.scorecards.models.schemes import MOST_BELOW_LEAST
from portal.scorecards.rules_api import readings, tried
from portal.scorecards.scoring.inputs import inputs

PREFIX = "try."


@dataclass(frozen=True)
class Asked:
    """A value that the rule reads, as somebody typed it: a number, or what stands above and below the line."""

    code: str
    name: str
    unit: str
    top: str = ""
    bottom: str = ""
    errors: Sequence[str] = ()

    @property
    def id(self) -> str:
        return field_id(f"{PREFIX}{self.code}")


@dataclass(frozen=True)
class Trial:
    """The rule in sentences, the values that it reads, and what they would earn; empty until it can be read."""

    words: Sequence[str] = ()
    asked: Sequence[Asked] = ()
    result: Mapping[str, Any] | None = None
    errors: Sequence[str] = ()
    # What was typed while the rule cannot be read, for when it can: (name of the field, text).
    kept: Sequence[tuple[str, str]] = ()
    # How much of the rule is wrong, told once somebody has asked to try it.
    faults: int = 0


def trial_of(form: Any, data: Mapping[str, str], *, reckons: bool) -> Trial:
    """From a form as it stands, saved or not. ``reckons``: the button was pressed, even if nothing was typed."""
    try:
        item = item_of(form)
    except RuleInvalid as error:
        return Trial(kept=kept_of(data), faults=len(error.faults) if reckons else 0)
    except ValidationError as error:
        return Trial(errors=error.messages, kept=kept_of(data))
    names = input_names(item.rule.reads())
    words = item.words(names)
    case = {code: value for code in item.rule.reads() if (value := typed(data, code)) is not None}
    if not (reckons or case):
        return Trial(words, asked_of(item.rule, data, {}))
    try:
        found = {code: scaled(code, each) for code, each in readings(item.rule, case, "try").items()}
    except RuleInvalid as error:
        wrong: dict[str, list[str]] = {}
        for fault in error.faults:
            code = fault.place.removeprefix(PREFIX).removesuffix(".numerator").removesuffix(".denominator")
            wrong.setdefault(code, []).append(fault.message)
        return Trial(words, asked_of(item.rule, data, wrong))
    return Trial(words, asked_of(item.rule, data, {}), tried(item, Inputs(found, names)))


def kept_of(data: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, data[name]) for name in data if name.startswith(PREFIX)]


def item_of(form: Any) -> Item:
    """The item as it stands in the form. Raises RuleInvalid, and ValidationError for its own numbers."""
    rule: Shape = read_rule(as_data(form["rule"].value()), "rule")
    values: dict[str, Any] = {}
    for name in ("full_mark", "least", "most", "places", "mode"):
        bound = form[name]
        try:
            values[name] = bound.field.clean(bound.value())
        except ValidationError as error:
            raise ValidationError(f"{bound.label}：{' '.join(error.messages)}") from error
    least = values["least"] if values["least"] is not None else Decimal(0)
    if values["most"] is not None and values["most"] < least:
        raise ValidationError(MOST_BELOW_LEAST)
    return Item(rule, values["full_mark"], least, values["most"], values["places"], values["mode"])


def scaled(code: str, found: Reading) -> Reading:
    """Of a pair the quotient in the unit of its indicator: 45 of 100 are 45%."""
    known = inputs().get(code)
    if known is None or found.top is None or found.bottom == 1:
        return found
    return Reading(found.top * known.scale, found.bottom)


def typed(data: Mapping[str, str], code: str) -> Any:
    """The reading of a code: a number, a pair where something stands below the line, None for nothing."""
    top, bottom = (data.get(f"{PREFIX}{code}.{part}", "").strip() for part in ("top", "bottom"))
    if not bottom:
        return top or None
    return {"numerator": top or None, "denominator": bottom}


def asked_of(rule: Shape, data: Mapping[str, str], wrong: Mapping[str, Sequence[str]]) -> list[Asked]:
    """One line for each value that the rule reads."""
    names = input_names(rule.reads())
    return [
        Asked(
            code,
            named(names, code).name,
            named(names, code).unit,
            data.get(f"{PREFIX}{code}.top", ""),
            data.get(f"{PREFIX}{code}.bottom", ""),
            wrong.get(code, ()),
        )
        for code in sorted(rule.reads())
    ]
