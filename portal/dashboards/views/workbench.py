"""The workbench: what of my place falls short, was not reported, comes due, and what changed lately."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from communities.base.measures import Indicator, Outcome
from communities.base.querysets import today, valid_on
from communities.base.roles import Action
from communities.base.views import ScopedPage, place_lines
from communities.choices import ApprovalState
from communities.models import ApprovalCase, ChangeRecord, Committee, Division, Exemption, Premises
from portal.dashboards.standing import Standing, standings
from portal.dashboards.views.dashboard import refuse_unknown
from portal.frame import frame_of
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import slot_positions
from portal.scorecards.reading import PlaceCard, current_card
from portal.scorecards.rows import Scene, SubjectOrder, subjects

SOON = dt.timedelta(days=90)
TERM_SOON = dt.timedelta(days=180)
SHOWN = 8


class Workbench(ScopedPage):
    """For those who keep the registers: gaps and due dates of their place, each a link to its rows."""

    action = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        refuse_unknown(request, frozenset({"place", "period"}))
        frame = frame_of(request)
        place = frame.require_place(Action.VIEW)
        period = frame.period
        day = today()
        rooms, exemptions, terms = self.due(place, day)
        card = current_card(request.user, place, period) if period is not None else None
        return render(
            request,
            "dashboards/workbench.html",
            {
                "place": place,
                "period": period,
                "gaps": self.gaps(card) if card is not None else [],
                "differs_since": card.differs_since if card is not None else None,
                "rooms": rooms,
                "exemptions": exemptions,
                "terms": terms,
                "today": day,
                "place_lines": place_lines(
                    [*(room.division_now for room in rooms), *(body.division_now for body in terms)],
                    under=place.path_now,
                ),
                "changes": self.changes(place),
                **self.approvals(),
                "shown": SHOWN,
            },
        )

    def approvals(self) -> dict[str, Any]:
        """What waits for the user's decision, the most urgent first, and what was given back. Three queries."""
        cases: Any = ApprovalCase.objects.live().visible_to(self.request.user)
        waiting = cases.to_do(self.request.user).order_by("due_on", "pk")
        returned = cases.submitted_by(self.request.user).filter(state=ApprovalState.RETURNED)
        return {
            "waiting": list(waiting[:SHOWN]),
            "waiting_number": waiting.count(),
            "returned": list(returned.order_by("-pk")[:SHOWN]),
        }

    def gaps(self, card: PlaceCard) -> list[dict[str, Any]]:
        """Per standard: how many fall short or were not reported, and the widest gaps."""
        positions = slot_positions()
        found: list[dict[str, Any]] = []
        for indicator in INDICATORS.values():
            figure = card.figure(indicator, positions)
            if not figure.outcomes or indicator.assessment is None:
                continue
            short, missing = figure.outcomes[Outcome.FALLS_SHORT], figure.outcomes[Outcome.NOT_REPORTED]
            if short or missing:
                found.append({"indicator": indicator, "figure": figure, "short": short, "missing": missing})
        scene = self.scene(card) if any(gap["short"] for gap in found) else None
        for gap in found:
            gap["rows"] = (
                self.short(scene, card, gap["indicator"]) if scene is not None and gap["short"] else []
            )
        return found

    def scene(self, card: PlaceCard) -> Scene | None:
        """The place as its rows now stand; None where it is too large to list."""
        try:
            return Scene(card.division, card.period, self.request.user)
        except ValidationError:
            return None

    def short(self, scene: Scene, card: PlaceCard, indicator: Indicator) -> list[Standing]:
        """Those furthest from the standard."""
        page = subjects(scene, indicator, outcome=Outcome.FALLS_SHORT, order=SubjectOrder.GAP, limit=SHOWN)
        return standings(page.subjects, indicator, under=card.division.path_now)

    def due(self, place: Division, day: dt.date) -> tuple[list[Premises], list[Exemption], list[Committee]]:
        """Stopgap rooms, exemptions to be reviewed and terms that end soon or have ended. Three queries."""
        user, path = self.request.user, place.path_now
        rooms = Premises.objects.visible_to(user, Action.VIEW).below(path).held_on(day)
        exemptions = Exemption.objects.live().visible_to(user, Action.VIEW).below(path)
        terms = Committee.objects.visible_to(user, Action.VIEW).below(path).in_force(day)
        return (
            list(
                rooms.filter(is_temporary=True, temporary_until__lte=day + SOON)
                .select_related("division_now")
                .order_by("temporary_until", "pk")[:SHOWN]
            ),
            list(
                exemptions.filter(valid_on(day), Q(review_on__lte=day + SOON))
                .select_related("division", "committee")
                .order_by("review_on", "pk")[:SHOWN]
            ),
            list(
                terms.filter(expires_on__lte=day + TERM_SOON)
                .select_related("division_now")
                .order_by("expires_on", "pk")[:SHOWN]
            ),
        )

    def changes(self, place: Division) -> list[ChangeRecord]:
        records = ChangeRecord.objects.visible_to(self.request.user, Action.VIEW).below(place.path_now)
        return list(records.select_related("division").order_by("-pk")[:SHOWN])
