"""Places, committees, premises and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from communities import filters, tables
from communities.base.detail import DetailPage, Part
from communities.base.tables import link
from communities.base.views import ListPage
from communities.choices import Level
from communities.models import (
    Committee,
    Community,
    Division,
    Exemption,
    HouseholdCount,
    Premises,
    PremisesNilStatement,
)


class DivisionList(ListPage):
    model = Division
    table_class = tables.DivisionTable
    filterset_class = filters.DivisionFilterSet
    default_order = "above"
    purpose = _("这里列出各级行政区划，从省到社区。区划由导入和区划变更形成。")


class DivisionDetail(DetailPage):
    """A place: what it is now, what it was called before, its codes, what lies directly below it."""

    model = Division
    related = ("parent_now",)
    groups = ((_("现状"), ("level", "kind_now", "code_now", "parent_now", "is_closed")),)

    def place(self) -> Any:
        return self.row

    def fact_parent_now(self) -> tuple[Any, Any]:
        return _("上级"), link(self.row.parent_now, self.request.user)

    def parts(self) -> Iterable[Part]:
        if self.row.level != Level.COMMUNITY:
            children = self.row.children_now.filter(is_closed=False).order_by("code_now", "path_now")
            yield self.part(
                _("直接下级"),
                tables.DivisionTable,
                children,
                columns=("name_now", "level", "kind_now", "code_now"),
                empty=_("没有下级区划。"),
                more=f"{reverse('division-list')}?parent={self.row.public_id}",
            )
        yield self.part(
            _("沿革"),
            tables.DivisionRecordTable,
            self.row.records.select_related("parent").order_by("-valid"),
            columns=("valid", "name", "kind", "parent", "location_class", "urban_rural_class"),
            empty=_("没有沿革记录。"),
        )
        yield self.part(
            _("代码沿革"),
            tables.DivisionCodeTable,
            self.row.codes.order_by("scheme", "-valid"),
            columns=("valid", "scheme", "code"),
            empty=_("没有代码记录。"),
        )


class CommunityList(ListPage):
    model = Community
    table_class = tables.CommunityTable
    filterset_class = filters.CommunityFilterSet
    default_order = "above"
    purpose = _("这里列出所辖范围的社区。")


class CommitteeList(ListPage):
    model = Committee
    table_class = tables.CommitteeTable
    filterset_class = filters.CommitteeFilterSet
    default_order = "division_now"
    related = ("division_now",)
    purpose = _("这里列出居民委员会和村民委员会。")


class CommitteeDetail(DetailPage):
    """A committee, the rooms it uses, where it stood and the exemptions granted to it."""

    model = Committee
    related = ("division_now",)
    groups = (
        (_("基本情况"), ("kind", "division_now", "valid")),
        (_("任期"), ("term_number", "elected_on", "expires_on")),
    )

    def parts(self) -> Iterable[Part]:
        rooms = self.row.premises.live().order_by("lost_on", "kind", "pk")
        yield self.part(
            _("使用的用房"),
            tables.PremisesTable,
            rooms,
            columns=("name", "kind", "area", "tenure", "obtained_on", "lost_on", "temporary_until"),
            empty=_("没有登记由本委员会使用的用房。"),
            more=f"{reverse('premises-list')}?committee={self.row.public_id}",
        )
        yield self.part(
            _("达标豁免"),
            tables.ExemptionTable,
            self.row.exemptions.live().order_by("-valid"),
            columns=("reason", "key", "valid", "decision_number", "review_on"),
            empty=_("没有豁免。"),
            more=f"{reverse('exemption-list')}?committee={self.row.public_id}",
        )
        yield self.part(
            _("无用房申明"),
            tables.NilStatementTable,
            self.row.premises_nil_statements.live().order_by("-stated_on"),
            columns=("title", "stated_on", "note"),
            empty=_("没有申明。"),
        )
        yield placements(self)


def placements(page: DetailPage) -> Part:
    """Where an enduring thing stood, by period."""
    return page.part(
        _("所在地沿革"),
        tables.PlacementTable,
        page.row.placements.select_related("division").order_by("-valid"),
        columns=("valid", "division"),
        empty=_("没有所在地记录。"),
    )


class PremisesList(ListPage):
    model = Premises
    table_class = tables.PremisesTable
    filterset_class = filters.PremisesFilterSet
    default_order = "division_now"
    related = ("division_now", "committee")
    purpose = _("这里列出社区的办公用房、公益性服务用房和活动场所，包括已失去的。")


class PremisesDetail(DetailPage):
    model = Premises
    related = ("division_now", "committee")
    units = {"area": tables.SQUARE_METRES}
    groups = (
        (
            _("基本情况"),
            ("kind", "division_now", "committee", "area", "tenure", "address", "floor", "condition"),
        ),
        (_("取得和失去"), ("obtained_on", "lost_on", "lost_reason", "is_temporary", "temporary_until")),
        (_("服务条件"), ("is_zoned", "has_open_counter", "is_one_door")),
    )

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("功能分区"),
            tables.FunctionAreaTable,
            self.row.functions.live().order_by("function"),
            columns=("function", "area"),
            empty=_("没有登记功能分区。"),
        )
        yield placements(self)


class NilStatementList(ListPage):
    model = PremisesNilStatement
    table_class = tables.NilStatementTable
    filterset_class = filters.NilStatementFilterSet
    default_order = "division"
    related = ("division", "committee")
    purpose = _("社区或委员会没有某类用房时，在这里登记带日期的申明；没有用房也没有申明的算未报。")


class NilStatementDetail(DetailPage):
    model = PremisesNilStatement
    related = ("division", "committee")
    groups = ((_("申明"), ("kind", "division", "committee", "stated_on", "note")),)


class HouseholdCountList(ListPage):
    model = HouseholdCount
    table_class = tables.HouseholdCountTable
    filterset_class = filters.HouseholdCountFilterSet
    default_order = "division"
    related = ("division",)
    purpose = _("这里列出各社区不同来源、不同口径的户数和人数；每户指标只用首选来源。")


class HouseholdCountDetail(DetailPage):
    model = HouseholdCount
    related = ("division",)
    units = {"households": tables.HOUSEHOLDS, "residents": tables.PEOPLE}
    groups = ((_("数据"), ("division", "source", "definition", "counted_on", "households", "residents")),)

    def heading(self) -> str:
        return f"{self.row.division} {self.row.get_source_display()}"


class ExemptionList(ListPage):
    model = Exemption
    table_class = tables.ExemptionTable
    filterset_class = filters.ExemptionFilterSet
    default_order = "division"
    related = ("division", "committee")
    purpose = _("经批准在一段时间内不按标准判定的委员会或社区，在这里登记批准文号和期限。")


class ExemptionDetail(DetailPage):
    model = Exemption
    related = ("division", "committee")
    groups = (
        (_("豁免"), ("key", "division", "committee", "valid", "reason")),
        (_("批准"), ("decision_number", "decided_by", "review_on")),
    )

    def fact_key(self) -> tuple[Any, Any]:
        return _("标准项目"), self.row.name
