"""Rules and conditions of schemes in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communities.base.rules.conditions import Condition
from portal.scorecards.editing.inputs_offered import input_names

if TYPE_CHECKING:
    from portal.scorecards.models import RatingItem, RatingVeto


def sentences(item: RatingItem) -> list[str]:
    """An item, whatever the values: its rule, and what its own bounds and rounding add."""
    return item.arithmetic.words(input_names(item.shape.reads()))


def rule_sentences(item: RatingItem) -> list[str]:
    """The rule alone, where the bounds and the rounding stand beside it."""
    rule = item.shape
    return rule.words(item.full_mark, input_names(rule.reads()))


def rule_words(item: RatingItem) -> str:
    return "".join(rule_sentences(item))


def veto_words(veto: RatingVeto) -> str:
    """As in 安全事故高于 0 起."""
    condition = Condition(veto.value, veto.operator, veto.target)
    return condition.words(input_names([veto.value]))
