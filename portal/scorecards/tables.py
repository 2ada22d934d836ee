"""Columns of periods and their runs."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from communities.base.paging import Order
from communities.base.tables import (
    Cell,
    Column,
    DayColumn,
    MomentColumn,
    RegisterTable,
    RowColumn,
    SpanColumn,
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
    anchor_date = DayColumn(verbose_name=_("基准日"))
    state = Column(verbose_name=_("状态"), accessor="job__get_state_display")
    computed_at = MomentColumn(verbose_name=_("完成时间"))
