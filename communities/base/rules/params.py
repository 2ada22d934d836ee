"""The parameters of a shape: what each may be, what it is called, how it is described to programs.

A shape is a frozen dataclass whose fields carry one of these declarations; parsing, JSON Schema and forms are made
from them. Faults name the place in the rule, as in ``parts[1].rule.step``, and the reason in Chinese.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

MOST_DIGITS = 12
MOST_PLACES = 4
MOST_LISTED = 50
MOST_DEPTH = 4
MOST_TEXT = 100
MOST_CODE = 100
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Fault:
    """What is wrong at which place of a rule."""

    place: str
    message: str
    code: str = "invalid"


class RuleInvalid(ValueError):
    """A rule that cannot be read; ``faults`` has every reason, with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("；".join(f"{fault.place}：{fault.message}" for fault in faults))
        self.faults = tuple(faults)


def fault(place: str, message: str, code: str = "invalid") -> RuleInvalid:
    """One fault, to be raised."""
    return RuleInvalid([Fault(place, message, code)])


@dataclass(frozen=True)
class Param:
    """A parameter: its label in Chinese, whether it may be left out, and what it is then."""

    label: str
    hint: str = ""

    def parse(self, data: Any, place: str) -> Any:
        """The value that was written. Raises RuleInvalid."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """JSON Schema of what may be written."""
        raise NotImplementedError

    def described(self) -> dict[str, Any]:
        told = {"title": self.label} | ({"description": self.hint} if self.hint else {})
        return self.schema() | told


@dataclass(frozen=True)
class Number(Param):
    """A decimal written as text, or as a whole JSON number; between ``least`` and ``most``, ends included."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None

    def parse(self, data: Any, place: str) -> Decimal:
        value = decimal_of(data, place)
        if self.least is not None and value < self.least:
            raise fault(place, f"不能小于 {self.least:f}。", "min_value")
        if self.above is not None and value <= self.above:
            raise fault(place, f"必须大于 {self.above:f}。", "min_value")
        if self.most is not None and value > self.most:
            raise fault(place, f"不能大于 {self.most:f}。", "max_value")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "format": "decimal", "examples": ["0.5"]}


@dataclass(frozen=True)
class Choice(Param):
    """One of a few codes, each with its words."""

    choices: tuple[tuple[str, str], ...] = ()

    def parse(self, data: Any, place: str) -> str:
        codes = [code for code, _word in self.choices]
        if not isinstance(data, str) or data not in codes:
            raise fault(place, f"应为 {'、'.join(codes)} 之一。", "invalid_choice")
        return data

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [{"const": code, "title": word} for code, word in self.choices]}


@dataclass(frozen=True)
class InputCode(Param):
    """The code of a value that the rule reads: an indicator's, or one that people enter."""

    pattern: ClassVar[str] = _CODE.pattern
    refusal: ClassVar[str] = "应为取值的代码：以字母开头，由字母、数字、点、横线、下划线组成。"

    def parse(self, data: Any, place: str) -> str:
        if not isinstance(data, str) or not _CODE.fullmatch(data):
            raise fault(place, self.refusal)
        return data

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_CODE.pattern}$"}


@dataclass(frozen=True)
class Text(Param):
    """A short text, such as the title of a part."""

    def parse(self, data: Any, place: str) -> str:
        if not isinstance(data, str) or len(data) > MOST_TEXT:
            raise fault(place, f"应为文字，最多 {MOST_TEXT} 个字。")
        return data.strip()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MOST_TEXT}


@dataclass(frozen=True)
class Flag(Param):
    """Yes or no."""

    def parse(self, data: Any, place: str) -> bool:
        if not isinstance(data, bool):
            raise fault(place, "应为 true 或 false。")
        return data

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Listed(Param):
    """Several entries of one kind, at least one."""

    of: type[Any] | None = None

    def parse(self, data: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(data, list) or not data:
            raise fault(place, "应为列表，至少一项。", "empty")
        if len(data) > MOST_LISTED:
            raise fault(place, f"最多 {MOST_LISTED} 项。", "max_length")
        return tuple(
            gathered((lambda n=n, e=e: read(self.of, e, f"{place}[{n}]")) for n, e in enumerate(data))
        )

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "maxItems": MOST_LISTED, "items": schema_of(self.of)}


@dataclass(frozen=True)
class Entry(Param):
    """One entry with parameters of its own, such as a condition."""

    of: type[Any] | None = None

    def parse(self, data: Any, place: str) -> Any:
        return read(self.of, data, place)

    def schema(self) -> dict[str, Any]:
        return schema_of(self.of)


@dataclass(frozen=True)
class Inner(Param):
    """A rule inside a rule."""

    def parse(self, data: Any, place: str) -> Any:
        return read_rule(data, place)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/rule"}


# Shapes by code, in the order in which people choose among them; filled where they are declared.
SHAPES: dict[str, Any] = {}


def shape(cls: Any) -> Any:
    """Make a shape known. Raises ValueError when its code is taken."""
    if cls.code in SHAPES:
        raise ValueError(f"shape {cls.code} is declared twice")
    SHAPES[cls.code] = cls
    return cls


def read_rule(data: Any, place: str = "") -> Any:
    """A rule as it stands in a scheme or a request: ``{"shape": ..., parameters}``. Raises RuleInvalid."""
    if not isinstance(data, dict):
        raise fault(place, "应为对象。")
    at = _inner(place, "shape")
    if data.get("shape") is None:
        raise fault(at, "缺少规则类型。", "required")
    if not isinstance(data["shape"], str) or data["shape"] not in SHAPES:
        raise fault(at, f"没有这种规则类型，可用：{'、'.join(SHAPES)}。", "invalid_choice")
    rule = read(SHAPES[data["shape"]], data, place, passed_over=frozenset({"shape"}))
    if rule.depth() > MOST_DEPTH:
        raise fault(place, f"规则最多嵌套 {MOST_DEPTH} 层。", "max_depth")
    return rule


def param(declared: Param, **kwargs: Any) -> Any:
    """A dataclass field with its declaration; with a default it may be left out."""
    return dataclasses.field(metadata={"param": declared}, **kwargs)


def declared_of(cls: Any) -> dict[str, tuple[Param, bool]]:
    """The declarations of a class, and whether each must be given."""
    return {
        each.name: (each.metadata["param"], each.default is dataclasses.MISSING)
        for each in dataclasses.fields(cls)
        if "param" in each.metadata
    }


def defaults_of(cls: Any) -> dict[str, Any]:
    """What each parameter is that may be left out."""
    fields = dataclasses.fields(cls)
    return {each.name: each.default for each in fields if each.default is not dataclasses.MISSING}


def read(cls: Any, data: Any, place: str, passed_over: frozenset[str] = frozenset()) -> Any:
    """An entry of a class from what was written; every fault at once. ``passed_over`` are read elsewhere."""
    if not isinstance(data, dict):
        raise fault(place, "应为对象。")
    declared = declared_of(cls)
    faults = [
        Fault(_inner(place, name), f"没有“{name}”这个参数。", "unknown")
        for name in data
        if name not in declared and name not in passed_over
    ]
    values: dict[str, Any] = {}
    for name, (each, must) in declared.items():
        at = _inner(place, name)
        if data.get(name) is None:
            if must:
                faults.append(Fault(at, f"缺少“{each.label}”。", "required"))
            continue
        try:
            values[name] = each.parse(data[name], at)
        except RuleInvalid as error:
            faults += error.faults
    if faults:
        raise RuleInvalid(faults)
    made = cls(**values)
    wrong = [Fault(_inner(place, name), message) for name, message in made.contradictions()]
    if wrong:
        raise RuleInvalid(wrong)
    return made


def schema_of(cls: Any) -> dict[str, Any]:
    """JSON Schema of an entry."""
    declared = declared_of(cls)
    return {
        "type": "object",
        "properties": {name: each.described() for name, (each, _must) in declared.items()},
        "required": [name for name, (_each, must) in declared.items() if must],
        "additionalProperties": False,
    }


def gathered(steps: Any) -> list[Any]:
    """What each step returns. Raises RuleInvalid with the faults of all."""
    values: list[Any] = []
    faults: list[Fault] = []
    step: Callable[[], Any]
    for step in steps:
        try:
            values.append(step())
        except RuleInvalid as error:
            faults += error.faults
    if faults:
        raise RuleInvalid(faults)
    return values


def decimal_of(data: Any, place: str) -> Decimal:
    """An exact number from text or a JSON number. Raises RuleInvalid."""
    if isinstance(data, bool) or not isinstance(data, (str, int, float, Decimal)):
        raise fault(place, '应为数字，如 "0.5"。')
    try:
        value = Decimal(str(data).strip())
    except InvalidOperation as error:
        raise fault(place, '应为数字，如 "0.5"。') from error
    if not value.is_finite():
        raise fault(place, '应为数字，如 "0.5"。')
    _sign, digits, exponent = value.as_tuple()
    places = max(0, -int(exponent))
    if places > MOST_PLACES or len(digits) + max(0, int(exponent)) - places > MOST_DIGITS:
        raise fault(place, f"最多 {MOST_DIGITS} 位整数、{MOST_PLACES} 位小数。", "max_digits")
    return value


def _inner(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
