"""Rules and conditions of schemes in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communities.base.rules import Shape
from communities.base.rules.shapes import Condition
from portal.scorecards.editing.inputs_offered import input_names

if TYPE_CHECKING:
    from portal.scorecards.models import RatingItem, RatingVeto


def sentences(item: RatingItem) -> list[str]:
    """The rule of an item, whatever the values."""
    rule: Shape = item.shape
    return rule.words(item.full_mark, input_names(rule.reads()))


def rule_words(item: RatingItem) -> str:
    return "".join(sentences(item))


def veto_words(veto: RatingVeto) -> str:
    """As in 安全事故高于 0 起."""
    condition = Condition(veto.value, veto.operator, veto.target)
    return condition.words(input_names([veto.value]))
