"""The shapes of rules that read values: each turns readings and a full mark into exact points and says how.

Every shape is a closed form with a few parameters: no expression is ever evaluated. ``sql.py`` beside this module
writes the same arithmetic for the database; a property test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

from communities.base.rules.conditions import (
    ABSENT,
    OPERATORS,
    Condition,
    Names,
    Part,
    bound,
    holds,
    word_of,
)
from communities.base.rules.params import Choice, Entry, Flag, Inner, InputCode, Listed, Number, param, shape
from communities.base.rules.readings import Absence, Inputs, Line, Named, Scored, named, number_text

ZERO = Decimal(0)
ABSENCES = (("zero", "计 0 分"), ("full", "计满分"), ("not_applicable", "本项不适用"))
COUNTS_ABSENT = (("none", "按 0 计"), *ABSENCES)


def clamped(points: Fraction, least: Decimal | None, most: Decimal | None) -> Fraction:
    """Points within their bounds."""
    if least is not None:
        points = max(points, Fraction(least))
    return points if most is None else min(points, Fraction(most))


@dataclass(frozen=True)
class Shape(Part):
    """A rule. ``code`` names the shape in stored rules, ``title`` and ``about`` tell people what it does."""

    code: ClassVar[str] = ""
    title: ClassVar[str] = ""
    about: ClassVar[str] = ""

    def reads(self) -> frozenset[str]:
        """Codes of all values that the rule reads."""
        raise NotImplementedError

    def evaluate(self, inputs: Inputs, full: Decimal) -> Scored:
        """Exact points out of ``full``, with the lines that explain them."""
        raise NotImplementedError

    def words(self, full: Decimal, names: Names) -> list[str]:
        """The rule in sentences, whatever the values."""
        raise NotImplementedError

    def depth(self) -> int:
        """How many rules stand inside each other here."""
        return 1


@dataclass(frozen=True)
class OneValue(Shape):
    """A rule that reads one value; it says what an absent one gives."""

    value: str = param(InputCode("取值", hint="指标或填报项的代码"))
    missing: str = param(Choice("未报时", choices=ABSENCES), default="zero", kw_only=True)
    no_base: str = param(Choice("分母为 0 时", choices=ABSENCES), default="not_applicable", kw_only=True)

    def reads(self) -> frozenset[str]:
        return frozenset({self.value})

    def evaluate(self, inputs: Inputs, full: Decimal) -> Scored:
        value, name = inputs.value(self.value), inputs.named(self.value)
        if isinstance(value, Absence):
            policy = self.missing if value == Absence.MISSING else self.no_base
            return absent(policy, f"{name.name}{ABSENT[value]}", full)
        points, why = self.give(value, full, name)
        return Scored(points, (Line(f"{name.name} {name.with_unit(number_text(value))}，{why}", points),))

    def give(self, value: Fraction, full: Decimal, name: Named) -> tuple[Fraction, str]:
        """Points for a value that is there, and why."""
        raise NotImplementedError

    def words(self, full: Decimal, names: Names) -> list[str]:
        absences = f"{word_of(ABSENCES, self.missing)}；分母为 0 时{word_of(ABSENCES, self.no_base)}"
        return [*self.say(full, named(names, self.value)), f"未报时{absences}。"]

    def say(self, full: Decimal, name: Named) -> list[str]:
        """The sentences of the shape itself."""
        raise NotImplementedError


def absent(policy: str, what: str, full: Decimal) -> Scored:
    """What a rule gives where the value is not there."""
    points = {"zero": Fraction(0), "full": Fraction(full), "not_applicable": None}[policy]
    return Scored(points, (Line(f"{what}，{word_of(ABSENCES, policy)}", points),))


@shape
@dataclass(frozen=True)
class Threshold(OneValue):
    """All or nothing (shape 2 of the survey of real tables): full marks where the target is met."""

    code: ClassVar[str] = "threshold"
    title: ClassVar[str] = "达标得分"
    about: ClassVar[str] = "达到目标得满分，否则得 0 分或所写的分。"

    operator: str = param(Choice("比较", choices=OPERATORS))
    target: Decimal = param(Number("目标值"))
    otherwise: Decimal = param(Number("不达标得分"), default=ZERO)

    def give(self, value: Fraction, full: Decimal, name: Named) -> tuple[Fraction, str]:
        met = holds(self.operator, value, Fraction(self.target))
        points = Fraction(full if met else self.otherwise)
        return (
            points,
            f"{'达到' if met else '未达到'}“{bound(self.operator, self.target, name)}”，{got(points)}",
        )

    def say(self, full: Decimal, name: Named) -> list[str]:
        must = bound(self.operator, self.target, name)
        return [f"{name.name}{must}，得 {number_text(full)} 分；否则得 {number_text(self.otherwise)} 分。"]


@dataclass(frozen=True)
class Band(Part):
    """One band of values. ``least`` is left out in the last, which takes the rest."""

    points: Decimal = param(Number("分值"))
    least: Decimal | None = param(Number("下限", hint="最后一档不填"), default=None)
    inclusive: bool = param(Flag("含下限"), default=True)


@shape
@dataclass(frozen=True)
class Bands(OneValue):
    """Tiers, of which the first that is reached from above counts (shape 3): points, or points taken off.

    Bands have lower ends only, so that no value can stand in two of them or in none.
    """

    code: ClassVar[str] = "bands"
    title: ClassVar[str] = "分档计分"
    about: ClassVar[str] = "按数值所在的档次得分或扣分，由高到低取第一个达到的档。"

    bands: tuple[Band, ...] = param(Listed("档次", hint="由高到低", of=Band))
    counts: str = param(
        Choice("分值表示", choices=(("points", "得分"), ("deduction", "从满分中扣"))), default="points"
    )

    def contradictions(self) -> Iterator[tuple[str, str]]:
        ends = [band.least for band in self.bands]
        if ends[-1] is not None or None in ends[:-1]:
            yield "bands", "最后一档不填下限，其余各档都要填。"
            return
        keys = [
            (end, not band.inclusive) for end, band in zip(ends, self.bands, strict=True) if end is not None
        ]
        if any(one <= other for one, other in pairwise(keys)):
            yield "bands", "各档下限应由高到低排列。"

    def give(self, value: Fraction, full: Decimal, name: Named) -> tuple[Fraction, str]:
        band = next(each for each in self.bands if _reaches(value, each))
        points = Fraction(band.points) if self.counts == "points" else Fraction(full) - Fraction(band.points)
        off = f"，{got(points)}" if self.counts == "deduction" else ""
        return points, f"属于“{_band(band, name)}”一档，{self._told(band.points)}{off}"

    def _told(self, points: Decimal) -> str:
        return got(points) if self.counts == "points" else f"扣 {number_text(points)} 分"

    def say(self, full: Decimal, name: Named) -> list[str]:
        tiers = "；".join(
            f"{_band(band, name)}{'的' if band.least is not None else ''}{self._told(band.points)}"
            for band in self.bands
        )
        start = f"满分 {number_text(full)} 分，" if self.counts == "deduction" else ""
        return [f"{start}{name.name}{tiers}。"]


def _reaches(value: Fraction, band: Band) -> bool:
    return band.least is None or holds("ge" if band.inclusive else "gt", value, Fraction(band.least))


def _band(band: Band, name: Named) -> str:
    return "其余" if band.least is None else bound("ge" if band.inclusive else "gt", band.least, name)


@shape
@dataclass(frozen=True)
class ProRata(OneValue):
    """In proportion between ``zero`` (no points) and ``target`` (full marks), shape 4; lower may be better.

    Beyond the target points go on up to ``ceiling``, in percent of the full mark; below ``zero`` there are none.
    """

    code: ClassVar[str] = "pro_rata"
    title: ClassVar[str] = "按比例得分"
    about: ClassVar[str] = "在得 0 分的值与得满分的值之间按比例得分；越低越好的，得 0 分的值大于得满分的值。"

    target: Decimal = param(Number("得满分的值"))
    zero: Decimal = param(Number("得 0 分的值"), default=ZERO)
    ceiling: Decimal = param(
        Number("最高(满分的 %)", least=Decimal(100), most=Decimal(1000)), default=Decimal(100)
    )

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.target == self.zero:
            yield "target", "得满分的值与得 0 分的值不能相同。"

    def give(self, value: Fraction, full: Decimal, name: Named) -> tuple[Fraction, str]:
        zero, target, mark = Fraction(self.zero), Fraction(self.target), Fraction(full)
        share, most = (value - zero) / (target - zero), mark * Fraction(self.ceiling) / 100
        points = min(max(mark * share, Fraction(0)), most)
        told = self._stands(share, name)
        if mark * share > most and (self.zero == 0 or self.ceiling > 100):
            told += f"，最多得 {number_text(most)} 分"
        return points, f"{told}，{got(points)}"

    def _stands(self, share: Fraction, name: Named) -> str:
        """Where a value stands: a share of the target only where nothing is at 0, else of the way to it."""
        percent = f"{number_text(share * 100)}%"
        if self.zero == 0:
            return f"为目标的 {percent}"
        low, top = (name.with_unit(number_text(each)) for each in (self.zero, self.target))
        if 0 < share < 1:
            return f"处于 {low} 至 {top} 之间的 {percent} 处"
        below, above = ("不高于", "不低于") if self.zero < self.target else ("不低于", "不高于")
        if share <= 0:
            return f"{below}得 0 分的 {low}"
        beyond = f"，按同一比例合满分的 {percent}" if share > 1 and self.ceiling > 100 else ""
        return f"{above}得满分的 {top}{beyond}"

    def say(self, full: Decimal, name: Named) -> list[str]:
        top, low = name.with_unit(number_text(self.target)), name.with_unit(number_text(self.zero))
        most = Fraction(full) * Fraction(self.ceiling) / 100
        told = f"{name.name}达到 {top} 得 {number_text(full)} 分，{low} 得 0 分，其间按比例计分"
        return [f"{told}，最多 {number_text(most)} 分。"]


@shape
@dataclass(frozen=True)
class Shortfall(OneValue):
    """Full marks at the target, points off for every step that is missing (shape 5), never below ``floor``."""

    code: ClassVar[str] = "shortfall"
    title: ClassVar[str] = "差额扣分"
    about: ClassVar[str] = "达到目标得满分，每差一档扣若干分。"

    target: Decimal = param(Number("目标值"))
    step: Decimal = param(Number("每差多少", above=ZERO))
    points: Decimal = param(Number("扣几分", least=ZERO))
    direction: str = param(
        Choice("方向", choices=(("at_least", "应不低于目标"), ("at_most", "应不高于目标"))),
        default="at_least",
    )
    part_steps: str = param(
        Choice("不足一档", choices=(("exact", "按比例扣"), ("ignored", "不扣"), ("full", "按一档扣"))),
        default="exact",
    )
    floor: Decimal = param(Number("最低得分"), default=ZERO)

    def give(self, value: Fraction, full: Decimal, name: Named) -> tuple[Fraction, str]:
        short = (
            Fraction(self.target) - value if self.direction == "at_least" else value - Fraction(self.target)
        )
        if short <= 0:
            return Fraction(full), f"达到目标，得 {number_text(full)} 分"
        exact = short / Fraction(self.step)
        steps = {"exact": exact, "ignored": Fraction(math.floor(exact)), "full": Fraction(math.ceil(exact))}
        lost = steps[self.part_steps] * Fraction(self.points)
        points = clamped(Fraction(full) - lost, self.floor, None)
        word = "差" if self.direction == "at_least" else "超出"
        gap = name.by(number_text(short))
        told = f"{word} {gap}，合 {number_text(steps[self.part_steps])} 档，扣 {number_text(lost)} 分"
        if points != Fraction(full) - lost:
            told += f"，最低得 {number_text(self.floor)} 分"
        return points, f"{told}，{got(points)}"

    def say(self, full: Decimal, name: Named) -> list[str]:
        must, word = ("不低于", "低") if self.direction == "at_least" else ("不高于", "高")
        goal, step = name.with_unit(number_text(self.target)), name.by(number_text(self.step))
        part = {"exact": "不足的按比例扣", "ignored": "不足的不扣", "full": "不足的按一档扣"}[self.part_steps]
        off = number_text(self.points)
        told = f"{name.name}{must} {goal} 得 {number_text(full)} 分；每{word} {step} 扣 {off} 分"
        return [f"{told}，{part}，最低得 {number_text(self.floor)} 分。"]


@dataclass(frozen=True)
class Occurrence(Part):
    """A kind of event that is counted: points for each, and the most that all of them can move."""

    value: str = param(InputCode("取值"))
    each: Decimal = param(Number("每次分值", least=ZERO))
    at_most: Decimal | None = param(Number("累计最多", least=ZERO), default=None)

    def points(self, number: Fraction) -> Fraction:
        return clamped(number * Fraction(self.each), None, self.at_most)

    def words(self, names: Names, verb: str) -> str:
        name = named(names, self.value)
        most = "" if self.at_most is None else f"，累计最多{verb} {number_text(self.at_most)} 分"
        return f"{name.name}每{name.unit or '次'}{verb} {number_text(self.each)} 分{most}"


@dataclass(frozen=True)
class Counted(Shape):
    """A rule over several counts of events."""

    verb: ClassVar[str] = ""

    occurrences: tuple[Occurrence, ...] = param(Listed("事项", of=Occurrence))
    missing: str = param(Choice("未报时", choices=COUNTS_ABSENT), default="zero", kw_only=True)

    def contradictions(self) -> Iterator[tuple[str, str]]:
        codes = [each.value for each in self.occurrences]
        if len(set(codes)) < len(codes):
            yield "occurrences", "同一取值只能写一次。"

    def reads(self) -> frozenset[str]:
        return frozenset(each.value for each in self.occurrences)

    def evaluate(self, inputs: Inputs, full: Decimal) -> Scored:
        moved, lines = Fraction(0), []
        for each in self.occurrences:
            number, name = inputs.value(each.value), inputs.named(each.value)
            if isinstance(number, Absence):
                if self.missing != "none":
                    return absent(self.missing, f"{name.name}{ABSENT[number]}", full)
                number = Fraction(0)
            points = each.points(number)
            moved += points
            count = name.with_unit(number_text(number)) if name.unit else f"{number_text(number)} 次"
            line = f"{name.name} {count}，每{name.unit or '次'} {number_text(each.each)} 分"
            if each.at_most is not None and points != number * Fraction(each.each):
                line += f"，累计最多 {number_text(each.at_most)} 分"
            lines.append(Line(f"{line}，{self.verb} {number_text(points)} 分", self.signed(points)))
        total = self.total(moved, full)
        lines.append(Line(f"{self.told(moved, total, full)}，{got(total)}", total))
        return Scored(total, tuple(lines))

    def signed(self, points: Fraction) -> Fraction:
        """Points as they move the total."""
        raise NotImplementedError

    def total(self, moved: Fraction, full: Decimal) -> Fraction:
        """The rule's points after all counts."""
        raise NotImplementedError

    def told(self, moved: Fraction, total: Fraction, full: Decimal) -> str:
        """The sum of all counts, and the bound where it was passed."""
        raise NotImplementedError

    def words(self, full: Decimal, names: Names) -> list[str]:
        listed = "；".join(each.words(names, self.verb) for each in self.occurrences)
        return [f"{self.frame(full)}{listed}。", f"未报时{word_of(COUNTS_ABSENT, self.missing)}。"]

    def frame(self, full: Decimal) -> str:
        """What stands before the counts."""
        raise NotImplementedError


@shape
@dataclass(frozen=True)
class Deduction(Counted):
    """From the full mark so many points for each occurrence (shape 6), not below ``floor`` (扣完为止)."""

    code: ClassVar[str] = "deduction"
    title: ClassVar[str] = "按次扣分"
    about: ClassVar[str] = "从满分中按次数扣分，扣完为止。"
    verb: ClassVar[str] = "扣"

    floor: Decimal = param(Number("最低得分"), default=ZERO)

    def signed(self, points: Fraction) -> Fraction:
        return -points

    def total(self, moved: Fraction, full: Decimal) -> Fraction:
        return clamped(Fraction(full) - moved, self.floor, None)

    def told(self, moved: Fraction, total: Fraction, full: Decimal) -> str:
        floor = "" if total == Fraction(full) - moved else f"，{self._until()}"
        return f"满分 {number_text(full)} 分，共扣 {number_text(moved)} 分{floor}"

    def frame(self, full: Decimal) -> str:
        return f"满分 {number_text(full)} 分，{self._until()}："

    def _until(self) -> str:
        return "扣完为止" if self.floor == 0 else f"最低得 {number_text(self.floor)} 分"


@shape
@dataclass(frozen=True)
class Bonus(Counted):
    """So many points for each occurrence (shape 7), all together at most ``cap``; without one, the full mark."""

    code: ClassVar[str] = "bonus"
    title: ClassVar[str] = "按次加分"
    about: ClassVar[str] = "按次数加分，不超过上限。"
    verb: ClassVar[str] = "加"

    cap: Decimal | None = param(Number("最多加", least=ZERO), default=None)

    def signed(self, points: Fraction) -> Fraction:
        return points

    def total(self, moved: Fraction, full: Decimal) -> Fraction:
        return clamped(moved, None, full if self.cap is None else self.cap)

    def told(self, moved: Fraction, total: Fraction, full: Decimal) -> str:
        most = "" if total == moved else f"，{self._most(full)}"
        return f"合计加 {number_text(moved)} 分{most}"

    def frame(self, full: Decimal) -> str:
        return f"{self._most(full)}："

    def _most(self, full: Decimal) -> str:
        return f"最多加 {number_text(full if self.cap is None else self.cap)} 分"


@shape
@dataclass(frozen=True)
class Gate(Shape):
    """A rule that counts only where a condition holds, or unless it does (shape 9, effect on the item)."""

    code: ClassVar[str] = "gate"
    title: ClassVar[str] = "前提和否决"
    about: ClassVar[str] = "条件成立时一票否决，或须先符合条件才计分。"

    condition: Condition = param(Entry("条件", of=Condition))
    rule: Shape = param(Inner("规则"))
    effect: str = param(
        Choice("条件成立时", choices=(("veto", "本项计 0 分"), ("require", "才按规则计分，否则 0 分"))),
        default="veto",
    )

    def reads(self) -> frozenset[str]:
        return self.rule.reads() | {self.condition.value}

    def depth(self) -> int:
        return 1 + self.rule.depth()

    def is_shut(self, inputs: Inputs) -> bool:
        return self.condition.fulfilled(inputs) == (self.effect == "veto")

    def evaluate(self, inputs: Inputs, full: Decimal) -> Scored:
        absence = self.condition.absence(inputs)
        if not self.is_shut(inputs):
            scored = self.rule.evaluate(inputs, full)
            passed = (Line(f"{absence}，不视为否决"),) if absence else ()
            return Scored(scored.points, (*passed, *scored.lines))
        told = self.condition.words(inputs.names)
        if self.effect == "veto":
            why = f"{told}，一票否决"
        else:
            why = f"{absence}，视为不符合前提“{told}”" if absence else f"不符合前提“{told}”"
        return Scored(Fraction(0), (Line(f"{why}，计 0 分", Fraction(0)),))

    def words(self, full: Decimal, names: Names) -> list[str]:
        told = self.condition.words(names)
        effect = {
            "veto": f"{told}的，本项计 0 分；未报或分母为 0 的，不视为否决。",
            "require": f"{told}的才计分，否则计 0 分；未报或分母为 0 的，视为不符合。",
        }[self.effect]
        return [effect, *self.rule.words(full, names)]


def got(points: Fraction | Decimal) -> str:
    """As in 得 5 分."""
    return f"得 {number_text(points)} 分"
