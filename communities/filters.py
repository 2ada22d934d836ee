"""What one may ask the registers of the ground; shared by pages, API and export."""

from __future__ import annotations

import datetime as dt
from typing import Any

import django_filters
from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base.filters import (
    AmountFilter,
    DayFilter,
    IdFilter,
    OneOf,
    PickFilter,
    PlaceFilter,
    RegisterFilterSet,
    TruthFilter,
    WordsFilter,
)
from communities.base.models import Row
from communities.base.places import Span, ancestor_ids, within
from communities.base.querysets import today, valid_on
from communities.base.roles import ROLES, Action
from communities.base.standards import THRESHOLD_KEYS
from communities.choices import (
    LEVEL_CODES,
    BuildingClass,
    ChangeVerb,
    CommitteeKind,
    CommunityKind,
    CommunityState,
    Condition,
    CountDefinition,
    CountSource,
    DivisionKind,
    DocumentKind,
    Force,
    Level,
    OrganisationKind,
    PeriodKind,
    PremisesFunction,
    PremisesKind,
    Tenure,
)
from communities.models import (
    ChangeRecord,
    Committee,
    CommunityRecord,
    Division,
    DivisionRecord,
    PolicyDocument,
    PremisesFunctionArea,
    SignInRecord,
)

PLACE = _("所在地(含下级)")
AS_OF = _("截至日期")


def threshold_keys() -> list[tuple[str, Any]]:
    """Keys that some app measures; they are declared while apps load, hence asked late."""
    return [(key.code, key.name) for key in THRESHOLD_KEYS.values()]


def binding_places(user: Any) -> QuerySet:
    """Places whose rules a user reads: his own, those above (they bind him) and those below."""
    spans = user.spans(Action.VIEW)
    above = {pk for span in spans for pk in ancestor_ids(span.low)}
    return Division.objects.filter(within("path_now", spans) | Q(pk__in=above))


def audited_places(user: Any) -> QuerySet:
    """Places whose rows, or whose changes, a user reads."""
    return Division.objects.inside((*user.spans(Action.VIEW), *user.spans(Action.AUDIT)))


def visible_places(user: Any) -> QuerySet:
    """Places whose rows a user reads."""
    return Division.objects.visible_to(user)


class DivisionFilterSet(RegisterFilterSet):
    """Places. With ``as_of`` those that existed on that day, under the names, kinds and codes of that day."""

    q = WordsFilter(label=_("名称、代码或拼音首字母"), method="matching")
    division = PlaceFilter(label=_("地区(含下级)"))
    parent = IdFilter(
        field_name="parent_now",
        label=_("直接上级"),
        rows=visible_places,
        method="under",
    )
    level = PickFilter(field_name="level", label=_("层级"), choices=LEVEL_CODES, coerce=Level.from_code)
    kind = OneOf(label=_("类别"), choices=DivisionKind.choices, method="of_kind")
    is_closed = TruthFilter(field_name="is_closed", label=_("已撤销"))
    as_of = DayFilter(label=AS_OF, method="existing")

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.matching(value)

    def under(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        """Children by the present tree, or by that of the day asked for."""
        day = self.form.cleaned_data.get("as_of")
        return (
            queryset.filter(parent_now=value)
            if day is None
            else self.on_record(queryset, day, Q(parent=value))
        )

    def of_kind(self, queryset: Any, _name: str, value: list[str]) -> QuerySet:
        day = self.form.cleaned_data.get("as_of")
        if day is None:
            return queryset.filter(kind_now__in=value)
        return self.on_record(queryset, day, Q(kind__in=value))

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return self.on_record(queryset, value, Q())

    @staticmethod
    def on_record(queryset: Any, day: dt.date, condition: Q) -> QuerySet:
        """Places whose record of a day meets a condition."""
        records = DivisionRecord.objects.filter(condition, valid_on(day), division=OuterRef("pk"))
        return queryset.filter(Exists(records))


class CommunityFilterSet(RegisterFilterSet):
    """Communities; kind, building class and state are those of ``as_of``, or of today."""

    q = WordsFilter(label=_("名称、代码或拼音首字母"), method="matching")
    division = PlaceFilter(label=PLACE)
    kind = OneOf(field_name="kind", label=_("社区类型"), choices=CommunityKind.choices, method="on_record")
    building_class = OneOf(
        field_name="building_class", label=_("建设类别"), choices=BuildingClass.choices, method="on_record"
    )
    state = OneOf(field_name="state", label=_("状态"), choices=CommunityState.choices, method="on_record")
    is_closed = TruthFilter(field_name="is_closed", label=_("已撤销"))
    as_of = DayFilter(label=AS_OF, method="existing")

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.matching(value)

    def on_record(self, queryset: Any, name: str, value: list[str]) -> QuerySet:
        day = self.form.cleaned_data.get("as_of") or today()
        records = CommunityRecord.objects.live().filter(
            valid_on(day), division=OuterRef("pk"), **{f"{name}__in": value}
        )
        return queryset.filter(Exists(records))

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return DivisionFilterSet.on_record(queryset, value, Q())


class CommitteeFilterSet(RegisterFilterSet):
    """Committees. With ``as_of`` those in force on that day, by the places where they stood on it."""

    q = WordsFilter(field_name="name", lookup_expr="icontains")
    division = PlaceFilter(label=PLACE, method="in_place")
    kind = OneOf(field_name="kind", label=_("类别"), choices=CommitteeKind.choices)
    expires_before = DayFilter(field_name="expires_on", lookup_expr="lt", label=_("届满日早于"))
    as_of = DayFilter(label=AS_OF, method="existing")

    def in_place(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        day = self.form.cleaned_data.get("as_of")
        return queryset.below(value.path_now) if day is None else stood_below(queryset, value, day)

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return queryset.in_force(value)


class PremisesFilterSet(RegisterFilterSet):
    """Premises. With ``as_of`` those held on that day, by the places where they stood on it."""

    q = WordsFilter(label=_("名称或地址"), method="matching")
    division = PlaceFilter(label=PLACE, method="in_place")
    committee = IdFilter(
        field_name="committee",
        label=_("使用单位"),
        rows=lambda user: Committee.objects.live().visible_to(user),
    )
    kind = OneOf(field_name="kind", label=_("用途"), choices=PremisesKind.choices)
    tenure = OneOf(field_name="tenure", label=_("权属方式"), choices=Tenure.choices)
    function = OneOf(label=_("功能"), choices=PremisesFunction.choices, method="with_function")
    condition = OneOf(field_name="condition", label=_("房屋状况"), choices=Condition.choices)
    is_temporary = TruthFilter(field_name="is_temporary", label=_("临时过渡"))
    area_min = AmountFilter(field_name="area", lookup_expr="gte", label=_("面积不小于(平方米)"))
    area_max = AmountFilter(field_name="area", lookup_expr="lte", label=_("面积不大于(平方米)"))
    held = TruthFilter(label=_("现仍持有"), method="held_now")
    as_of = DayFilter(label=AS_OF, method="existing")

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.filter(Q(name__icontains=value) | Q(address__icontains=value))

    def in_place(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        day = self.form.cleaned_data.get("as_of")
        return queryset.below(value.path_now) if day is None else stood_below(queryset, value, day)

    def with_function(self, queryset: Any, _name: str, value: list[str]) -> QuerySet:
        zones = PremisesFunctionArea.objects.live().filter(premises=OuterRef("pk"), function__in=value)
        return queryset.filter(Exists(zones))

    def held_now(self, queryset: Any, _name: str, value: bool) -> QuerySet:  # noqa: FBT001 - django-filter's signature
        held = valid_on(today())
        return queryset.filter(held if value else ~held)

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return queryset.held_on(value)


def stood_below(queryset: Any, place: Division, day: dt.date) -> QuerySet:
    """Enduring things that stood in a place or below it on a day."""
    placements = queryset.model._meta.get_field("placements").related_model._default_manager
    there = placements.filter(
        within("division__path_now", (Span.below(place.path_now),)), valid_on(day), thing=OuterRef("pk")
    )
    return queryset.filter(Exists(there))


class RuleBookFilterSet(RegisterFilterSet):
    """Rule books: set by a place or below it, or applying at a place."""

    jurisdiction = IdFilter(label=_("制定地区(含下级)"), rows=binding_places, method="set_below")
    applies_to = IdFilter(label=_("适用于"), rows=binding_places, method="applying")
    as_of = DayFilter(label=AS_OF, method="existing")

    def set_below(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        return queryset.filter(within("jurisdiction__path_now", (Span.below(value.path_now),)))

    def applying(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        return queryset.filter(jurisdiction__in=ancestor_ids(value.path_now))

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return queryset.filter(valid_on(value))


class PolicyDocumentFilterSet(RuleBookFilterSet):
    q = WordsFilter(label=_("标题、文号或发文机关"), method="matching")
    kind = OneOf(field_name="kind", label=_("类别"), choices=DocumentKind.choices)

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.filter(
            Q(title__icontains=value) | Q(number__icontains=value) | Q(issuer__icontains=value)
        )


class ThresholdFilterSet(RuleBookFilterSet):
    key = PickFilter(field_name="key", label=_("标准项目"), choices=threshold_keys)
    force = OneOf(field_name="force", label=_("约束力"), choices=Force.choices)
    document = IdFilter(
        field_name="clause__document",
        label=_("依据文件"),
        rows=lambda user: PolicyDocument.objects.live().visible_to(user),
    )


class ChangeFilterSet(RegisterFilterSet):
    """Change records, for readers of registers and for auditors."""

    division = PlaceFilter(label=PLACE, rows=audited_places)
    model = django_filters.CharFilter(field_name="model", label=_("对象类别"), max_length=60)
    object = django_filters.UUIDFilter(field_name="object_id", label=_("对象编号"))
    act = django_filters.UUIDFilter(field_name="act", label=_("操作编号"))
    verb = OneOf(field_name="verb", label=_("动作"), choices=ChangeVerb.choices)
    since = DayFilter(field_name="at", lookup_expr="date__gte", label=_("起始日期"))
    until = DayFilter(field_name="at", lookup_expr="date__lte", label=_("截止日期"))

    class Meta(RegisterFilterSet.Meta):
        model = ChangeRecord
        fields: list[str] = []


class SignInFilterSet(RegisterFilterSet):
    """Attempts to sign in, for the auditor."""

    action = Action.AUDIT

    username = django_filters.CharFilter(field_name="username", label=_("用户名"), max_length=150)
    outcome = OneOf(
        field_name="outcome", label=_("结果"), choices=SignInRecord._meta.get_field("outcome").choices
    )
    since = DayFilter(field_name="at", lookup_expr="date__gte", label=_("起始日期"))
    until = DayFilter(field_name="at", lookup_expr="date__lte", label=_("截止日期"))


class HouseholdCountFilterSet(RegisterFilterSet):
    """Counts of households; with ``as_of`` those known by that day."""

    division = PlaceFilter(label=PLACE)
    source = OneOf(field_name="source", label=_("数据来源"), choices=CountSource.choices)
    definition = OneOf(field_name="definition", label=_("口径"), choices=CountDefinition.choices)
    as_of = DayFilter(field_name="counted_on", lookup_expr="lte", label=AS_OF)


class ExemptionFilterSet(RegisterFilterSet):
    division = PlaceFilter(label=PLACE)
    committee = IdFilter(
        field_name="committee",
        label=_("委员会"),
        rows=lambda user: Committee.objects.live().visible_to(user),
    )
    key = PickFilter(field_name="key", label=_("标准项目"), choices=threshold_keys)
    as_of = DayFilter(label=AS_OF, method="existing")

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return queryset.filter(valid_on(value))


class NilStatementFilterSet(RegisterFilterSet):
    division = PlaceFilter(label=PLACE)
    kind = OneOf(field_name="kind", label=_("用途"), choices=PremisesKind.choices)
    as_of = DayFilter(field_name="stated_on", lookup_expr="lte", label=AS_OF)


class PeriodFilterSet(RegisterFilterSet):
    kind = OneOf(field_name="kind", label=_("类型"), choices=PeriodKind.choices)
    is_closed = TruthFilter(label=_("已关闭"), method="closed")

    def closed(self, queryset: Any, _name: str, value: bool) -> QuerySet:  # noqa: FBT001 - django-filter's call
        return queryset.filter(closed_at__isnull=not value)


class OrganisationFilterSet(RegisterFilterSet):
    action = Action.MANAGE_ACCOUNTS

    q = WordsFilter(field_name="name", lookup_expr="icontains")
    kind = OneOf(field_name="kind", label=_("类别"), choices=OrganisationKind.choices)


class UserFilterSet(RegisterFilterSet):
    action = Action.MANAGE_ACCOUNTS

    q = WordsFilter(label=_("用户名或姓名"), method="matching")
    is_active = TruthFilter(field_name="is_active", label=_("启用"))

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.filter(Q(username__icontains=value) | Q(name__icontains=value))


class RoleAssignmentFilterSet(RegisterFilterSet):
    action = Action.MANAGE_ROLES

    q = WordsFilter(label=_("用户名或姓名"), method="matching")
    role = OneOf(
        field_name="role", label=_("角色"), choices=[(code, role.name) for code, role in ROLES.items()]
    )
    as_of = DayFilter(label=AS_OF, method="existing")

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.filter(Q(user__username__icontains=value) | Q(user__name__icontains=value))

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return queryset.filter(valid_on(value))


def recorded_models() -> list[tuple[str, Any]]:
    """Kinds of rows whose changes are recorded, by their Chinese names; asked when all apps are loaded."""
    return [
        (model._meta.label, model._meta.verbose_name)
        for model in apps.get_models()
        if issubclass(model, Row) and not model._meta.proxy
    ]


class AuditFilterSet(ChangeFilterSet):
    """Change records as the auditor reads them: in his own scope, kinds of rows by their names."""

    action = Action.AUDIT

    model = PickFilter(field_name="model", label=_("对象类别"), choices=recorded_models)
