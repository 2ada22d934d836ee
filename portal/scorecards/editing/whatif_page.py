"""The page on which a version is held against the scores that stand, before it is published."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from communities.base.held import asked_period
from communities.base.tables import detail_url
from communities.base.views import ScopedPage, place_lines, readable
from communities.models import Division
from portal.scorecards.models import RatingSchemeVersion
from portal.scorecards.reading import computed_periods, default_period
from portal.scorecards.rules_api import points_text
from portal.scorecards.scoring.whatif import WhatIf, what_if


def named_changes(found: WhatIf) -> list[dict[str, Any]]:
    """The places whose totals would move most, with their names and grades."""
    changes = found.most_changed()
    places = Division.objects.defer("search").in_bulk([change.division_id for change in changes])
    lines = place_lines(places.values())
    now = found.base_sheet
    return [
        {
            "division": places[change.division_id],
            "above": lines.get(change.division_id, ""),
            "total_now": points_of(change.total_now),
            "total": points_of(change.total),
            "gained": change.gained,
            "gained_text": points_of(abs(change.gained)),
            "grade_now": now.grade_row(change.grade_now) if now is not None else None,
            "grade": found.sheet.grade_row(change.grade),
            "rank_now": change.rank_now,
            "rank": change.rank,
            "peers": change.peers,
        }
        for change in changes
    ]


def points_of(hundredths: int | None) -> str | None:
    return None if hundredths is None else points_text(hundredths)


def grade_rows(found: WhatIf) -> list[dict[str, Any]]:
    """By name of a grade (None: without one) how many have it and would have it; grades that fall away first."""
    now = {grade.name if grade else None: number for grade, number in found.grades_now}
    then = {grade.name if grade else None: number for grade, number in found.grades}
    gone = [name for name, number in now.items() if name not in then and number]
    return [{"grade": name, "now": now.get(name, 0), "then": then.get(name, 0)} for name in (*gone, *then)]


class WhatIfPage(ScopedPage):
    """What publishing a version would change, for the places that the reader may compare."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        rows = readable(RatingSchemeVersion, request.user, self.action).select_related("scheme__jurisdiction")
        version = get_object_or_404(rows, public_id=public_id)
        context: dict[str, Any] = {
            "version": version,
            "version_url": detail_url(version),
            "periods": computed_periods()[::-1],
        }
        try:
            context["period"] = period = asked_period(request) or default_period()
            if period is not None:
                found = what_if(version, period, by=request.user)
                context |= {
                    "found": found,
                    "grades": grade_rows(found),
                    "mean": points_of(found.mean),
                    "mean_now": points_of(found.mean_now),
                    "changes": named_changes(found),
                }
        except Http404:
            # A period of an old link, or mistyped: the page still offers those that are measured.
            context |= {"period": None, "why_not": [_("没有这个报告期，请在上面另选一个。")]}
        except ValidationError as error:
            context["why_not"] = error.messages
        return render(request, "scorecards/what_if.html", context)
