"""What one may ask of rating schemes, their versions and items."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base.filters import DayFilter, IdFilter, PickFilter, RegisterFilterSet, WordsFilter
from communities.base.places import Span, ancestor_ids, within
from communities.base.querysets import valid_on
from communities.choices import Level
from communities.filters import AS_OF, binding_places
from communities.models import Division
from portal.scorecards.models import RatingGroup, RatingScheme, RatingSchemeVersion
from portal.scorecards.models.schemes import SCORED_LEVELS

STATES = (("draft", _("草稿")), ("published", _("已发布")))


class OfJurisdictionFilterSet(RegisterFilterSet):
    """Schemes and what belongs to them: set by a place or below it, or rating at a place."""

    place: ClassVar[str] = "jurisdiction"

    jurisdiction = IdFilter(label=_("制定地区(含下级)"), rows=binding_places, method="set_below")
    applies_to = IdFilter(label=_("适用于"), rows=binding_places, method="applying")

    def set_below(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        return queryset.filter(within(f"{self.place}__path_now", (Span.below(value.path_now),)))

    def applying(self, queryset: Any, _name: str, value: Division) -> QuerySet:
        return queryset.filter(**{f"{self.place}__in": ancestor_ids(value.path_now)})


class SchemeFilterSet(OfJurisdictionFilterSet):
    q = WordsFilter(field_name="name", lookup_expr="icontains", label=_("名称"))
    level = PickFilter(
        field_name="level",
        label=_("评分对象"),
        choices=[(Level(code).name.lower(), word) for code, word in SCORED_LEVELS],
        coerce=Level.from_code,
    )


class VersionFilterSet(OfJurisdictionFilterSet):
    place = "scheme__jurisdiction"

    scheme = IdFilter(label=_("评分表"), rows=lambda user: RatingScheme.objects.live().visible_to(user))
    state = PickFilter(label=_("状态"), choices=STATES, method="in_state")
    as_of = DayFilter(label=AS_OF, method="existing")

    def in_state(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.filter(published_at__isnull=value == "draft")

    def existing(self, queryset: Any, _name: str, value: Any) -> QuerySet:
        return queryset.filter(valid_on(value))


class ItemFilterSet(OfJurisdictionFilterSet):
    place = "group__scheme_version__scheme__jurisdiction"

    q = WordsFilter(field_name="name", lookup_expr="icontains", label=_("评分项目"))
    version = IdFilter(
        field_name="group__scheme_version",
        label=_("评分表版本"),
        rows=lambda user: RatingSchemeVersion.objects.live().visible_to(user),
    )
    group = IdFilter(label=_("分组"), rows=lambda user: RatingGroup.objects.live().visible_to(user))
