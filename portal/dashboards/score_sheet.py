"""A score as the official form shows it: every line in words, with what was read and how it was reckoned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from communities.base.rules.items import HUNDREDTHS, NOT_APPLICABLE
from communities.base.rules.readings import Absence, number_text
from communities.base.tables import detail_url
from communities.base.tables import number_text as grouped
from portal.scorecards.scoring.explaining import Explanation, GroupExplained, InputExplained, ItemExplained
from portal.scorecards.scoring.sheet import hundredths

POLICY_WORDS = dict(NOT_APPLICABLE)


@dataclass(frozen=True)
class ValueLine:
    """One value that was read: with its two numbers, or the word for why there is none."""

    code: str
    name: str
    text: str
    parts: str
    is_missing: bool
    is_without_base: bool
    source: str
    on: dt.date


@dataclass(frozen=True)
class SheetLine:
    """One numbered line of the form."""

    number: int
    row: Any
    words: tuple[str, ...]
    basis: str
    basis_url: str | None
    values: tuple[ValueLine, ...]
    steps: tuple[str, ...]
    note: str
    points: int | None


@dataclass(frozen=True)
class SheetGroup:
    """A heading with its lines; ``note`` says how its points came about where they are no plain sum."""

    row: Any
    lines: tuple[SheetLine, ...]
    points: int | None
    note: str


@dataclass(frozen=True)
class VetoLine:
    row: Any
    words: str
    holds: bool
    value: ValueLine | None

    @property
    def values(self) -> tuple[ValueLine, ...]:
        return () if self.value is None else (self.value,)


def groups_of(found: Explanation) -> list[SheetGroup]:
    """The groups of a sheet with lines numbered through."""
    groups, number = [], 0
    for group in found.groups:
        lines = tuple(_line(number + at, item) for at, item in enumerate(group.items, 1))
        number += len(lines)
        groups.append(SheetGroup(group.row, lines, group.points, _group_note(group)))
    return groups


def vetoes_of(found: Explanation) -> list[VetoLine]:
    """The vetoes with the values that decided."""
    return [
        VetoLine(each.row, each.words, each.holds, None if each.input is None else value_line(each.input))
        for each in found.vetoes
    ]


def inputs_of(found: Explanation) -> Iterator[InputExplained]:
    """All that items and vetoes read."""
    for group in found.groups:
        for item in group.items:
            yield from item.inputs
    for veto in found.vetoes:
        if veto.input is not None:
            yield veto.input


def value_line(one: InputExplained) -> ValueLine:
    """A value as text; 未报, nothing to divide by, and zero are three different things."""
    value = one.reading.value
    if isinstance(value, Absence):
        text = {Absence.MISSING: _("未报"), Absence.NO_BASE: _("分母为 0")}[value]
    else:
        text = one.named.with_unit(number_text(value))
    return ValueLine(
        one.input.code,
        one.named.name,
        text,
        _parts(one),
        value is Absence.MISSING,
        value is Absence.NO_BASE,
        str(one.input.source),
        one.on,
    )


def _parts(one: InputExplained) -> str:
    """Numerator and denominator; nothing for a plain amount."""
    if one.denominator is None:
        return ""
    return f"{_amount(one.numerator)} / {_amount(one.denominator)}"


def _amount(value: Decimal | None) -> str:
    return _("未报") if value is None else grouped(value.normalize() + 0)


def _line(number: int, item: ItemExplained) -> SheetLine:
    row = item.item.row
    clause = row.clause
    return SheetLine(
        number,
        row,
        tuple(item.words),
        str(row.basis_at_hand or ""),
        (detail_url(clause) or detail_url(clause.document)) if clause is not None else None,
        tuple(value_line(one) for one in item.inputs) if item.is_asked else (),
        tuple(line.text for line in item.lines),
        _item_note(item),
        item.points,
    )


def _item_note(item: ItemExplained) -> str:
    """Why the points are not what the rule gave."""
    if not item.is_asked:
        return _("本类对象不考核此项。")
    if item.earned is not None:
        return ""
    policy = item.item.item.not_applicable
    if policy != "peers_mean":
        return _("本项不适用：%(policy)s。") % {"policy": POLICY_WORDS[policy]}
    if item.peers is None or not item.peers.number:
        return _("本项不适用，同类也都不适用：不计入，其余按比例折算。")
    told = {
        "policy": POLICY_WORDS[policy],
        "number": grouped(item.peers.number),
        "together": _points(item.peers.points),
        "mean": _points(Fraction(item.peers.points, item.peers.number)),
    }
    return _("本项不适用：%(policy)s。同组 %(number)s 个共得 %(together)s 分，平均 %(mean)s 分。") % told


def _points(value: int | Fraction) -> str:
    """Hundredths as points with two decimals, half up."""
    exact = Fraction(value) / HUNDREDTHS
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    return grouped(number.quantize(Decimal("0.01"), ROUND_HALF_UP), 2)


def _group_note(group: GroupExplained) -> str:
    """Where a group is no plain sum: what applied, what it got, and what that makes of its full mark."""
    there = [item for item in group.items if item.points is not None]
    if group.row.is_bonus or not there:
        return ""
    whole, full = sum(item.item.full for item in there), hundredths(group.row.full_mark)
    earned = sum(item.points or 0 for item in there)
    if whole == full:
        return ""
    told = {"whole": _points(whole), "earned": _points(earned), "full": _points(full)}
    return _("适用项目满分 %(whole)s 分，得 %(earned)s 分，按 %(full)s 分折算") % told


def total_note(found: Explanation) -> str:
    """How the total came about where groups were dropped or are on another scale."""
    base = [group for group in found.groups if not group.row.is_bonus and group.points is not None]
    whole, full = sum(hundredths(group.row.full_mark) for group in base), found.sheet.full
    if not base or whole == full:
        return ""
    told = {
        "whole": _points(whole),
        "earned": _points(sum(group.points or 0 for group in base)),
        "full": _points(full),
    }
    return _("适用部分满分 %(whole)s 分，得 %(earned)s 分，按 %(full)s 分折算") % told
