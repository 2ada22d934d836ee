"""One place's score as a sheet, and the rows behind each of its values."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from communities.base.held import held_query
from communities.base.measures import Measure
from communities.base.roles import Action
from communities.base.views import ScopedPage, place_lines
from communities.choices import Level
from portal.dashboards.score_sheet import groups_of, inputs_of, total_note, value_line, vetoes_of
from portal.dashboards.standing import standings
from portal.dashboards.views.dashboard import refuse_unknown
from portal.dashboards.views.sources import PARTS, source_line
from portal.frame import frame_of
from portal.scorecards.models import CurrentRun, RunKind, ScoreCard
from portal.scorecards.scoring import reading
from portal.scorecards.scoring.explaining import ROWS_SHOWN, Explanation, explain
from portal.scorecards.scoring.inputs import Input, inputs
from portal.scorecards.scoring.next_steps import next_steps

HELD = frozenset({"place", "period"})


class ScorePage(ScopedPage):
    """A page about one score: figures may be compared across one's own city, rows are read in one's own places."""

    action: ClassVar[Action] = Action.COMPARE
    known: ClassVar[frozenset[str]] = HELD

    def card(self, request: HttpRequest, public_id: Any) -> Any:
        """The card in the address, with its place as that of the page. Raises Http404, BadRequest."""
        refuse_unknown(request, self.known)
        card: Any = reading.cards_for(request.user).filter(public_id=public_id).first()
        if card is None:
            raise Http404
        reading.dress([card])
        frame_of(request).stand_at(card.division)
        request.place_target = reverse("score-list")  # type: ignore[attr-defined] # read by the frame of the page
        return card

    def facts(self, card: Any) -> dict[str, Any]:
        """What both pages say above: whose score it is, and whether the reader may read rows."""
        frame = frame_of(self.request)
        asked = {
            "place": card.division.public_id,
            "period": card.period.code,
            "version": card.scheme_version.public_id,
        }
        return {
            "card": card,
            "place": card.division,
            "period": card.period,
            "version": card.scheme_version,
            "is_own": frame.may(Action.VIEW),
            "is_community": card.division.level == Level.COMMUNITY,
            "league_url": f"{reverse('score-list')}?{urlencode(asked)}",
            "held": held_query(self.request),
        }


class ScoreDetail(ScorePage):
    """The sheet: what each item asks, what was read, what it gave; printed as the official form."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        card = self.card(request, public_id)
        found = explain(card, by=request.user)
        context = self.facts(card) | {
            "found": found,
            "groups": groups_of(found),
            "vetoes": vetoes_of(found),
            "total_note": total_note(found),
            "former": reading.all_periods_of(request.user, card),
            "differs_since": differs_since(card),
            "next_steps": next_steps(found),
        }
        return render(request, "scores/detail.html", context)


class ScoreRows(ScorePage):
    """The rows behind one value, as a part of the sheet or a page of its own."""

    known = HELD | {"input"}

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        code = request.GET.get("input")
        if code not in inputs():
            raise BadRequest(_("没有这个取值。"))
        card = self.card(request, public_id)
        found = explain(card, by=request.user)
        one = next((each for each in inputs_of(found) if each.input.code == code), None)
        if one is None:
            raise Http404
        facts = self.facts(card)
        context = facts | {"value": value_line(one), "tables": [], "shown": ROWS_SHOWN}
        if facts["is_own"] and found.scene is not None:
            context["tables"] = self.tables(found, one.input)
        context["is_too_large"] = facts["is_own"] and found.scene is None
        part = bool(request.htmx)  # type: ignore[attr-defined]
        response = render(request, "scores/rows_part.html" if part else "scores/rows.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def tables(self, found: Explanation, one: Input) -> list[dict[str, Any]]:
        """The subjects judged, or what was summed above and below the line."""
        if one.indicator is not None and one.indicator.assessment is not None:
            return [self.judged(found, one)]
        return [self.counted(found, one, measure, at) for at, measure in enumerate(one.measures)]

    def judged(self, found: Explanation, one: Input) -> dict[str, Any]:
        assert one.indicator is not None  # noqa: S101 - the caller has looked
        behind, place = found.rows_behind(one), found.card.division
        query = {"indicator": one.indicator.code, "outcome": str(one.outcome) if one.outcome else ""}
        return {
            "title": _("判定对象"),
            "standing": standings(behind.rows, one.indicator, under=place.path_now),  # type: ignore[arg-type]
            "shows_place": place.level != Level.COMMUNITY,
            "behind": behind,
            "more_url": all_rows_url("subjects", found.card, query),
        }

    def counted(self, found: Explanation, one: Input, measure: Measure, at: int) -> dict[str, Any]:
        behind, place = found.rows_behind(one, measure), found.card.division
        lines = place_lines((row.community for row in behind.rows), place.path_now)
        more = None
        if one.indicator is not None:
            more = all_rows_url("sources", found.card, {"indicator": one.indicator.code, "part": PARTS[at]})
        return {
            "title": measure.name,
            "measure": measure,
            "rows": [source_line(row, lines) for row in behind.rows],  # type: ignore[arg-type]
            "behind": behind,
            "more_url": more,
        }


def all_rows_url(route: str, card: ScoreCard, query: dict[str, str]) -> str:
    """The page that lists all rows of an indicator at the place of a card."""
    held = {"place": str(card.division.public_id), "period": card.period.code}
    return f"{reverse(route)}?{urlencode(held | {name: text for name, text in query.items() if text})}"


def differs_since(card: ScoreCard) -> Any:
    """Since when the rows would give other figures than those on which a closed period's score rests."""
    current = CurrentRun.objects.filter(kind=RunKind.MEASURE, run=card.run.measured_id).first()
    return current.differs_since if current is not None else None
