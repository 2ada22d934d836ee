"""The dashboard of one place: cards first, painted here; what is compared is fetched from the API."""

from __future__ import annotations

from typing import Any, ClassVar

from csp.decorators import csp_update
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from communities.base.measures import Indicator
from communities.base.roles import Action
from communities.base.views import ScopedPage
from communities.choices import Level
from communities.models import Division, Period
from portal.dashboards.panels import OUTCOME_LOOKS, breakdown, period_facts, previous_of, tiles
from portal.figures import WORDS, without_denominator
from portal.frame import Frame, frame_of
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.count_sources import count_sources, rests_on_counts
from portal.scorecards.figures import slot_positions
from portal.scorecards.reading import PlaceCard, children_cards, history

PARAMETERS = frozenset({"place", "period", "indicator", "plain"})
BELOW = {
    Level.COUNTRY: _("各省"),
    Level.PROVINCE: _("各市"),
    Level.CITY: _("各区县"),
    Level.DISTRICT: _("各街镇"),
    Level.STREET: _("各社区"),
}


def asked_indicator(request: HttpRequest) -> Indicator:
    """The indicator in the address, else the first of the catalogue. Raises BadRequest for an unknown one."""
    code = request.GET.get("indicator") or next(iter(INDICATORS))
    if code not in INDICATORS:
        raise BadRequest(_("没有这个指标。"))
    return INDICATORS[code]


def refuse_unknown(request: HttpRequest, known: frozenset[str]) -> None:
    """Raises BadRequest for a parameter that nobody declared."""
    if set(request.GET) - known:
        raise BadRequest(_("地址中有不认识的参数。"))


@method_decorator(csp_update(settings.CSP_WITH_CHART), name="dispatch")
class Dashboard(ScopedPage):
    """Cards, where it is worst, trend, outcomes and league table of a place and its parts."""

    action: ClassVar[Action] = Action.COMPARE

    def get(self, request: HttpRequest) -> HttpResponse:
        refuse_unknown(request, PARAMETERS)
        frame = frame_of(request)
        place = frame.require_place(Action.COMPARE)
        period = frame.require_period()
        indicator = asked_indicator(request)
        context: dict[str, Any] = {
            "place": place,
            "period": period,
            "indicator": indicator,
            "indicators": INDICATORS.values(),
            "outcome_looks": OUTCOME_LOOKS,
            "may_run": frame.may(Action.RUN),
            "may_see_rows": frame.may(Action.VIEW),
            "is_community": place.level == Level.COMMUNITY,
            "below_title": BELOW.get(Level(place.level), ""),
        }
        if period is not None:
            context |= self.figures(frame, place, period, indicator)
        return render(request, "dashboards/dashboard.html", context)

    def figures(self, frame: Frame, place: Division, period: Period, indicator: Indicator) -> dict[str, Any]:
        """What the page paints itself: three queries for the place, one more to draw without scripts."""
        user = self.request.user
        cards = history(user, place)
        at = next((n for n, card in enumerate(cards) if card.period == period), None)
        if at is None:
            return {"card": None, "chart": None}
        positions = slot_positions()
        card = cards[at]
        before = previous_of(cards, at)
        previous = cards[before].period if before is not None else None
        shown = card.figure(indicator, positions)
        counted = count_sources(place)
        return {
            "card": card.card,
            "differs_since": card.differs_since,
            "tiles": tiles(cards, at, positions),
            "figure": shown,
            "segments": breakdown(shown),
            "previous": previous,
            "household_source": counted.on(card.card.anchor_date),
            "household_sources": counted.over((each.period.label, each.card.anchor_date) for each in cards),
            "names_households": rests_on_counts(indicator),
            "chart": chart_facts(frame, place, period, previous, indicator),
            "plain": self.plain(place, period, indicator, positions) if "plain" in self.request.GET else None,
            "plain_trend": [(each.period, each.figure(indicator, positions)) for each in reversed(cards)],
        }

    def plain(
        self, place: Division, period: Period, indicator: Indicator, positions: dict[str, int]
    ) -> list[tuple[PlaceCard, Any]]:
        """The parts of the place as a table, for browsers without scripts."""
        below = children_cards(self.request.user, place, period)
        return [(card, card.figure(indicator, positions)) for card in below]


def chart_facts(
    frame: Frame, place: Division, period: Period, previous: Period | None, indicator: Indicator
) -> dict[str, Any]:
    """What the scripts need to know; the figures themselves they ask of the API."""
    return {
        "place": {"id": str(place.public_id), "name": place.name_now, "level": place.level_code},
        "period": {"code": period.code, "label": period.label},
        "previous": {"code": previous.code, "label": previous.label} if previous else None,
        "periods": period_facts(frame.periods[::-1]),
        "indicator": {
            "code": indicator.code,
            "name": str(indicator.name),
            "unit": str(indicator.unit),
            "places": indicator.places,
            "higherIsBetter": indicator.higher_is_better is not False,
            "isAssessed": indicator.assessment is not None,
            "withoutDenominator": without_denominator(indicator),
        },
        "outcomes": [{"code": look.code, "word": look.word} for look in OUTCOME_LOOKS],
        "words": {str(state): str(word) for state, word in WORDS.items()},
        "rowsOf": rows_of(frame, place),
    }


def rows_of(frame: Frame, place: Division) -> list[str] | None:
    """The places below whose rows may be opened: None for all of them. At most one query."""
    if frame.may(Action.VIEW):
        return None
    mine = place.children_now.visible_to(frame.user, Action.VIEW)
    return [str(public_id) for public_id in mine.values_list("public_id", flat=True)]
