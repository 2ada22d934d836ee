"""From rules to totals: rounded item points, items that do not apply, groups with weights, grades by cut points.

Points of items and everything above them are whole hundredths, as the cards keep them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

from communities.base.rules.conditions import Names, word_of
from communities.base.rules.reach import reach
from communities.base.rules.readings import Inputs, Line, Scored, number_text
from communities.base.rules.shapes import Shape, clamped

HUNDREDTHS = 100
ROUNDING = (("half_up", "四舍五入"), ("down", "舍去"), ("up", "进位"))
NOT_APPLICABLE = (
    ("full", "计满分"),
    ("drop", "不计入，其余按比例折算"),
    ("peers_mean", "按同类平均分"),
    ("zero", "计 0 分"),
)
MODES = {"half_up": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_UP}


def rounded(points: Fraction, places: int = 2, mode: str = "half_up") -> int:
    """Points as hundredths after rounding to so many decimal places (0 to 2); halves go away from zero."""
    unit = 10**places
    scaled, sign = abs(points) * unit, -1 if points < 0 else 1
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if mode == "half_up":
        whole += 2 * rest >= scaled.denominator
    elif mode == "up":
        whole += rest > 0
    return sign * whole * (HUNDREDTHS // unit)


@dataclass(frozen=True)
class Item:
    """What a scheme says of one item, as far as its points depend on it. ``least`` may be negative."""

    rule: Shape
    full_mark: Decimal
    least: Decimal = Decimal(0)
    most: Decimal | None = None
    places: int = 2
    mode: str = "half_up"
    not_applicable: str = "drop"

    def score(self, inputs: Inputs) -> ItemScore:
        """The item's points for one subject, before its group is known."""
        scored: Scored = self.rule.evaluate(inputs, self.full_mark)
        if scored.points is None:
            return ItemScore(None, scored.lines)
        exact = clamped(scored.points, self.least, self.most)
        settled = Fraction(rounded(exact, self.places, self.mode), HUNDREDTHS)
        # Rounding to fewer places than a bound has may pass it.
        points = clamped(settled, self.least, self.most)
        closing = self._closing(scored.points, exact, settled, points)
        return ItemScore(rounded(points), (*scored.lines, *closing))

    def settled(self, exact: Fraction) -> int:
        """Hundredths of exact points within the item's bounds, which hold after rounding too."""
        held = Fraction(rounded(clamped(exact, self.least, self.most), self.places, self.mode), HUNDREDTHS)
        return rounded(clamped(held, self.least, self.most))

    def _closing(
        self, given: Fraction, exact: Fraction, settled: Fraction, points: Fraction
    ) -> Iterator[Line]:
        """What bounds and rounding made of the rule's points, so that the last line has those of the item."""
        if exact != given:
            yield _held(given, exact)
        if settled != exact:
            how = f"保留 {self.places} 位小数{word_of(ROUNDING, self.mode)}"
            yield Line(f"{how}，计 {number_text(settled)} 分", settled)
            if points != settled:
                yield _held(settled, points)

    def words(self, names: Names) -> list[str]:
        """The rule in sentences, and what the item's own bounds and rounding add to it."""
        return [*self.rule.words(self.full_mark, names), *self._limits()]

    def _limits(self) -> Iterator[str]:
        """Bounds that are given or that the rule would pass, and rounding that is not the usual one."""
        if self.least or reach(self.rule, self.full_mark).least < self.least:
            yield f"本项最低得 {number_text(self.least)} 分。"
        if self.most is not None:
            yield f"本项最高得 {number_text(self.most)} 分。"
        if (self.places, self.mode) != (2, "half_up"):
            yield f"得分保留 {self.places} 位小数，{word_of(ROUNDING, self.mode)}。"


def _held(given: Fraction, points: Fraction) -> Line:
    """That a bound of the item changed points."""
    bound = "最低" if points > given else "最高"
    return Line(f"本项{bound} {number_text(points)} 分，计 {number_text(points)} 分", points)


@dataclass(frozen=True)
class ItemScore:
    """Hundredths of points, None where the item does not apply."""

    points: int | None
    lines: tuple[Line, ...] = ()


def filled(
    item: Item, points: int | None, peers: Sequence[int | None], *, is_asked: bool = True
) -> int | None:
    """Points of an item after its policy for subjects to whom it does not apply; None: dropped.

    ``peers``: the item's points of all subjects of the peer group, None where it does not apply. Their mean is that
    of those to whom it applies; where it applies to nobody it is dropped. ``is_asked`` False: the scheme leaves the
    item out for this class of subject, which is no lack of data and always drops it.
    """
    if points is not None:
        return points
    if not is_asked or item.not_applicable == "drop":
        return None
    if item.not_applicable == "peers_mean":
        known = [each for each in peers if each is not None]
        return rounded(Fraction(sum(known), len(known) * HUNDREDTHS)) if known else None
    return int(item.full_mark * HUNDREDTHS) if item.not_applicable == "full" else 0


@dataclass(frozen=True)
class GroupPart:
    """One item or inner group inside a group: its hundredths (None: dropped) and its full mark in hundredths."""

    points: int | None
    full: int


def group_total(parts: Sequence[GroupPart], full: int, *, least: int | None = 0) -> int | None:
    """Hundredths of a group worth ``full``: what its parts earned, taken in proportion to what applied.

    A group whose parts add up to its own full mark, all of them applying, is their plain sum; otherwise (parts
    dropped, or marks on another scale: nested weights) earned / applicable x full, rounded once. None: no part
    applies. ``least`` None: the group may go below 0.
    """
    there = [part for part in parts if part.points is not None]
    whole = sum(part.full for part in there)
    if not there or not whole:
        return None
    earned = sum(part.points for part in there if part.points is not None)
    points = earned if whole == full else rounded(Fraction(earned * full, whole * HUNDREDTHS))
    return points if least is None else max(points, least)


def bonus_total(points: Sequence[int | None], most: int, *, least: int | None = 0) -> int:
    """Hundredths that a bonus group adds: what applied, at most ``most``; ``least`` None: it may take away."""
    total = min(sum(each for each in points if each is not None), most)
    return total if least is None else max(total, least)


def grade_of(least: Sequence[int], total: int, effects: Sequence[str] = ()) -> int | None:
    """The grade that a total gets, 1 the highest of those from ``least`` hundredths on, listed from the top.

    ``effects`` of the vetoes that hold: ``fail`` leaves no grade, ``drop`` takes one grade down for each,
    ``bar_top`` keeps from the highest. None: no grade.
    """
    reached = next((number for number, each in enumerate(least, 1) if total >= each), None)
    if reached is None or "fail" in effects:
        return None
    reached += sum(effect == "drop" for effect in effects)
    if "bar_top" in effects:
        reached = max(reached, 2)
    return reached if reached <= len(least) else None
