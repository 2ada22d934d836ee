"""Periods: which there are, what was measured in them, and closing one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from communities.base.detail import DetailPage, Part
from communities.base.roles import Action
from communities.base.tables import written
from communities.base.views import ListPage, ScopedPage, readable
from communities.filters import PeriodFilterSet
from communities.models import Period
from portal.scorecards.closing import close_period, may_close, obstacles
from portal.scorecards.models import CurrentRun
from portal.scorecards.scoring.reading import versions_read
from portal.scorecards.tables import PeriodTable, RunTable


class PeriodList(ListPage):
    model = Period
    table_class = PeriodTable
    filterset_class = PeriodFilterSet
    default_order = "-code"
    purpose = _("这里列出测算的报告期。每个季度的报告期自动设立。")


class PeriodDetail(DetailPage):
    """A period, its runs, and for whoever closes periods what is still missing."""

    model = Period
    # Its change records stand on no place: the auditor reads them.
    shows_history = False
    template_name = "scorecards/period.html"
    groups = ((_("报告期"), ("code", "kind", "span", "anchor", "closed_at", "differs")),)

    def heading(self) -> str:
        return str(self.row.label)

    def fact_anchor(self) -> tuple[Any, Any]:
        return _("关闭后的基准日"), written(self.row.last_day)

    def fact_differs(self) -> tuple[Any, Any]:
        current = CurrentRun.objects.filter(period=self.row, differs_since__isnull=False).first()
        since = written(current.differs_since) if current is not None else _("一致")
        return _("与已公布数据不一致起"), since

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("测算"),
            RunTable,
            self.row.runs.filter(
                Q(scheme_version__isnull=True) | Q(scheme_version__in=versions_read(self.request.user))
            )
            .select_related("job", "scheme_version__scheme")
            .order_by("-pk"),
            columns=("created_at", "subject", "anchor_date", "state", "progress", "computed_at"),
            empty=_("还没有测算过。"),
        )

    def context(self) -> dict[str, Any]:
        asks = not self.row.is_closed and may_close(self.request.user)
        return super().context() | {"may_close": asks, "obstacles": obstacles(self.row) if asks else []}


class ClosePeriod(ScopedPage):
    """The button on a period's page."""

    action: ClassVar[Action] = Action.CLOSE_PERIODS

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        period = get_object_or_404(readable(Period, request.user, self.action), public_id=public_id)
        if request.POST.get("confirmed") != "1":
            messages.warning(request, gettext("请先勾选确认。"))
        else:
            try:
                close_period(period, by=request.user)
                messages.success(request, gettext("%(period)s已关闭。") % {"period": period.label})
            except ValidationError as error:
                messages.warning(request, " ".join(error.messages))
        return HttpResponseRedirect(reverse("period-detail", args=[period.public_id]))
