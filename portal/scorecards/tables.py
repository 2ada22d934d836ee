"""Columns of periods and their runs."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from communities.base.paging import Order
from communities.base.tables import (
    EMPTY,
    Cell,
    Column,
    DayColumn,
    MomentColumn,
    RegisterTable,
    RowColumn,
    SpanColumn,
    number_text,
)


class PeriodTable(RegisterTable):
    label = RowColumn(verbose_name=_("报告期"))
    code = Column(verbose_name=_("代码"), order=Order("code"))
    kind = Column(verbose_name=_("类型"))
    span = SpanColumn(verbose_name=_("起止日期"))
    is_closed = Column(verbose_name=_("状态"))
    closed_at = MomentColumn(verbose_name=_("关闭时间"))

    def show_is_closed(self, cell: Cell) -> Any:
        icon, colour, word = (
            ("lock", "firm", _("已关闭")) if cell.raw else ("circle-dot", "meets", _("未关闭"))
        )
        return format_html(
            '<span class="state state-{}"><i class="ti ti-{}" aria-hidden="true"></i>{}</span>',
            colour,
            icon,
            word,
        )


class RunTable(RegisterTable):
    created_at = MomentColumn(verbose_name=_("发起时间"))
    subject = Column(verbose_name=_("内容"), accessor="pk")
    anchor_date = DayColumn(verbose_name=_("基准日"))
    state = Column(verbose_name=_("状态"), accessor="job__get_state_display")
    progress = Column(verbose_name=_("进度"), accessor="job__progress_total")
    computed_at = MomentColumn(verbose_name=_("完成时间"))

    def show_subject(self, cell: Cell) -> Any:
        version = cell.record.scheme_version
        return _("测算指标") if version is None else format_html("{}{}", _("评分："), version)

    def show_progress(self, cell: Cell) -> Any:
        job = cell.record.job
        return f"{number_text(job.progress_done)} / {number_text(cell.raw)}" if cell.raw else EMPTY
