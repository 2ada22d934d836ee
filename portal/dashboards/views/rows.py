"""What the pages of rows behind a figure have in common: where they stand, and how they turn."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from communities.base.measures import Indicator
from communities.base.roles import Action
from communities.base.views import ScopedPage
from communities.models import Division, Period
from portal.dashboards.views.dashboard import asked_indicator, refuse_unknown
from portal.frame import frame_of
from portal.scorecards.models import CurrentRun
from portal.scorecards.rows import Position, PositionLost

PAGE_SIZE = 50
PARAMETERS = frozenset({"place", "period", "indicator", "after", "before"})


class RowsPage(ScopedPage):
    """Rows stay in one's own scope: a place that may only be compared is 404 here.

    ``asked`` are the page's own parameters, which :meth:`page` reads and each of its addresses carries on.
    """

    action: ClassVar[Action] = Action.VIEW
    template_name: ClassVar[str]
    asked: ClassVar[frozenset[str]]

    def get(self, request: HttpRequest) -> HttpResponse:
        refuse_unknown(request, PARAMETERS | self.asked)
        frame = frame_of(request)
        place = frame.require_place(Action.VIEW)
        period = frame.require_period()
        self.indicator: Indicator = asked_indicator(request)
        context = self.facts() | {
            "place": place,
            "period": period,
            "indicator": self.indicator,
            "may_see_rows": True,
        }
        if period is not None:
            try:
                context |= self.page(place, period)
            except PositionLost as error:
                raise BadRequest(_("翻页位置无效，请从第一页开始。")) from error
            except ValidationError as error:
                context["refusal"] = error.messages[0]
            except CurrentRun.DoesNotExist:
                context["found"] = None  # the page says that nothing was computed yet
        return render(request, self.template_name, context)

    def facts(self) -> dict[str, Any]:
        """What the page shows of the address alone. Raises Http404 for an indicator without such rows."""
        raise NotImplementedError

    def page(self, place: Division, period: Period) -> dict[str, Any]:
        """One page of rows."""
        raise NotImplementedError

    def position(self) -> Position | None:
        """Where to go on. Raises BadRequest for what is no position."""
        for name in ("after", "before"):
            if text := self.request.GET.get(name):
                try:
                    return Position(uuid.UUID(text), backwards=name == "before")
                except ValueError as error:
                    raise BadRequest(_("翻页位置无效，请从第一页开始。")) from error
        return None

    def address(self, **changes: Any) -> str:
        """This page with parameters set, or taken away where None; a changed list starts at its first page."""
        kept = {"place", "period", "indicator"} | self.asked
        asked: Mapping[str, Any] = {name: self.request.GET.get(name) for name in sorted(kept)} | changes
        return "?" + urlencode({name: str(value) for name, value in asked.items() if value})

    def neighbours(self, found: Any) -> dict[str, str | None]:
        """Addresses of the pages beside this one."""
        return {
            "previous_url": self.address(before=found.previous) if found.previous else None,
            "next_url": self.address(after=found.next) if found.next else None,
        }
