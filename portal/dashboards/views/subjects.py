"""What a figure counts: the committees or communities behind it, each with value, standard, clause and rooms."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest, ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from communities.base.measures import Indicator, Outcome
from communities.base.roles import Action
from communities.base.views import ScopedPage
from communities.models import Division, Period
from portal.dashboards.panels import LOOK_OF, OUTCOME_LOOKS
from portal.dashboards.standing import standings
from portal.dashboards.views.dashboard import asked_indicator, refuse_unknown
from portal.frame import frame_of
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.rows import SubjectPage, subjects

PARAMETERS = frozenset({"place", "period", "indicator", "outcome", "after"})
PAGE_SIZE = 50


class Subjects(ScopedPage):
    """Rows stay in one's own scope: a place that may only be compared is 404 here."""

    action: ClassVar[Action] = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        refuse_unknown(request, PARAMETERS)
        frame = frame_of(request)
        place = frame.require_place(Action.VIEW)
        period = frame.require_period()
        indicator = asked_indicator(request)
        if indicator.assessment is None:
            raise Http404
        outcome = self.asked_outcome()
        context: dict[str, Any] = {
            "place": place,
            "period": period,
            "indicator": indicator,
            "assessed": [each for each in INDICATORS.values() if each.assessment is not None],
            "outcome": LOOK_OF[outcome] if outcome is not None else None,
            "may_see_rows": True,
        }
        if period is not None:
            context |= self.page(place, period, indicator, outcome)
        return render(request, "dashboards/subjects.html", context)

    def asked_outcome(self) -> Outcome | None:
        text = self.request.GET.get("outcome")
        if not text:
            return None
        try:
            return Outcome(text)
        except ValueError as error:
            raise BadRequest(_("没有这种结果。")) from error

    def page(
        self, place: Division, period: Period, indicator: Indicator, outcome: Outcome | None
    ) -> dict[str, Any]:
        """One page of subjects; a place too large to list says so."""
        try:
            found = subjects(
                place,
                period,
                indicator,
                by=self.request.user,
                outcome=outcome,
                after=self.position(),
                limit=PAGE_SIZE,
            )
        except ObjectDoesNotExist as error:
            raise BadRequest(_("翻页位置无效,请从第一页开始。")) from error
        except ValidationError as error:
            return {"refusal": error.messages[0]}
        return {
            "rows": standings(found.subjects, indicator, under=place.path_now),
            "found": found,
            "choices": self.choices(found, indicator, outcome),
            "next_url": self.address(indicator, outcome, after=found.after) if found.after else None,
            "first_url": self.address(indicator, outcome) if self.request.GET.get("after") else None,
        }

    def position(self) -> uuid.UUID | None:
        text = self.request.GET.get("after")
        try:
            return uuid.UUID(text) if text else None
        except ValueError as error:
            raise BadRequest(_("翻页位置无效,请从第一页开始。")) from error

    def address(self, indicator: Indicator, outcome: str | None, after: Any = None) -> str:
        asked = {
            "place": self.request.GET.get("place"),
            "period": self.request.GET.get("period"),
            "indicator": indicator.code,
            "outcome": outcome,
            "after": after,
        }
        return "?" + urlencode({name: str(value) for name, value in asked.items() if value})

    def choices(
        self, found: SubjectPage, indicator: Indicator, outcome: Outcome | None
    ) -> list[dict[str, Any]]:
        """All outcomes with their counts, as tabs."""
        total = sum(found.outcomes.values())
        tabs = [
            {
                "word": _("全部"),
                "code": "all",
                "count": total,
                "url": self.address(indicator, None),
                "on": not outcome,
            }
        ]
        return tabs + [
            {
                "word": look.word,
                "code": look.code,
                "icon": look.icon,
                "count": found.outcomes[look.code],
                "url": self.address(indicator, look.code),
                "on": outcome == look.code,
            }
            for look in OUTCOME_LOOKS
        ]
