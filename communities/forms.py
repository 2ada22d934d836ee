"""What may be entered into the ground's registers, and how a page groups it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities import indicators  # noqa: F401 - declares the keys of standards
from communities.base.entry import EntryForm, Group, LateCheck, PickField
from communities.base.standards import THRESHOLD_KEYS
from communities.choices import CommitteeKind
from communities.models import (
    Committee,
    Community,
    Exemption,
    HouseholdCount,
    Premises,
    PremisesNilStatement,
)
from communities.models.premises import ZONES_FIT

SQUARE_METRES = _("平方米")


class CommunityFactForm(EntryForm):
    """A fact of a community: its place is a community where the writer may write."""

    class Meta(EntryForm.Meta):
        abstract = True

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        if name in {"division", "division_now"}:
            return lambda: (
                Community.objects.visible_to(self.user, self.action)
                .filter(is_closed=False)
                .order_by("path_now")
            )
        if name == "committee":
            return lambda: (
                Committee.objects.visible_to(self.user, self.action)
                .live()
                .filter(kind__in=CommitteeKind.values)
                .order_by("division_now__path_now", "pk")
            )
        return super().rows_for(name)


class PremisesForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = Premises
        fields = (
            "name",
            "kind",
            "division_now",
            "committee",
            "area",
            "tenure",
            "address",
            "floor",
            "condition",
            "obtained_on",
            "lost_on",
            "lost_reason",
            "is_temporary",
            "temporary_until",
            "is_zoned",
            "has_open_counter",
            "is_one_door",
        )

    units = {"area": SQUARE_METRES}
    alike = ("division_now", "kind", "name", "obtained_on")
    late_checks = (
        LateCheck(
            "area",
            """s.area < (SELECT sum(f.area) FROM communities_premisesfunctionarea f
            WHERE f.premises_id = s.row_pk AND f.deleted_at IS NULL)""",
            ZONES_FIT,
        ),
    )
    groups = (
        Group(
            _("基本情况"),
            ("name", "kind", "division_now", "committee", "area", "tenure", "address", "floor", "condition"),
        ),
        Group(_("取得和失去"), ("obtained_on", "lost_on", "lost_reason", "is_temporary", "temporary_until")),
        Group(_("服务条件"), ("is_zoned", "has_open_counter", "is_one_door")),
    )


class CommitteeForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = Committee
        fields = ("name", "kind", "division_now", "valid", "term_number", "elected_on", "expires_on")

    alike = ("division_now", "name")
    groups = (
        Group(_("基本情况"), ("name", "kind", "division_now", "valid")),
        Group(_("任期"), ("term_number", "elected_on", "expires_on")),
    )


class NilStatementForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = PremisesNilStatement
        fields = ("kind", "division", "committee", "stated_on", "note")

    alike = ("division", "committee", "kind", "stated_on")
    groups = (Group(_("申明"), ("kind", "division", "committee", "stated_on", "note")),)


class HouseholdCountForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = HouseholdCount
        fields = ("division", "source", "definition", "counted_on", "households", "residents")

    units = {"households": _("户"), "residents": _("人")}
    alike = ("division", "source", "definition", "counted_on")
    groups = (
        Group(_("口径"), ("division", "source", "definition", "counted_on")),
        Group(_("数量"), ("households", "residents")),
    )


class ExemptionForm(CommunityFactForm):
    key = PickField(label=_("标准项目"), choices=[(key.code, key.name) for key in THRESHOLD_KEYS.values()])

    class Meta(CommunityFactForm.Meta):
        model = Exemption
        fields = (
            "key",
            "division",
            "committee",
            "valid",
            "reason",
            "decision_number",
            "decided_by",
            "review_on",
        )

    alike = ("key", "division", "committee", "valid")
    groups = (
        Group(_("豁免"), ("key", "division", "committee", "valid", "reason")),
        Group(_("决定"), ("decision_number", "decided_by", "review_on")),
    )
