"""Columns of the ground's registers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import apps
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from communities.base.paging import Order, parse_decimal
from communities.base.querysets import today
from communities.base.standards import THRESHOLD_KEYS
from communities.base.tables import (
    AboveColumn,
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
from communities.choices import Force

SQUARE_METRES = "平方米"
HOUSEHOLDS = "户"
PEOPLE = "人"


def by_path(column: str) -> Order:
    """In the order of the tree: siblings stand together below their parent."""
    return Order(column)


def by_day(column: str) -> Order:
    return Order(column, nullable=True, parse=dt.date.fromisoformat)


class KeyColumn(Column):
    """The Chinese name of a threshold key."""

    def show(self, cell: Cell) -> Any:
        key = THRESHOLD_KEYS.get(cell.value)
        return key.name if key else cell.value


class DueColumn(DayColumn):
    """A due date; past ones and those of the next 90 days are marked in words."""

    SOON = dt.timedelta(days=90)

    def show(self, cell: Cell) -> str | SafeString:
        day, value = today(), cell.value
        if value < day:
            mark, colour = _("已过期"), "short"
        elif value <= day + self.SOON:
            mark, colour = _("临近"), "missing"
        else:
            return str(value.isoformat())
        return format_html('{} <span class="state state-{}">{}</span>', value.isoformat(), colour, mark)


STATES = {True: ("circle-x", "none"), False: ("circle-check", "meets")}


class DivisionTable(RegisterTable):
    place = "self"

    name_now = RowColumn(order=Order("sort_key"), verbose_name=_("名称"))
    above = AboveColumn(verbose_name=_("上级地区"), order=by_path("path_now"))
    level = Column(verbose_name=_("层级"), accessor="get_level_display", order=Order("level", parse=int))
    kind_now = Column(verbose_name=_("类别"))
    code_now = Column(verbose_name=_("代码"), order=Order("code_now"))
    is_closed = StateColumn(verbose_name=_("已撤销"), looks=STATES, wide=True)


class CommunityTable(RegisterTable):
    place = "self"

    name_now = RowColumn(order=Order("sort_key"), verbose_name=_("名称"))
    above = AboveColumn(verbose_name=_("上级地区"), order=by_path("path_now"))
    code_now = Column(verbose_name=_("代码"), order=Order("code_now"))
    kind_now = Column(verbose_name=_("类别"), wide=True)
    is_closed = StateColumn(verbose_name=_("已撤销"), looks=STATES, wide=True)


class CommitteeTable(RegisterTable):
    place = "division_now"

    name = RowColumn(verbose_name=_("名称"), order=Order("name"))
    kind = Column(verbose_name=_("类别"))
    division_now = PlaceColumn(verbose_name=_("所在社区"), order=by_path("division_now__path_now"))
    term_number = NumberColumn(verbose_name=_("届次"), order=Order("term_number", nullable=True, parse=int))
    elected_on = DayColumn(verbose_name=_("选举日期"), order=by_day("elected_on"))
    expires_on = DayColumn(verbose_name=_("任期届满日"), order=by_day("expires_on"))
    valid = SpanColumn(verbose_name=_("存续期"), wide=True)


class PremisesTable(RegisterTable):
    place = "division_now"

    name = RowColumn(verbose_name=_("用房名称"), order=Order("name"))
    kind = Column(verbose_name=_("用途"))
    division_now = PlaceColumn(verbose_name=_("所在社区"), order=by_path("division_now__path_now"))
    committee = LinkColumn(verbose_name=_("使用单位"))
    area = NumberColumn(
        verbose_name=_("建筑面积"), unit=SQUARE_METRES, places=2, order=Order("area", parse=parse_decimal)
    )
    tenure = Column(verbose_name=_("权属方式"))
    obtained_on = DayColumn(verbose_name=_("取得日期"), order=by_day("obtained_on"))
    lost_on = DayColumn(verbose_name=_("失去日期"), order=by_day("lost_on"))
    lost_reason = Column(verbose_name=_("失去原因"), wide=True)
    temporary_until = DueColumn(verbose_name=_("过渡期限"), order=by_day("temporary_until"))
    condition = Column(verbose_name=_("房屋状况"), wide=True)
    address = Column(verbose_name=_("地址"), wide=True)
    floor = Column(verbose_name=_("楼层"), wide=True)
    is_zoned = YesNoColumn(verbose_name=_("功能分区"), wide=True)
    has_open_counter = YesNoColumn(verbose_name=_("敞开式办公"), wide=True)
    is_one_door = YesNoColumn(verbose_name=_("一门式服务"), wide=True)


class FunctionAreaTable(RegisterTable):
    function = Column(verbose_name=_("功能"))
    area = NumberColumn(verbose_name=_("面积"), unit=SQUARE_METRES, places=2)


class NilStatementTable(RegisterTable):
    place = "division"

    title = RowColumn(accessor="get_kind_display", verbose_name=_("申明无此用房"))
    division = PlaceColumn(verbose_name=_("社区"), order=by_path("division__path_now"))
    committee = LinkColumn(verbose_name=_("委员会"))
    stated_on = DayColumn(verbose_name=_("申明日期"), order=by_day("stated_on"))
    note = Column(verbose_name=_("说明"))


class HouseholdCountTable(RegisterTable):
    place = "division"

    title = RowColumn(accessor="get_source_display", verbose_name=_("数据来源"))
    definition = Column(verbose_name=_("口径"))
    division = PlaceColumn(verbose_name=_("社区"), order=by_path("division__path_now"))
    counted_on = DayColumn(verbose_name=_("数据日期"), order=by_day("counted_on"))
    households = NumberColumn(verbose_name=_("户数"), unit=HOUSEHOLDS, order=Order("households", parse=int))
    residents = NumberColumn(verbose_name=_("人数"), unit=PEOPLE, order=Order("residents", parse=int))


class ExemptionTable(RegisterTable):
    place = "division"

    reason = RowColumn(verbose_name=_("原因"))
    key = KeyColumn(verbose_name=_("标准项目"), order=Order("key"))
    division = PlaceColumn(verbose_name=_("社区"), order=by_path("division__path_now"))
    committee = LinkColumn(verbose_name=_("委员会"))
    valid = SpanColumn(verbose_name=_("豁免期间"))
    decision_number = Column(verbose_name=_("批准文号"))
    decided_by = Column(verbose_name=_("批准机关"), wide=True)
    review_on = DueColumn(verbose_name=_("复核日期"), order=by_day("review_on"))


class CommunityRecordTable(RegisterTable):
    valid = SpanColumn(verbose_name=_("有效期"))
    kind = Column(verbose_name=_("社区类型"))
    building_class = Column(verbose_name=_("建设类别"))
    state = Column(verbose_name=_("状态"))
    feature = Column(verbose_name=_("一居一特"))


class DivisionRecordTable(RegisterTable):
    valid = SpanColumn(verbose_name=_("有效期"))
    name = Column(verbose_name=_("名称"))
    kind = Column(verbose_name=_("类别"))
    parent = LinkColumn(verbose_name=_("上级"))
    location_class = Column(verbose_name=_("区位"))
    urban_rural_class = Column(verbose_name=_("城乡分类代码"))


class DivisionCodeTable(RegisterTable):
    valid = SpanColumn(verbose_name=_("有效期"))
    scheme = Column(verbose_name=_("编码体系"))
    code = Column(verbose_name=_("代码"))


class PlacementTable(RegisterTable):
    valid = SpanColumn(verbose_name=_("有效期"))
    division = LinkColumn(verbose_name=_("所在社区"))


class PolicyDocumentTable(RegisterTable):
    title = RowColumn(verbose_name=_("标题"), order=Order("title"))
    number = Column(verbose_name=_("文号"))
    issuer = Column(verbose_name=_("发文机关"))
    kind = Column(verbose_name=_("类别"))
    jurisdiction = LinkColumn(verbose_name=_("适用地区"), order=by_path("jurisdiction__path_now"))
    issued_on = DayColumn(verbose_name=_("发文日期"), order=by_day("issued_on"))
    valid = SpanColumn(verbose_name=_("施行期间"))


class ClauseTable(RegisterTable):
    label = Column(verbose_name=_("条款号"))
    text = Column(verbose_name=_("条款内容"))


class ThresholdTable(RegisterTable):
    name = RowColumn(verbose_name=_("标准项目"), order=Order("key"))
    bound = Column(verbose_name=_("标准"), accessor="bound_text")
    conditions = Column(verbose_name=_("适用条件"), accessor="pk")
    jurisdiction = LinkColumn(verbose_name=_("适用地区"), order=by_path("jurisdiction__path_now"))
    force = StateColumn(
        verbose_name=_("约束力"),
        looks={
            Force.BINDING_FLOOR: ("lock", "firm"),
            Force.DEFAULT: ("circle-dot", "firm"),
            Force.STRIVE_TO: ("circle-dashed", "strive"),
        },
    )
    valid = SpanColumn(verbose_name=_("施行期间"))
    document = LinkColumn(verbose_name=_("依据文件"), accessor="clause__document")
    clause = Column(verbose_name=_("条款"), accessor="clause__label")

    def show_bound(self, cell: Cell) -> str:
        return f"{cell.record.get_operator_display()} {cell.record.bound_text}"

    def show_conditions(self, cell: Cell) -> str:
        return conditions_text(cell.record)


def conditions_text(threshold: Any) -> str:
    """To which communities a threshold applies."""
    parts = []
    for name in ("building_classes", "location_classes", "community_kinds"):
        values = getattr(threshold, name)
        if values:
            labels = dict(threshold._meta.get_field(name).base_field.flatchoices)
            parts.append("、".join(str(labels.get(value, value)) for value in values))
    if threshold.households is not None:
        low, high = threshold.households.lower, threshold.households.upper
        parts.append(f"{low or 0} 至 {high - 1} 户" if high else f"{low} 户以上")
    return "；".join(parts) or str(_("全部社区"))


class OrganisationTable(RegisterTable):
    place = "division"

    name = RowColumn(verbose_name=_("名称"), order=Order("name"))
    kind = Column(verbose_name=_("类别"))
    division = PlaceColumn(verbose_name=_("所在地"), order=by_path("division__path_now"))


class UserTable(RegisterTable):
    username = RowColumn(verbose_name=_("用户名"), order=Order("username"))
    name = Column(verbose_name=_("姓名"), order=Order("name"))
    organisation = LinkColumn(verbose_name=_("机构"))
    is_active = StateColumn(
        verbose_name=_("启用"), looks={True: ("circle-check", "meets"), False: ("circle-x", "none")}
    )
    expires_on = DayColumn(verbose_name=_("有效期至"), order=by_day("expires_on"))
    last_login = MomentColumn(verbose_name=_("最近登录"))


class RoleAssignmentTable(RegisterTable):
    place = "division"

    title = RowColumn(accessor="get_role_display", verbose_name=_("角色"))
    user = Column(verbose_name=_("用户"), order=Order("user__username"))
    division = PlaceColumn(verbose_name=_("地区"), order=by_path("division__path_now"))
    organisation = Column(verbose_name=_("机构"))
    valid = SpanColumn(verbose_name=_("有效期"))


class ChangeRecordTable(RegisterTable):
    object_label = RowColumn(verbose_name=_("对象"))
    model = Column(verbose_name=_("对象类别"))
    verb = Column(verbose_name=_("动作"))
    division = PlaceColumn(verbose_name=_("所属地"))
    user_name = Column(verbose_name=_("操作人"))
    at = MomentColumn(verbose_name=_("时间"), order=Order("pk", parse=int))
    reason = Column(verbose_name=_("原因"))

    place = "division"

    def show_model(self, cell: Cell) -> str:
        return model_name(cell.value)


class SignInRecordTable(RegisterTable):
    username = Column(verbose_name=_("用户名"), order=Order("username"))
    outcome = Column(verbose_name=_("结果"))
    at = MomentColumn(verbose_name=_("时间"), order=Order("pk", parse=int))
    address = Column(verbose_name=_("网络地址"))
    agent = Column(verbose_name=_("浏览器"), wide=True)


def model_name(label: str) -> str:
    """The Chinese name of a kind of row, from its label in a change record."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label
