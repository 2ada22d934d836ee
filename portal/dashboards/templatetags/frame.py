"""Tags of the frame and of figures."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from communities.base.changes import Change, changes_in
from communities.base.measures import Indicator
from communities.base.tables import number_text
from communities.models import Division
from portal.figures import large_number
from portal.frame import frame_of
from portal.scorecards.figures import Figure, ratio

register = template.Library()


@register.simple_tag(takes_context=True)
def place_url(context: dict[str, Any], place: Division) -> str:
    """The page at hand, or its register, for another place."""
    return frame_of(context["request"]).place_url(place)


@register.filter
def changes(record: Any) -> Iterator[Change]:
    """What a change record says, field by field."""
    return changes_in(record)


@register.filter
def figure(value: Decimal | int | None) -> SafeString | str:
    """A number as people say it, with 万 and 亿; the exact one on hover."""
    if value is None:
        return ""
    short, exact = large_number(value), number_text(value)
    return short if short == exact else format_html('<span title="{}">{}</span>', exact, short)


@register.simple_tag(takes_context=True)
def subject_query(context: dict[str, Any], indicator: Indicator, outcome: str = "") -> str:
    """The address part of the rows behind a figure of the page's place and period."""
    asked = {
        "place": context["place"].public_id,
        "period": context["period"].code,
        "indicator": indicator.code,
    }
    return "?" + urlencode(asked | ({"outcome": outcome} if outcome else {}))


@register.simple_tag
def share(part: int | Decimal, whole: int | Decimal) -> str:
    """Percent with two decimals, half up."""
    percent = ratio(part, whole, 100, 2)
    return "" if percent is None else f"{percent}"


@register.simple_tag(takes_context=True)
def counted(context: dict[str, Any], shown: Figure, part: str) -> SafeString | str:
    """``numerator`` or ``denominator`` of a plain figure, linked to its rows where the reader may open them."""
    text = figure(getattr(shown, part))
    if not text or not context.get("may_see_rows"):
        return text
    address = reverse("sources") + subject_query(context, shown.indicator)
    return format_html('<a href="{}&amp;part={}">{}</a>', address, part, text)


@register.simple_tag(takes_context=True)
def place_line(context: dict[str, Any], place: Division) -> str:
    """The names of the places between the place at hand and this one, from the context's ``place_lines``."""
    line: str = context["place_lines"].get(place.pk, "")
    return line or place.name_now


@register.filter
def exact(value: Decimal | None) -> str:
    """An area or share with its two decimals."""
    return "" if value is None else number_text(value, 2)
