"""Rules as fields of a page: made from the declarations of shapes, and read back from what the page sent.

Fields are named by their place in the rule: ``rule.bands.0.least``. Whatever was typed, right or wrong, stands in a
rule as data, from which the same fields are made again; :func:`read_rule` alone says whether it is a rule. Adding a
line, taking one out and changing a shape (:func:`acted`) turn such data into other data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from communities.base.rules.params import (
    MOST_DEPTH,
    MOST_LISTED,
    SHAPES,
    Choice,
    Entry,
    Fault,
    Flag,
    Inner,
    InputCode,
    Listed,
    Number,
    Param,
    declared_of,
    defaults_of,
)

SHAPE = "规则类型"
TICKED = "on"
Sent = Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """What every field of a page has: name, label, and what is wrong with it."""

    name: str
    label: str
    hint: str = ""
    must: bool = True
    errors: tuple[str, ...] = ()
    kind = ""

    @property
    def id(self) -> str:
        return field_id(self.name)


@dataclass(frozen=True)
class Leaf(Place):
    """One value: ``kind`` says how it is entered."""

    kind: str = "number"
    value: str = ""
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Box(Place):
    """The parameters of an entry, or of a rule, whose shape can be changed; ``number`` in a list."""

    about: str = ""
    shape: Leaf | None = None
    fields: tuple[Place, ...] = ()
    number: int = 0
    kind = "box"

    @property
    def is_short(self) -> bool:
        """Whether it holds single values only, which stand beside each other."""
        return all(isinstance(each, Leaf) for each in self.fields)


@dataclass(frozen=True)
class Lines(Place):
    """Several entries, to which one is added or from which one is taken."""

    lines: tuple[Box, ...] = ()
    kind = "lines"


def field_id(name: str) -> str:
    """The id of a field's element: dots would mean a class in a selector."""
    return f"id_{name.replace('.', '-')}"


def name_of(place: str) -> str:
    """The field of a place that a fault names: ``rule.bands[1].least`` is ``rule.bands.1.least``."""
    return re.sub(r"\[(\d+)\]", r".\1", place)


def box_of(rule: Any, name: str, label: str, faults: Iterable[Fault] = ()) -> Box:
    """The fields of a rule as it stands, whether it can be read or not, with what is wrong at its places."""
    wrong: dict[str, tuple[str, ...]] = {}
    for fault in faults:
        at = name_of(fault.place)
        wrong[at] = (*wrong.get(at, ()), fault.message)
    return _Maker(wrong).rule(rule, Place(name, label), MOST_DEPTH)


@dataclass(frozen=True)
class _Maker:
    """Makes fields; ``wrong`` is what is said at which of them."""

    wrong: Mapping[str, tuple[str, ...]]

    def rule(self, data: Any, place: Place, left: int) -> Box:
        """``left``: how many rules may still stand inside each other."""
        known = data if isinstance(data, dict) else {}
        code = str(known.get("shape") or "")
        cls = SHAPES.get(code)
        name = f"{place.name}.shape"
        shapes = [(each, cls.title) for each, cls in SHAPES.items() if left > 1 or not _holds_rules(cls)]
        shape = Leaf(name, SHAPE, errors=self.at(name), kind="choice", value=code, choices=shapes)
        return Box(
            **vars(place) | {"errors": self.at(place.name)},
            about=cls.about if cls else "",
            shape=shape,
            fields=self.fields(cls, known, place.name, left) if cls else (),
        )

    def at(self, name: str) -> tuple[str, ...]:
        return self.wrong.get(name, ())

    def fields(self, cls: Any, data: Any, name: str, left: int) -> tuple[Place, ...]:
        known, defaults = data if isinstance(data, dict) else {}, defaults_of(cls)
        made = []
        for key, (param, must) in declared_of(cls).items():
            at = f"{name}.{key}"
            place = Place(at, param.label, param.hint, must, self.at(at))
            value = known.get(key)
            made.append(self.field(param, defaults.get(key) if value is None else value, place, left))
        return tuple(made)

    def field(self, param: Param, value: Any, place: Place, left: int) -> Place:
        match param:
            case Listed():
                entries = value if isinstance(value, list) and value else [{}]
                lines = [
                    self.entry(param, each, Place(f"{place.name}.{n}", f"{place.label} {n + 1}"), left)
                    for n, each in enumerate(entries)
                ]
                return Lines(
                    **vars(place), lines=tuple(replace(box, number=n) for n, box in enumerate(lines))
                )
            case Entry():
                return self.entry(param, value, place, left)
            case Inner():
                return self.rule(value, place, left - 1)
        choices = param.choices if isinstance(param, Choice) else ()
        return Leaf(**vars(place), kind=_kind(param), value=_text(value), choices=choices)

    def entry(self, param: Listed | Entry, data: Any, place: Place, left: int) -> Box:
        """Single values come before what is long."""
        errors = {"errors": self.at(place.name)}
        fields = sorted(
            self.fields(param.of, data, place.name, left), key=lambda each: not isinstance(each, Leaf)
        )
        return Box(**vars(place) | errors, fields=tuple(fields))


def _kind(param: Param) -> str:
    match param:
        case Number():
            return "number"
        case Choice():
            return "choice"
        case InputCode():
            return "input"
        case Flag():
            return "flag"
    return "text"


def _text(value: Any) -> str:
    """A value as it stands in its field."""
    if isinstance(value, bool):
        return TICKED if value else ""
    return "" if value is None else str(value)


def _holds_rules(cls: Any) -> bool:
    """Whether rules stand inside a rule of this shape."""
    declared = [param for param, _must in declared_of(cls).values()]
    return any(
        isinstance(param, Inner) or (isinstance(param, Listed | Entry) and _holds_rules(param.of))
        for param in declared
    )


def labels(box: Box) -> dict[str, str]:
    """Where each field stands in words, by its name: 档次 2 下限."""
    return dict(_labels(box, ""))


def _labels(place: Place, above: str) -> Iterator[tuple[str, str]]:
    yield place.name, f"{above}{place.label}"
    match place:
        case Box():
            within = f"{above}{place.label} " if above or place.shape is None else ""
            inner = [place.shape, *place.fields] if place.shape else place.fields
            for each in inner:
                yield from _labels(each, within)
        case Lines():
            for line in place.lines:
                yield from _labels(line, above)


def in_words(rule: Any) -> str:
    """A rule in one line, each parameter by its label; for change records, which know no full mark."""
    box = box_of(rule, "rule", SHAPE)
    return "；".join(_words(box))


def _words(place: Place) -> Iterator[str]:
    match place:
        case Leaf():
            value = dict(place.choices).get(place.value, place.value)
            if place.kind == "flag":
                value = "是" if place.value else "否"
            if value:
                yield f"{place.label} {value}"
        case Box():
            own = _words(place.shape) if place.shape else iter(())
            parts = [*own, *(word for each in place.fields for word in _words(each))]
            yield f"{place.label}({'，'.join(parts)})" if place.shape is None else "，".join(parts)
        case Lines():
            for line in place.lines:
                yield from _words(line)


def is_sent(data: Sent, name: str) -> bool:
    """Whether the fields of a rule are among what a page sent."""
    return f"{name}.shape" in data


def posted(data: Sent, name: str) -> dict[str, Any]:
    """The rule that a page sent, as data; what was left empty is left out."""
    return _posted_rule(data, name, MOST_DEPTH)


def _posted_rule(data: Sent, name: str, left: int) -> dict[str, Any]:
    code = data.get(f"{name}.shape", "")
    rule = {"shape": code} if code else {}
    return rule | _posted_entry(SHAPES[code], data, name, left) if code in SHAPES else rule


def _posted_entry(cls: Any, data: Sent, name: str, left: int) -> dict[str, Any]:
    found = {
        key: _posted_value(param, data, f"{name}.{key}", left)
        for key, (param, _must) in declared_of(cls).items()
    }
    return {key: value for key, value in found.items() if value is not None}


def _posted_value(param: Param, data: Sent, name: str, left: int) -> Any:
    match param:
        case Listed():
            number = _number(data.get(f"{name}.lines", ""))
            return [_posted_entry(param.of, data, f"{name}.{n}", left) for n in range(number)] or None
        case Entry():
            return _posted_entry(param.of, data, name, left)
        case Inner():
            return _posted_rule(data, name, left - 1) if left > 1 else None
        case Flag():
            return data[name] == TICKED if name in data else None
        case InputCode():
            return data.get(f"{name}.typed", "").strip() or data.get(name, "").strip() or None
    text = data.get(name, "").strip()
    return (unicodedata.normalize("NFKC", text) if isinstance(param, Number) else text) or None


def _number(text: str) -> int:
    """How many lines a page had; one more than there may be is enough to be told so."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 4
    return min(int(text), MOST_LISTED + 1) if is_number else 0


def acted(rule: dict[str, Any], act: str, name: str) -> tuple[dict[str, Any], str]:
    """A rule after a button was pressed: ``add:rule.bands``, ``remove:rule.bands.1``; and where one goes on.

    A button that means nothing here leaves the rule as it is.
    """
    verb, _colon, where = act.partition(":")
    steps = where.removeprefix(f"{name}.").split(".")
    if verb not in {"add", "remove"} or not where.startswith(f"{name}."):
        return rule, ""
    listed = _at(rule, steps if verb == "add" else steps[:-1])
    if verb == "add":
        changed = [*(listed if isinstance(listed, list) else []), {}]
        return _with(rule, steps, changed), f"{where}.{len(changed) - 1}"
    if not isinstance(listed, list) or not _is_in(listed, steps[-1]):
        return rule, ""
    at = int(steps[-1])
    rest = [*listed[:at], *listed[at + 1 :]]
    return _with(rule, steps[:-1], rest), where.rpartition(".")[0]


def _at(data: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(data, list):
            data = data[int(step)] if _is_in(data, step) else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
    return data


def _is_in(listed: Sequence[Any], step: str) -> bool:
    """Whether a step names one of the entries."""
    return step.isascii() and step.isdecimal() and len(step) < 4 and int(step) < len(listed)


def _with(data: Any, steps: Sequence[str], value: Any) -> Any:
    """The data with a value in a place that is there, or one step beyond; elsewhere as they are."""
    if not steps:
        return value
    step, *rest = steps
    if isinstance(data, list):
        if not _is_in(data, step):
            return data
        return [_with(each, rest, value) if n == int(step) else each for n, each in enumerate(data)]
    if not isinstance(data, dict) or (rest and step not in data):
        return data
    return data | {step: _with(data.get(step), rest, value)}
