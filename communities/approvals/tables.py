"""Columns of the lists of cases and of what routes them."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from communities.base.approvals import subject_names
from communities.base.paging import Order
from communities.base.querysets import today
from communities.base.tables import (
    EMPTY,
    Cell,
    Column,
    DayColumn,
    LinkColumn,
    MomentColumn,
    NumberColumn,
    PlaceColumn,
    RegisterTable,
    RowColumn,
    SpanColumn,
    StateColumn,
    YesNoColumn,
)
from communities.choices import ApprovalState
from communities.tables import by_day, by_path

STATES = {
    ApprovalState.OPEN: ("hourglass", "strive"),
    ApprovalState.RETURNED: ("arrow-back-up", "missing"),
    ApprovalState.WITHDRAWN: ("arrow-back", "none"),
    ApprovalState.PASSED: ("circle-check", "meets"),
    ApprovalState.REFUSED: ("circle-x", "short"),
}


class CaseStateColumn(StateColumn):
    """How far the case of a row has come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, looks=STATES, **kwargs)

    def show(self, cell: Cell) -> Any:
        return super().show(Cell(cell.record, ApprovalState(cell.raw).label, cell.raw, cell.table))


class KindColumn(Column):
    """What is decided on, in people's words."""

    def show(self, cell: Cell) -> Any:
        return subject_names([cell.value])


class KindsColumn(Column):
    """To which kinds something is limited."""

    def show(self, cell: Cell) -> Any:
        return subject_names(cell.value)


class TermColumn(DayColumn):
    """The last day for an open step: past or today in words; what may still move it, and who urges, is said."""

    def show(self, cell: Cell) -> Any:
        record, day = cell.record, cell.value
        parts = [format_html("{}", day.isoformat())]
        if day <= today():
            word, colour = (_("已超期"), "short") if day < today() else (_("今天到期"), "missing")
            parts.append(format_html(' <span class="state state-{}">{}</span>', colour, word))
        if not record.is_due_certain:
            parts.append(format_html(' <span class="above">{}</span>', _("放假安排未公布，可能顺延")))
        if record.urged:
            told = _("已催办 %(times)d 次") % {"times": record.urged}
            parts.append(format_html(' <span class="above">{}</span>', told))
        return format_html_join("", "{}", ((part,) for part in parts))


class CaseTable(RegisterTable):
    place = "division"

    title = RowColumn(verbose_name=_("标题"), order=Order("title"))
    kind = KindColumn(verbose_name=_("事项"))
    division = PlaceColumn(verbose_name=_("所属地"), order=by_path("division__path_now"))
    state = CaseStateColumn(verbose_name=_("状态"))
    step = Column(verbose_name=_("当前步骤"), accessor="pk")
    due_on = TermColumn(verbose_name=_("办理期限"), order=by_day("due_on"))
    submitter = Column(verbose_name=_("申报人"))
    submitted_at = MomentColumn(verbose_name=_("申报时间"), order=Order("pk", parse=int))
    round = NumberColumn(verbose_name=_("轮次"), wide=True)
    urged = NumberColumn(verbose_name=_("催办次数"), wide=True)

    def show_step(self, cell: Cell) -> Any:
        """The open turn; ``open_turns`` are prefetched by the list."""
        for turn in cell.record.open_turns:
            return turn.name
        return EMPTY


class RouteTable(RegisterTable):
    subject_name = RowColumn(verbose_name=_("事项"), order=Order("kind"))
    jurisdiction = LinkColumn(verbose_name=_("适用地区"), order=by_path("jurisdiction__path_now"))
    valid = SpanColumn(verbose_name=_("施行期间"))
    note = Column(verbose_name=_("依据"))


class StepTable(RegisterTable):
    position = Column(verbose_name=_("顺序"))
    name = Column(verbose_name=_("步骤"))
    level = Column(verbose_name=_("层级"), accessor="get_level_display")
    role = Column(verbose_name=_("角色"))
    organisation_kind = Column(verbose_name=_("机构类别"))
    needed = NumberColumn(verbose_name=_("须同意人数"))
    working_days = NumberColumn(verbose_name=_("办理时限"), unit="工作日")
    conditions = Column(verbose_name=_("适用条件"), accessor="pk")

    def show_conditions(self, cell: Cell) -> str:
        return str(cell.record.conditions_text)


class FreezeTable(RegisterTable):
    reason = RowColumn(verbose_name=_("原因"), order=Order("pk", parse=int))
    jurisdiction = LinkColumn(verbose_name=_("适用地区"), order=by_path("jurisdiction__path_now"))
    valid = SpanColumn(verbose_name=_("冻结期间"))
    kinds = KindsColumn(verbose_name=_("冻结的事项"))


class DelegationTable(RegisterTable):
    giver = RowColumn(verbose_name=_("委托人"), order=Order("pk", parse=int))
    receiver = Column(verbose_name=_("受托人"))
    valid = SpanColumn(verbose_name=_("委托期间"))
    kinds = KindsColumn(verbose_name=_("委托的事项"))
    reason = Column(verbose_name=_("原因"))


class HolidayScheduleTable(RegisterTable):
    year = RowColumn(verbose_name=_("年份"), order=Order("year", parse=int))
    number = Column(verbose_name=_("文号"))
    issued_on = DayColumn(verbose_name=_("发文日期"))


class SpecialDayTable(RegisterTable):
    day = DayColumn(verbose_name=_("日期"))
    weekday = Column(verbose_name=_("星期"), accessor="day")
    name = Column(verbose_name=_("名称"))
    is_worked = YesNoColumn(verbose_name=_("上班"))

    def show_weekday(self, cell: Cell) -> str:
        return "星期" + "一二三四五六日"[cell.raw.weekday()]


class ExemptionRequestTable(RegisterTable):
    place = "division"

    name = RowColumn(verbose_name=_("标准项目"), order=Order("key"))
    division = PlaceColumn(verbose_name=_("社区"), order=by_path("division__path_now"))
    committee = LinkColumn(verbose_name=_("委员会"))
    valid = SpanColumn(verbose_name=_("申请豁免期间"))
    reason = Column(verbose_name=_("原因"))
    state = CaseStateColumn(verbose_name=_("审批"), accessor="case__state", default=_("未申报"))
    due_on = DayColumn(verbose_name=_("办理期限"), accessor="case__due_on")
