"""What may be written into rating schemes, their versions and items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base.entry import Group, PartForm
from communities.base.entry.ends import SpanField
from communities.base.entry.fields import RowField, WholeField
from communities.base.entry.rule_field import InputField, RuleField
from communities.base.roles import Action
from communities.choices import Level
from communities.forms import LevelField, RuleForm
from portal.scorecards.editing.inputs_offered import offered_inputs
from portal.scorecards.models import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
)
from portal.scorecards.models.schemes import SCORED_LEVELS

MOST_STARS = 5
MOST_DECIMALS = 2


class SchemeForm(RuleForm):
    level = LevelField(levels=SCORED_LEVELS, label=_("评分对象"), initial=Level.COMMUNITY)

    class Meta(RuleForm.Meta):
        model = RatingScheme
        fields = ("name", "level", "jurisdiction", "clause", "description")

    in_bulk = ()
    groups = (
        Group(_("评分表"), ("name", "level", "jurisdiction")),
        Group(_("依据"), ("clause", "description")),
    )


class ContentForm(PartForm):
    """A row that is part of a version."""

    action = Action.EDIT_STANDARDS

    class Meta(PartForm.Meta):
        abstract = True


class GroupForm(ContentForm):
    class Meta(ContentForm.Meta):
        model = RatingGroup
        fields = ("name", "position", "full_mark", "is_bonus", "may_go_below_zero")


class GradeForm(ContentForm):
    stars = WholeField(label=_("星数"), least=0, most=MOST_STARS, initial=0)

    class Meta(ContentForm.Meta):
        model = RatingGrade
        fields = ("name", "stars", "least")


class VetoForm(ContentForm):
    value = InputField(label=_("取值"), offered=offered_inputs)

    class Meta(ContentForm.Meta):
        model = RatingVeto
        fields = ("name", "position", "value", "operator", "target", "effect")


class VersionForm(RuleForm):
    """A version with its groups, grades and vetoes; items are rows of their own."""

    valid = SpanField(label=_("施行期间"), help_text=_("发布前须填写开始日期；结束日期空着表示一直施行。"))

    class Meta(RuleForm.Meta):
        model = RatingSchemeVersion
        fields = ("scheme", "valid", "full_mark", "peer_class", "note")

    parts = {"groups": GroupForm, "grades": GradeForm, "vetoes": VetoForm}
    also_checked = frozenset({"published_at", "deleted_at"})
    in_bulk = ()
    groups = (Group(_("版本"), ("scheme", "valid", "full_mark", "peer_class", "note")),)

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        if name == "scheme":
            return lambda: RatingScheme.objects.visible_to(self.user, self.action).live()
        return super().rows_for(name)


class ItemForm(RuleForm):
    """One item, in a group of a version that is still a draft."""

    rule = RuleField(label=_("评分规则"), offered=offered_inputs)
    places = WholeField(label=_("小数位数"), least=0, most=MOST_DECIMALS, initial=MOST_DECIMALS)

    class Meta(RuleForm.Meta):
        model = RatingItem
        fields = (
            "group",
            "position",
            "name",
            "full_mark",
            "rule",
            "least",
            "most",
            "places",
            "mode",
            "not_applicable",
            "clause",
            "building_classes",
            "location_classes",
            "community_kinds",
            "evidence",
            "method",
        )

    in_bulk = ()
    groups = (
        Group(_("项目"), ("group", "position", "name", "full_mark")),
        Group(_("评分规则"), ("rule",)),
        Group(_("得分"), ("least", "most", "places", "mode", "not_applicable")),
        Group(_("依据和核查"), ("clause", "evidence", "method")),
        Group(_("评分对象(不选即不限)"), ("building_classes", "location_classes", "community_kinds")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group = self.fields["group"]
        if isinstance(group, RowField):
            group.naming = group_in_version

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        if name == "group":
            return lambda: draft_groups(self.user, self.action)
        return super().rows_for(name)

    def _update_errors(self, errors: Any) -> None:
        """What the field has said of the rule at its places, the row need not say again as a whole."""
        if "rule" in self.errors and hasattr(errors, "error_dict"):
            errors.error_dict.pop("rule", None)
        super()._update_errors(errors)  # type: ignore[misc] # Django's own, without a public name


def group_in_version(group: Any) -> str:
    """A group as a list of groups names it: many versions have one of that name."""
    return f"{group.scheme_version} · {group.name}"


def draft_groups(user: Any, action: Action) -> QuerySet[Any]:
    """The groups into which the user may put items."""
    drafts = (
        RatingGroup.objects.visible_to(user, action)
        .live()
        .filter(scheme_version__published_at__isnull=True, scheme_version__deleted_at__isnull=True)
    )
    return drafts.select_related("scheme_version__scheme").order_by(
        "scheme_version__scheme__name", "-scheme_version__number", "position", "pk"
    )
