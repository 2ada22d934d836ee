"""Columns of rating schemes, their versions and items."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from communities.base.paging import Order
from communities.base.tables import (
    Cell,
    Column,
    LinkColumn,
    NumberColumn,
    RegisterTable,
    RowColumn,
    SpanColumn,
    link,
)
from communities.tables import by_path
from portal.scorecards.scheme_words import rule_words, veto_words


def state_of(version: Any) -> Any:
    """草稿 or 已发布 as icon, word and colour."""
    icon, colour, word = (
        ("lock", "firm", _("已发布")) if version.is_published else ("pencil", "strive", _("草稿"))
    )
    return format_html(
        '<span class="state state-{}"><i class="ti ti-{}" aria-hidden="true"></i>{}</span>',
        colour,
        icon,
        word,
    )


class SchemeTable(RegisterTable):
    name = RowColumn(verbose_name=_("名称"), order=Order("name"))
    level = Column(verbose_name=_("评分对象"))
    jurisdiction = LinkColumn(verbose_name=_("制定地区"), order=by_path("jurisdiction__path_now"))
    current = Column(verbose_name=_("最近发布"), accessor="pk")
    drafts = NumberColumn(verbose_name=_("草稿"), unit=_("版"))

    def show_current(self, cell: Cell) -> Any:
        """The latest published version; the queryset says which."""
        number = cell.record.last_published
        return _("第 %(number)s 版") % {"number": number} if number else _("尚未发布")


class VersionTable(RegisterTable):
    name = RowColumn(verbose_name=_("版本"), accessor="record_label")
    state = Column(verbose_name=_("状态"), accessor="pk")
    valid = SpanColumn(verbose_name=_("施行期间"))
    full_mark = NumberColumn(verbose_name=_("总分"), unit=_("分"))
    jurisdiction = LinkColumn(
        verbose_name=_("制定地区"),
        accessor="scheme__jurisdiction",
        order=by_path("scheme__jurisdiction__path_now"),
    )
    number = NumberColumn(verbose_name=_("版次"), order=Order("number", parse=int), wide=True)
    note = Column(verbose_name=_("修订说明"))

    def show_state(self, cell: Cell) -> Any:
        return state_of(cell.record)


class ItemTable(RegisterTable):
    name = RowColumn(verbose_name=_("评分项目"), order=Order("name"))
    group = Column(verbose_name=_("分组"))
    version = LinkColumn(verbose_name=_("评分表版本"), accessor="group__scheme_version")
    full_mark = NumberColumn(verbose_name=_("满分"), unit=_("分"))
    rule = Column(verbose_name=_("评分规则"), accessor="pk")
    clause = Column(verbose_name=_("依据条款"))

    def show_rule(self, cell: Cell) -> str:
        return rule_words(cell.record)

    def show_clause(self, cell: Cell) -> Any:
        return link(cell.value.document, self.user, cell.record.basis_at_hand)


class GradeTable(RegisterTable):
    name = Column(verbose_name=_("等级"))
    stars = NumberColumn(verbose_name=_("星数"))
    least = NumberColumn(verbose_name=_("起评分数"), unit=_("分"))

    def show_stars(self, cell: Cell) -> str:
        return str(cell.raw)


class VetoTable(RegisterTable):
    name = Column(verbose_name=_("否决事项"))
    condition = Column(verbose_name=_("条件"), accessor="pk")
    effect = Column(verbose_name=_("后果"))

    def show_condition(self, cell: Cell) -> str:
        return veto_words(cell.record)
