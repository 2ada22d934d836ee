"""Lists of cases, and the registers by which they are routed: routes, freezes, delegations, holidays, requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import Count, Prefetch, QuerySet, Value
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from communities.approvals import filters, tables
from communities.base.approvals import subject_names
from communities.base.detail import DetailPage, Part
from communities.base.filters import RegisterFilterSet
from communities.base.roles import Action
from communities.base.selection import Choosing, chosen_for
from communities.base.tables import detail_url, link
from communities.base.views import ListPage
from communities.choices import TurnState
from communities.models import (
    ApprovalCase,
    ApprovalDelegation,
    ApprovalFreeze,
    ApprovalRoute,
    ApprovalTurn,
    ExemptionRequest,
    HolidaySchedule,
    holds_highest,
)


class CaseList(ListPage):
    """Cases in one's places; ``box`` limits them to a part of one's own work."""

    model = ApprovalCase
    table_class = tables.CaseTable
    filterset_class = filters.CaseFilterSet
    default_order = "-submitted_at"
    related = ("division", "submitter")
    template_name = "approvals/list.html"
    box: ClassVar[str] = ""

    @cached_property
    def boxed(self) -> dict[str, QuerySet[Any]]:
        """The cases of each list."""
        cases = super().queryset()
        return {box: filters.boxed(cases, box, self.request.user) for box, _name in filters.BOXES} | {
            "": cases
        }

    def queryset(self) -> QuerySet[Any]:
        return self.boxed[self.box]

    def page_rows(self) -> QuerySet[Any]:
        """With the open turn of each."""
        open_turns = ApprovalTurn.objects.filter(state=TurnState.OPEN)
        return super().page_rows().prefetch_related(Prefetch("turns", open_turns, to_attr="open_turns"))

    def context(self, asked: RegisterFilterSet) -> dict[str, Any]:
        return super().context(asked) | {"boxes": list(self.boxes())}

    def boxes(self) -> Iterable[tuple[Any, str, int | None, bool]]:
        """(name, address, number, whether it is this one) of each list. One query for all numbers."""
        counted = [
            self.boxed[box].order_by().annotate(box=Value(box)).values("box").annotate(number=Count("pk"))
            for box, _name in filters.BOXES
        ]
        numbers = {each["box"]: each["number"] for each in counted[0].union(*counted[1:], all=True)}
        for box, name in filters.BOXES:
            address = reverse("approval-list" if box == "to_do" else f"approval-{box}-list")
            yield name, address, numbers.get(box, 0), box == self.box
        yield _("全部"), reverse("approval-all-list"), None, not self.box


class ToDoList(CaseList):
    """What waits for the user, the most urgent first; ticked ones are decided together."""

    box = "to_do"
    default_order = "due_on"
    title = _("待我办理")
    purpose = _("轮到您办理的审批件，按办理期限排列。")

    def choosing(self, count: Any) -> Choosing | None:
        return chosen_for(self.page_code, self.request, count, act=_("批量办理"), icon="checks")


class DoneList(CaseList):
    box = "done"
    title = _("我已办理")
    purpose = _("您办理过的审批件。")


class SubmittedList(CaseList):
    box = "submitted"
    title = _("我申报的")
    purpose = _("您申报的审批件。")


class OverdueList(CaseList):
    box = "overdue"
    default_order = "due_on"
    title = _("超期未办")
    purpose = _("所辖范围内超过办理期限的审批件。")


class AllList(CaseList):
    title = _("全部审批件")
    purpose = _("这里列出所辖范围内申报过的审批件。")


class RouteList(ListPage):
    model = ApprovalRoute
    table_class = tables.RouteTable
    filterset_class = filters.RouteFilterSet
    default_order = "subject_name"
    related = ("jurisdiction",)
    purpose = _(
        "这里规定各类事项由谁、按什么顺序、在几个工作日内审批。就近的地区有自己的流程时，按自己的办理。"
    )


class RouteDetail(DetailPage):
    """A route and its steps."""

    model = ApprovalRoute
    related = ("jurisdiction",)
    groups = ((_("流程"), ("kind", "jurisdiction", "valid", "note")),)

    def fact_kind(self) -> tuple[Any, Any]:
        return _("事项"), self.row.subject_name

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("步骤"),
            tables.StepTable,
            self.row.steps.live(),
            columns=tuple(tables.StepTable.declared()),
            empty=_("还没有步骤，这类事项现在不能申报。"),
        )


class FreezeList(ListPage):
    model = ApprovalFreeze
    table_class = tables.FreezeTable
    filterset_class = filters.FreezeFilterSet
    default_order = "-reason"
    related = ("jurisdiction",)
    purpose = _("冻结期内不能申报、审批，例如年终决算时；这些天不计入办理期限。")


class FreezeDetail(DetailPage):
    model = ApprovalFreeze
    related = ("jurisdiction",)
    groups = ((_("冻结期"), ("jurisdiction", "valid", "kinds", "reason")),)

    def fact_kinds(self) -> tuple[Any, Any]:
        return _("冻结的事项"), subject_names(self.row.kinds)


class DelegationList(ListPage):
    model = ApprovalDelegation
    table_class = tables.DelegationTable
    filterset_class = filters.DelegationFilterSet
    default_order = "-giver"
    related = ("giver", "receiver")
    purpose = _("出差、请假期间，可以委托同事代为审批；受托人不能再转委托。这里列出您委托的和委托给您的。")


class DelegationDetail(DetailPage):
    model = ApprovalDelegation
    related = ("giver", "receiver")
    groups = ((_("委托"), ("giver", "receiver", "valid", "kinds", "reason")),)

    def fact_giver(self) -> tuple[Any, Any]:
        return _("委托人"), self.row.giver.name

    def fact_receiver(self) -> tuple[Any, Any]:
        return _("受托人"), self.row.receiver.name

    def fact_kinds(self) -> tuple[Any, Any]:
        return _("委托的事项"), subject_names(self.row.kinds)

    def may_write(self, action: Action, place: Any) -> bool:  # noqa: ARG002 - a delegation stands nowhere
        return bool(self.row.giver_id == self.request.user.pk and self.request.user.may(action))  # type: ignore[union-attr]


class HolidayScheduleList(ListPage):
    model = HolidaySchedule
    table_class = tables.HolidayScheduleTable
    filterset_class = filters.HolidayScheduleFilterSet
    default_order = "-year"
    purpose = _("办理期限按工作日计算。这里列出国务院办公厅公布的各年放假和调休安排。")

    @property
    def new_url(self) -> str | None:
        return super().new_url if holds_highest(self.request.user, Action.EDIT_STANDARDS) else None


class HolidayScheduleDetail(DetailPage):
    model = HolidaySchedule
    groups = ((_("节假日安排"), ("year", "number", "issued_on")),)
    part_size = 60

    def fact_year(self) -> tuple[Any, Any]:
        return _("年份"), str(self.row)

    def may_write(self, action: Action, place: Any) -> bool:  # noqa: ARG002 - it holds everywhere
        return holds_highest(self.request.user, action)

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("放假和调休的日子"),
            tables.SpecialDayTable,
            self.row.days.live(),
            columns=("day", "weekday", "name", "is_worked"),
            empty=_("没有登记放假和调休的日子。"),
        )


class ApprovableDetail(DetailPage):
    """A row that is submitted for a decision: how far it is, and what its writer may do now."""

    template_name = "approvals/subject.html"

    def acts(self, place: Any) -> dict[str, str]:
        case = self.row.case
        return {} if case is not None and case.is_fixed else super().acts(place)

    def context(self) -> dict[str, Any]:
        found = super().context()
        return found | {
            "case": self.row.case,
            "may_submit": bool(found["acts"]),
            "submit_url": detail_url(self.row, "submit"),
        }


class ExemptionRequestList(ListPage):
    model = ExemptionRequest
    table_class = tables.ExemptionRequestTable
    filterset_class = filters.ExemptionRequestFilterSet
    default_order = "division"
    related = ("division", "committee", "case")
    purpose = _("因故不能按标准判定的社区，在这里申请豁免；审批通过后自动列入达标豁免。")


class ExemptionRequestDetail(ApprovableDetail):
    model = ExemptionRequest
    related = ("division", "committee", "case", "exemption")
    groups = (
        (_("申请"), ("key", "division", "committee", "valid")),
        (_("理由"), ("reason", "remedy")),
        (_("结果"), ("exemption",)),
    )

    def fact_key(self) -> tuple[Any, Any]:
        return _("标准项目"), self.row.name

    def fact_exemption(self) -> tuple[Any, Any]:
        return _("达标豁免"), link(self.row.exemption, self.request.user)
