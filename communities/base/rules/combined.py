"""Rules made of rules: sums, best and worst of alternatives, deductions that add up, nested weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from communities.base.rules.conditions import Names, Part, word_of
from communities.base.rules.params import Choice, Inner, Listed, Number, Text, param, shape
from communities.base.rules.readings import Inputs, Line, Scored, number_text
from communities.base.rules.shapes import ZERO, Shape, clamped, got

HOW = (
    ("sum", "各部分得分相加"),
    ("weighted", "各部分按权重折算"),
    ("best", "取得分最高的一部分"),
    ("worst", "取得分最低的一部分"),
    ("deductions", "各部分所扣分数相加"),
)
NOT_APPLICABLE = (
    ("drop", "不计入(相加、按权重折算时，其余按比例折算)"),
    ("full", "计满分"),
    ("zero", "计 0 分"),
)
# Ways in which the parts that are there stand for the whole.
IN_PROPORTION = frozenset({"sum", "weighted"})
INDENT = "\u3000"  # one that HTML keeps
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Member(Part):
    """One part of a combined rule with its own full mark and weight."""

    rule: Shape = param(Inner("规则"))
    title: str = param(Text("名称"), default="")
    full_mark: Decimal | None = param(Number("满分", above=ZERO), default=None)
    weight: Decimal | None = param(Number("权重", above=ZERO), default=None)


@shape
@dataclass(frozen=True)
class Combined(Shape):
    """Several rules as one (shapes 13, 23, 24).

    ``sum``: each part has its full mark, and the points add up. ``weighted``: each part's share of its own full
    mark (100 unless it says otherwise) is taken by weight of the item's. ``best`` and ``worst``: one part counts.
    ``deductions``: every part takes from the same full mark, and what they take adds up.
    """

    code: ClassVar[str] = "combined"
    title: ClassVar[str] = "组合"
    about: ClassVar[str] = "几条规则合成一项：相加、按权重折算、取最高、取最低，或扣分相加。"

    how: str = param(Choice("组合方式", choices=HOW))
    parts: tuple[Member, ...] = param(Listed("组成部分", of=Member))
    not_applicable: str = param(Choice("部分不适用时", choices=NOT_APPLICABLE), default="drop", kw_only=True)
    floor: Decimal = param(Number("最低得分"), default=ZERO, kw_only=True)
    cap: Decimal | None = param(Number("最高得分"), default=None, kw_only=True)

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.how == "sum" and any(part.full_mark is None for part in self.parts):
            yield "parts", "相加时，每一部分都要写满分。"
        if self.how == "deductions" and any(part.full_mark is not None for part in self.parts):
            yield "parts", "扣分相加时，各部分都从本项满分中扣，不另写满分。"
        if (self.how == "weighted") != all(part.weight is not None for part in self.parts) or (
            self.how != "weighted" and any(part.weight is not None for part in self.parts)
        ):
            yield "parts", "按权重折算时，每一部分都要写权重；其他方式不写。"
        if self.cap is not None and self.cap < self.floor:
            yield "cap", "最高得分不能低于最低得分。"

    def reads(self) -> frozenset[str]:
        return frozenset().union(*(part.rule.reads() for part in self.parts))

    def depth(self) -> int:
        return 1 + max(part.rule.depth() for part in self.parts)

    def full_of(self, part: Member, full: Decimal) -> Decimal:
        """The full mark out of which a part is scored."""
        if part.full_mark is not None:
            return part.full_mark
        return HUNDRED if self.how == "weighted" else full

    def evaluate(self, inputs: Inputs, full: Decimal) -> Scored:
        found: list[tuple[Member, Fraction]] = []
        lines: list[Line] = []
        for number, part in enumerate(self.parts, start=1):
            mark = self.full_of(part, full)
            scored = part.rule.evaluate(inputs, mark)
            lines += _under(part.title or f"第 {number} 部分", scored.lines)
            points = scored.points
            if points is None:
                points = {"drop": None, "full": Fraction(mark), "zero": Fraction(0)}[self.not_applicable]
                lines.append(Line(f"{part.title or f'第 {number} 部分'}：{self._dropped()}", points))
            if points is not None:
                found.append((part, points))
        if not found:
            return Scored(None, tuple(lines))
        exact = self._together(found, full)
        points = clamped(exact, self.floor, self.cap)
        told = f"{word_of(HOW, self.how)}，{got(exact)}"
        if points != exact:
            told += f"，限为 {number_text(points)} 分"
        return Scored(points, (*lines, Line(told, points)))

    def _dropped(self) -> str:
        """What is said of a part that does not apply: only sums and weights share out what it was worth."""
        if self.not_applicable == "drop":
            return "不计入，其余按比例折算" if self.how in IN_PROPORTION else "不计入"
        return word_of(NOT_APPLICABLE, self.not_applicable)

    def _together(self, found: Sequence[tuple[Member, Fraction]], full: Decimal) -> Fraction:
        points = [each for _part, each in found]
        match self.how:
            case "best":
                return max(points)
            case "worst":
                return min(points)
            case "deductions":
                return Fraction(full) - sum((Fraction(full) - each for each in points), Fraction(0))
            case "weighted":
                weights = [Fraction(part.weight or 0) for part, _points in found]
                shares = [
                    weight * each / Fraction(self.full_of(part, full))
                    for weight, (part, each) in zip(weights, found, strict=True)
                ]
                return Fraction(full) * sum(shares, Fraction(0)) / sum(weights, Fraction(0))
        whole = sum((Fraction(self.full_of(part, full)) for part in self.parts), Fraction(0))
        there = sum((Fraction(self.full_of(part, full)) for part, _points in found), Fraction(0))
        return sum(points, Fraction(0)) * whole / there

    def words(self, full: Decimal, names: Names) -> list[str]:
        told = [f"{word_of(HOW, self.how)}；有部分不适用时{self._dropped()}。"]
        for number, part in enumerate(self.parts, start=1):
            title = part.title or f"第 {number} 部分"
            weight = "" if part.weight is None else f"(权重 {number_text(part.weight)})"
            first, *more = part.rule.words(self.full_of(part, full), names)
            told += [f"{title}{weight}：{first}", *(f"{INDENT}{sentence}" for sentence in more)]
        most = "" if self.cap is None else f"，最高得 {number_text(self.cap)} 分"
        return [*told, f"最低得 {number_text(self.floor)} 分{most}。"]


def _under(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(f"{title}：{line.text}", line.points) for line in lines]
