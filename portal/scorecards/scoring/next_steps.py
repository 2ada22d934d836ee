"""What a place could do next: of each item the smallest change that earns more, the easiest first.

Where prices of a unit are on record the cheapest comes first; until then it is the smallest gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from communities.base.rules import Inputs, number_text
from communities.base.rules.steps import Step, next_step, with_value
from communities.choices import Level
from portal.scorecards.models import RatingGrade
from portal.scorecards.scoring.explaining import Explanation
from portal.scorecards.scoring.inputs import inputs, names

MOST = 5


@dataclass(frozen=True)
class NextStep:
    """One thing to do: for which item, what it earns (hundredths), and the total and grade that would follow."""

    title: str
    text: str
    gain: int
    total_after: int
    grade_after: RatingGrade | None
    step: Step


def next_steps(explanation: Explanation, most: int = MOST) -> list[NextStep]:
    """The easiest steps of a place, one for each value that would change."""
    found: dict[str, NextStep] = {}
    for step_ in sorted(_steps(explanation), key=lambda each: (each.step.gap, -each.gain)):
        found.setdefault(step_.step.code, step_)
    return list(found.values())[:most]


def _steps(explanation: Explanation) -> list[NextStep]:
    sheet, card = explanation.sheet, explanation.card
    is_community = card.division.level == Level.COMMUNITY
    readings = {
        one.input.code: one.reading
        for group in explanation.groups
        for item in group.items
        for one in item.inputs
    }
    for veto in explanation.vetoes:
        if veto.input is not None:
            readings[veto.input.input.code] = veto.input.reading
    given = Inputs(readings, names())
    steps = []
    for group in explanation.groups:
        for each in group.items:
            step = next_step(each.item.item, given) if each.is_asked else None
            if step is None:
                continue
            total = _total_after(explanation, given, step)
            if card.total is None or total is None or total <= card.total:
                continue
            changed = _after(given, step)
            vetoes = sum(
                1 << at for at, condition in enumerate(sheet.conditions) if condition.fulfilled(changed)
            )
            grade = sheet.grade_row(sheet.grade(total, vetoes))
            text = _text(step, is_community=is_community)
            steps.append(NextStep(each.item.row.name, text, total - card.total, total, grade, step))
    return steps


def _total_after(explanation: Explanation, given: Inputs, step: Step) -> int | None:
    """The total if one value changed; what the policy for absent values gave stays where they stay absent."""
    sheet, card = explanation.sheet, explanation.card
    scored = sheet.earned(_after(given, step).readings, card.classes)
    points = [
        earned.points if earned.points is not None else stands
        for earned, stands in zip(scored, card.points, strict=True)
    ]
    return sheet.total(sheet.group_points(points))


def _after(given: Inputs, step: Step) -> Inputs:
    """The readings once the step is taken: whatever counts the same things over something else moves with it."""
    changed, known = with_value(given, step.code, step.then), inputs()
    one, base = known[step.code], given.readings[step.code].bottom
    if base == 0:
        return changed
    counted = step.then * Fraction(base) / one.scale
    for code, reading in given.readings.items():
        other = known[code]
        if code != step.code and other.top == one.top and reading.bottom != 0:
            changed = with_value(changed, code, counted * other.scale / Fraction(reading.bottom))
    return changed


def _text(step: Step, *, is_community: bool) -> str:
    one = inputs()[step.code]
    if is_community and one.indicator is not None and one.indicator.remedy and step.now == 0:
        return str(one.indicator.remedy)
    name = one.named
    then = name.with_unit(number_text(step.then))
    if step.now is None:
        return _("填报%(name)s，达到 %(then)s") % {"name": name.name, "then": then}
    told = (
        _("%(name)s由 %(now)s 提高到 %(then)s")
        if step.then > step.now
        else _("%(name)s由 %(now)s 降到 %(then)s")
    )
    return told % {"name": name.name, "now": name.with_unit(number_text(step.now)), "then": then}
