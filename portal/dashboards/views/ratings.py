"""The dashboard's part on ratings: read after the page, by itself, so that it fails alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from communities.base.roles import Action
from communities.base.views import ScopedPage
from communities.models import Division, Period
from portal.dashboards.ratings import previous_of, spreads
from portal.dashboards.views.dashboard import refuse_unknown
from portal.frame import Frame, frame_of
from portal.scorecards.scoring import reading


class Ratings(ScopedPage):
    """A place's own scores, and how the places below it fared by each scheme."""

    action: ClassVar[Action] = Action.COMPARE

    def get(self, request: HttpRequest) -> HttpResponse:
        refuse_unknown(request, frozenset({"place", "period"}))
        frame = frame_of(request)
        place = frame.require_place(Action.COMPARE)
        period = frame.require_period()
        context: dict[str, Any] = {"place": place, "period": period}
        if period is not None:
            context |= ratings(frame, place, period)
        part = bool(request.htmx)  # type: ignore[attr-defined]
        response = render(request, "scores/panel.html" if part else "scores/panel_page.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response


def own_scores(user: Any, place: Division, period: Period) -> list[Any]:
    """What the place itself got, scheme by scheme: four queries."""
    cards: list[Any] = list(
        reading.cards_for(user, division=place, period=period).order_by("scheme_version__scheme__name", "pk")
    )
    reading.dress(cards)
    return cards


def ratings(frame: Frame, place: Division, period: Period) -> dict[str, Any]:
    previous = previous_of(frame.periods, period)
    return {
        "scores": own_scores(frame.user, place, period),
        "spreads": spreads(frame.user, place, period, previous),
        "previous": previous,
    }
