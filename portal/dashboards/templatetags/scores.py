"""Scores in words and signs: points, stars, and how rank and total moved."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from communities.base.rules.items import HUNDREDTHS
from communities.base.tables import EMPTY, number_text
from communities.choices import Level
from portal.dashboards.ratings import class_word

register = template.Library()

STAR = "★"


@register.filter
def points(hundredths: int | Decimal | None) -> str:
    """Points with two decimals; 不适用 where nothing applied."""
    if hundredths is None:
        return _("不适用")
    exact = Decimal(hundredths) / HUNDREDTHS
    return number_text(exact.quantize(Decimal("0.01"), ROUND_HALF_UP), 2)


@register.filter
def mark(value: Decimal) -> str:
    """A full mark as people write it: 20, or 2.5."""
    return number_text(value.normalize() + 0)


@register.filter
def rated(level: int) -> str:
    """What the places of a level are called, where a scheme rates them."""
    words = {Level.DISTRICT: _("区县"), Level.STREET: _("街道、乡镇"), Level.COMMUNITY: _("社区")}
    return words[Level(level)]


@register.simple_tag
def stars(grade: Any) -> SafeString:
    """A grade: its stars and its name, never stars alone."""
    if grade is None:
        return format_html('<span class="grade grade-none">{}</span>', _("未评级"))
    return format_html(
        '<span class="grade"><span class="stars" aria-hidden="true">{}</span>{}</span>',
        STAR * grade.stars,
        grade.name,
    )


@register.simple_tag
def risen(card: Any) -> SafeString:
    """By how many places a card's rank moved since the period before."""
    places = card.before.places_risen(card.rank) if card.before else None
    return moved(places, None if places is None else str(abs(places)))


@register.simple_tag
def gained(card: Any) -> SafeString:
    """By how many points a card's total moved since the period before."""
    before = card.before.total if card.before else None
    return moved_points(None if before is None or card.total is None else card.total - before)


@register.simple_tag
def other_rules(now: Any, before: Any) -> SafeString:
    """Said where a score and the one before are of two versions: the movement is not of the place alone."""
    if not before or now.pk == before.pk:  # a template gives an empty word where there is no period before
        return SafeString("")
    told = _("上期按第 %(number)s 版评分") % {"number": before.number}
    return format_html('<span class="other-rules">{}</span>', told)


@register.simple_tag
def former_rules(cards: Any) -> SafeString:
    """The same for a whole list, said once above it."""
    numbers = sorted(
        {
            card.before.version.number
            for card in cards
            if card.before and card.before.version.pk != card.scheme_version.pk
        }
    )
    if not numbers:
        return SafeString("")
    told = _("上期按第 %(numbers)s 版评分，升降不只是各地自身的变化。") % {
        "numbers": "、".join(map(str, numbers))
    }
    return format_html('<p class="card-note other-rules">{}</p>', told)


@register.simple_tag
def moved_points(change: int | Decimal | None) -> SafeString:
    """A movement in hundredths."""
    return moved(change, None if change is None else points(change if change > 0 else -change))


def moved(change: Any, text: str | None) -> SafeString:
    """Arrow, word and number."""
    if change is None:
        return EMPTY
    if not change:
        return format_html(
            '<span class="move move-same"><i class="ti ti-arrow-right" aria-hidden="true"></i>{}</span>',
            _("持平"),
        )
    look, arrow, word = ("better", "up", _("升")) if change > 0 else ("worse", "down", _("降"))
    return format_html(
        '<span class="move move-{}"><i class="ti ti-arrow-{}" aria-hidden="true"></i>{} {}</span>',
        look,
        arrow,
        word,
        text,
    )


@register.filter
def peer_word(card: Any) -> str:
    """The class among which a card is ranked; empty where all of a city are ranked together."""
    named = card.scheme_version.peer_class
    return class_word(named, card.classes) if named else ""


@register.simple_tag(takes_context=True)
def place_above(context: dict[str, Any], place: Any) -> str:
    """The places between the place at hand and this one, from the context's ``place_lines``."""
    line: str = context["place_lines"].get(place.pk, "")
    return line
