"""The shapes of scoring rules: parameters, exact evaluation, explanation in words. Nothing here knows Django.

``read_rule`` makes a rule of what stands in a scheme or a request; ``rule.evaluate`` gives exact points and the
lines that explain them; ``schemas`` describes the shapes as JSON Schema. ``sql`` beside it writes the same
arithmetic for the database. All shapes are closed forms: a rule is data, and no expression of anybody's is ever
evaluated.
"""

from __future__ import annotations

from typing import Any

from communities.base.rules import combined, shapes
from communities.base.rules.items import Item, ItemScore, rounded
from communities.base.rules.params import SHAPES, Fault, RuleInvalid, read_rule, schema_of
from communities.base.rules.readings import Absence, Inputs, Line, Named, Reading, Scored, number_text
from communities.base.rules.shapes import Shape

__all__ = [
    "SHAPES",
    "Absence",
    "Fault",
    "Inputs",
    "Item",
    "ItemScore",
    "Line",
    "Named",
    "Reading",
    "RuleInvalid",
    "Scored",
    "Shape",
    "combined",
    "number_text",
    "read_rule",
    "rounded",
    "schemas",
    "shapes",
]


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of each shape by its code, each complete in itself; inner rules are any of all shapes."""
    plain = {code: _schema(cls) for code, cls in SHAPES.items()}
    inner = {"$defs": {"rule": {"oneOf": list(plain.values())}}}
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {code: dialect | one | inner for code, one in plain.items()}


def _schema(cls: Any) -> dict[str, Any]:
    one = schema_of(cls)
    one["properties"] = {"shape": {"const": cls.code}} | one["properties"]
    one["required"] = ["shape", *one["required"]]
    return {"title": cls.title, "description": cls.about} | one
