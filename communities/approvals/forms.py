"""What may be written into routes, freezes, delegations, holiday schedules and requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.approvals.fixing import stays_as_submitted
from communities.base.approvals import subject_choices
from communities.base.entry import EntryForm, Group, PartForm, PickField
from communities.base.entry.ends import SpanField
from communities.base.entry.fields import PicksField
from communities.base.roles import ROLES, Action, roles_allowing
from communities.choices import Level
from communities.forms import KEYS, CommunityFactForm, LevelField, RuleForm
from communities.models import (
    ApprovalDelegation,
    ApprovalFreeze,
    ApprovalRoute,
    ApprovalStep,
    ExemptionRequest,
    HolidaySchedule,
    SpecialDay,
    User,
)

# Their own ``reason`` is why they stand; over REST ``reason`` is why a row is written, in every register.
GROUNDS = {"reason": "grounds"}

# Apps declare what is decided on as they load, before any address is looked up.
SUBJECTS_OFFERED = subject_choices()
DECIDING = [(code, role.name) for code, role in ROLES.items() if code in roles_allowing(Action.APPROVE)]


class SomeField(PicksField):
    """Some words of a closed list; none is an empty list."""

    def to_python(self, value: Any) -> list[Any]:
        return super().to_python(value) or []


class KindsField(SomeField):
    """To which kinds of things something is limited."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"required": False, "help_text": _("不选表示全部事项。")}
        super().__init__(choices=SUBJECTS_OFFERED, **kwargs)


class LevelsField(SomeField):
    """Levels of places by their words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(Level(level).code, word) for level, word in Level.choices], **kwargs)

    def to_python(self, value: Any) -> list[Any]:
        return [Level.from_code(code) for code in super().to_python(value)]

    def text_of(self, value: Any) -> str:
        return super().text_of(self.prepare_value(value))

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [Level(each).code if isinstance(each, int) else each for each in value]


class StepForm(PartForm):
    action = Action.EDIT_STANDARDS

    role = PickField(
        label=_("角色"),
        choices=DECIDING,
    )
    level = LevelField(label=_("层级"))
    subject_levels = LevelsField(label=_("只对这些层级的事项"), required=False)

    class Meta(PartForm.Meta):
        model = ApprovalStep
        fields = (
            "position",
            "name",
            "level",
            "role",
            "organisation_kind",
            "needed",
            "working_days",
            "amount_from",
            "amount_below",
            "subject_levels",
        )


class RouteForm(RuleForm):
    """In which steps things of one kind are decided."""

    kind = PickField(label=_("事项"), choices=SUBJECTS_OFFERED)

    class Meta(RuleForm.Meta):
        model = ApprovalRoute
        fields = ("kind", "jurisdiction", "valid", "note")

    parts = {"steps": StepForm}
    also_checked = frozenset({"deleted_at"})
    in_bulk = ()
    groups = (Group(_("流程"), ("kind", "jurisdiction", "valid", "note")),)


class FreezeForm(RuleForm):
    valid = SpanField(label=_("冻结期间"), is_closed=True)
    kinds = KindsField(label=_("只冻结这些事项"))
    api_names = GROUNDS

    class Meta(RuleForm.Meta):
        model = ApprovalFreeze
        fields = ("jurisdiction", "valid", "kinds", "reason")

    in_bulk = ()
    groups = (Group(_("冻结期"), ("jurisdiction", "valid", "kinds", "reason")),)


class SpecialDayForm(PartForm):
    action = Action.EDIT_STANDARDS

    class Meta(PartForm.Meta):
        model = SpecialDay
        fields = ("day", "name", "is_worked")


class HolidayScheduleForm(EntryForm):
    action = Action.EDIT_STANDARDS

    class Meta(EntryForm.Meta):
        model = HolidaySchedule
        fields = ("year", "number", "issued_on")

    parts = {"days": SpecialDayForm}
    also_checked = frozenset({"deleted_at"})
    in_bulk = ()
    groups = (Group(_("节假日安排"), ("year", "number", "issued_on")),)


class DelegationForm(EntryForm):
    """For one's own posts only: who gives is who writes."""

    action = Action.APPROVE
    keeps_drafts = False
    valid = SpanField(label=_("委托期间"), is_closed=True)
    kinds = KindsField(label=_("只委托这些事项"))
    api_names = GROUNDS

    class Meta(EntryForm.Meta):
        model = ApprovalDelegation
        fields = ("receiver", "valid", "kinds", "reason")

    in_bulk = ()
    also_checked = frozenset({"deleted_at", "giver"})
    groups = (Group(_("委托"), ("receiver", "valid", "kinds", "reason")),)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        receiver: Any = self.fields["receiver"]
        receiver.naming = lambda user: f"{user.name}({user.organisation or user.username})"

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        """Those who may decide, at a place of the giver's or above it, and so see what lies there."""
        if name != "receiver":
            return super().rows_for(name)
        return lambda: User.objects.deciding_beside(self.user).select_related("organisation")

    def clean(self) -> dict[str, Any] | None:
        if self.instance.pk is None:
            self.instance.giver = self.user
        return super().clean()


class ExemptionRequestForm(CommunityFactForm):
    key = PickField(label=_("标准项目"), choices=KEYS)
    valid = SpanField(label=_("申请豁免期间"), is_closed=True)
    api_names = GROUNDS

    class Meta(CommunityFactForm.Meta):
        model = ExemptionRequest
        fields = ("key", "division", "committee", "valid", "reason", "remedy")

    alike = ("key", "division", "committee", "valid")
    late_checks = (stays_as_submitted(ExemptionRequest, Meta.fields),)
    examples = {
        "key": "premises.office.area",
        "valid": ("2026-07-01", "2028-06-30"),
        "reason": "老旧小区改造，办公用房已腾退",
        "remedy": "改造后由配套用房补足，预计两年内达标",
    }
    in_bulk = ("valid", "reason", "remedy")
    groups = (
        Group(_("申请"), ("key", "division", "committee", "valid")),
        Group(_("理由"), ("reason", "remedy")),
    )
