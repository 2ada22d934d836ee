"""Filters that put figures into words."""

from __future__ import annotations

from django import template

from portal.figures import State, figure_text, state_of
from portal.scorecards.figures import Figure

register = template.Library()


@register.filter
def shown(figure: Figure) -> str:
    """The figure's number, or 无标准, 不适用, 未报."""
    return figure_text(figure)


@register.filter
def standing(figure: Figure) -> State:
    """Whether the figure has a number, or why it has none."""
    return state_of(figure)
