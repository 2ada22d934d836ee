"""What a rate counts: the committees or communities behind it, each with value, standard, clause and rooms."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.http import Http404
from django.utils.translation import gettext as _

from communities.base.measures import Outcome
from communities.models import Division, Period
from portal.dashboards.panels import LOOK_OF, OUTCOME_LOOKS
from portal.dashboards.standing import standings
from portal.dashboards.views.rows import PAGE_SIZE, RowsPage
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.rows import Scene, SubjectOrder, SubjectPage, subjects


class Subjects(RowsPage):
    """Subjects of an assessment, by outcome, as their places stand or the widest gap first."""

    template_name = "dashboards/subjects.html"
    asked: ClassVar[frozenset[str]] = frozenset({"outcome", "sort"})

    def facts(self) -> dict[str, Any]:
        if self.indicator.assessment is None:
            raise Http404
        self.outcome = self.asked_outcome()
        self.order = self.asked_order()
        return {
            "assessed": [each for each in INDICATORS.values() if each.assessment is not None],
            "outcome": LOOK_OF[self.outcome] if self.outcome is not None else None,
            "order": self.order,
            "by_place_url": self.address(sort=None),
            "by_gap_url": self.address(sort=SubjectOrder.GAP),
        }

    def asked_outcome(self) -> Outcome | None:
        text = self.request.GET.get("outcome")
        if not text:
            return None
        try:
            return Outcome(text)
        except ValueError as error:
            raise BadRequest(_("没有这种结果。")) from error

    def asked_order(self) -> SubjectOrder:
        try:
            return SubjectOrder(self.request.GET.get("sort") or SubjectOrder.PLACE)
        except ValueError as error:
            raise BadRequest(_("不能按此列排序。")) from error

    def page(self, place: Division, period: Period) -> dict[str, Any]:
        found = subjects(
            Scene(place, period, self.request.user),
            self.indicator,
            outcome=self.outcome,
            order=self.order,
            position=self.position(),
            limit=PAGE_SIZE,
        )
        return {
            "rows": standings(found.subjects, self.indicator, under=place.path_now),
            "found": found,
            "choices": self.choices(found),
            **self.neighbours(found),
        }

    def choices(self, found: SubjectPage) -> list[dict[str, Any]]:
        """All outcomes with their counts, as tabs."""
        total = sum(found.outcomes.values())
        url = self.address(outcome=None)
        tabs = [{"word": _("全部"), "code": "all", "count": total, "url": url, "on": not self.outcome}]
        return tabs + [
            {
                "word": look.word,
                "code": look.code,
                "icon": look.icon,
                "count": found.outcomes[look.code],
                "url": self.address(outcome=look.code),
                "on": self.outcome == look.code,
            }
            for look in OUTCOME_LOOKS
        ]
