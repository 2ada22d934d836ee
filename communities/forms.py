"""What may be entered into the ground's registers, and how a page groups it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities import indicators  # noqa: F401 - declares the keys of standards
from communities.base.entry import EntryForm, Group, LateCheck, PartForm, PickField
from communities.base.roles import Action
from communities.base.standards import THRESHOLD_KEYS
from communities.choices import (
    CommitteeKind,
    Condition,
    CountDefinition,
    CountSource,
    Level,
    PremisesKind,
    Tenure,
)
from communities.models import (
    Clause,
    Committee,
    Community,
    Division,
    Exemption,
    HouseholdCount,
    PolicyDocument,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    Threshold,
)
from communities.models.committees import STAYS, kinds_beside
from communities.models.premises import ZONES_FIT

SQUARE_METRES = _("平方米")
KEYS = [(key.code, key.name) for key in THRESHOLD_KEYS.values()]


class LevelField(PickField):
    """A level of places by its word, as everywhere outside the database."""

    def __init__(self, *, levels: Iterable[tuple[int, Any]] = Level.choices, **kwargs: Any) -> None:
        super().__init__(choices=[(Level(level).code, word) for level, word in levels], **kwargs)

    def read(self, text: str) -> Level:
        return Level.from_code(super().read(text))

    def text_of(self, value: Any) -> str:
        return Level(value).code if isinstance(value, int) else super().text_of(value)

    def prepare_value(self, value: Any) -> Any:
        return self.text_of(value) if isinstance(value, int) else value


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


class FunctionAreaForm(PartForm):
    class Meta(PartForm.Meta):
        model = PremisesFunctionArea
        fields = ("function", "area")

    units = {"area": SQUARE_METRES}


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
            ("area",),
            """s.area < (SELECT sum(f.area) FROM communities_premisesfunctionarea f
            WHERE f.premises_id = s.row_pk AND f.deleted_at IS NULL)""",
            ZONES_FIT["premises_functions_fit"],
            name="area",
        ),
    )
    parts = {"functions": FunctionAreaForm}
    examples = {
        "name": "社区居委会办公用房",
        "kind": PremisesKind.OFFICE,
        "area": "186.5",
        "tenure": Tenure.OWNED,
        "address": "春江路 12 号",
        "floor": "1 至 2 层",
        "condition": Condition.GOOD,
        "obtained_on": "2021-09-01",
        "is_temporary": "否",
        "is_zoned": "是",
        "has_open_counter": "是",
        "is_one_door": "否",
    }
    groups = (
        Group(
            _("基本情况"),
            ("name", "kind", "division_now", "committee", "area", "tenure", "address", "floor", "condition"),
        ),
        Group(_("取得和失去"), ("obtained_on", "lost_on", "lost_reason", "is_temporary", "temporary_until")),
        Group(_("服务条件"), ("is_zoned", "has_open_counter", "is_one_door")),
    )


def _uses_elsewhere() -> str:
    """SQL: what stands on another place than a staged committee and names it; NULL for nothing."""
    kinds = " UNION ALL ".join(
        f"""SELECT '{model._meta.verbose_name} ' || count(*) || ' 条' AS said FROM {model._meta.db_table} o
        WHERE o.committee_id = s.row_pk AND o.deleted_at IS NULL AND o.{place}_id <> s.division_now_id
        HAVING count(*) > 0"""  # noqa: S608 - names of our own tables and columns
        for model, place in kinds_beside()
    )
    return f"(SELECT string_agg(u.said, '、') FROM ({kinds}) AS u)"  # noqa: S608


class CommitteeForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = Committee
        fields = ("name", "kind", "division_now", "valid", "term_number", "elected_on", "expires_on")

    alike = ("division_now", "name")
    late_checks = (
        LateCheck(
            ("division_now",),
            f"""EXISTS (SELECT FROM communities_committee c
            WHERE c.id = s.row_pk AND c.division_now_id <> s.division_now_id)
            AND {_uses_elsewhere()} IS NOT NULL""",
            STAYS % {"uses": "{line}"},
            code="in_use",
            name="division_now",
            told=_uses_elsewhere(),
        ),
    )
    examples = {
        "name": "春江社区居民委员会",
        "kind": CommitteeKind.RESIDENTS,
        "valid": ("2009-06-01", ""),
        "term_number": "7",
        "elected_on": "2024-06-15",
        "expires_on": "2029-06-14",
    }
    groups = (
        Group(_("基本情况"), ("name", "kind", "division_now", "valid")),
        Group(_("任期"), ("term_number", "elected_on", "expires_on")),
    )


class NilStatementForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = PremisesNilStatement
        fields = ("kind", "division", "committee", "stated_on", "note")

    alike = ("division", "committee", "kind", "stated_on")
    examples = {"kind": PremisesKind.ACTIVITY, "note": "配套用房尚未移交"}
    groups = (Group(_("申明"), ("kind", "division", "committee", "stated_on", "note")),)


class HouseholdCountForm(CommunityFactForm):
    class Meta(CommunityFactForm.Meta):
        model = HouseholdCount
        fields = ("division", "source", "definition", "counted_on", "households", "residents")

    units = {"households": _("户"), "residents": _("人")}
    alike = ("division", "source", "definition", "counted_on")
    examples = {
        "source": CountSource.POLICE,
        "definition": CountDefinition.REGISTERED,
        "households": "1286",
        "residents": "3412",
    }
    # Each community has its own numbers; what a whole batch may have wrong is how and when they were counted.
    in_bulk = ("source", "definition", "counted_on")
    groups = (
        Group(_("口径"), ("division", "source", "definition", "counted_on")),
        Group(_("数量"), ("households", "residents")),
    )


class ExemptionForm(CommunityFactForm):
    key = PickField(label=_("标准项目"), choices=KEYS)
    # The grounds of the decision; ``reason`` is why a row is written, in every register.
    api_names = {"reason": "grounds"}

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
    examples = {
        "key": "premises.office.area",
        "valid": ("2025-07-01", "2027-06-30"),
        "reason": "老旧小区改造，办公用房已腾退",
        "decision_number": "民政发〔2025〕18 号",
        "decided_by": "区民政局",
        "review_on": "2027-06-01",
    }
    in_bulk = ("valid", "reason", "decision_number", "decided_by", "review_on")
    groups = (
        Group(_("豁免"), ("key", "division", "committee", "valid", "reason")),
        Group(_("决定"), ("decision_number", "decided_by", "review_on")),
    )


class RuleForm(EntryForm):
    """A rule of a jurisdiction, written by whoever answers for standards there."""

    action = Action.EDIT_STANDARDS

    class Meta(EntryForm.Meta):
        abstract = True

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        if name == "clause":
            return lambda: (
                Clause.objects.visible_to(self.user, self.action)
                .live()
                .filter(document__deleted_at__isnull=True)
                .select_related("document")
            )
        return lambda: (
            Division.objects.visible_to(self.user, self.action).filter(is_closed=False).order_by("path_now")
        )


class ClauseForm(PartForm):
    action = Action.EDIT_STANDARDS

    class Meta(PartForm.Meta):
        model = Clause
        fields = ("label", "position", "text")


class PolicyDocumentForm(RuleForm):
    class Meta(RuleForm.Meta):
        model = PolicyDocument
        fields = ("title", "number", "issuer", "kind", "jurisdiction", "issued_on", "valid", "text")

    parts = {"clauses": ClauseForm}
    in_bulk = ("issuer", "kind", "issued_on", "valid")
    groups = (
        Group(_("文件"), ("title", "number", "issuer", "kind", "jurisdiction", "issued_on", "valid")),
        Group(_("内容"), ("text",)),
    )


class ThresholdForm(RuleForm):
    """A number that a clause sets. Its unit is that of the key, so it is not entered."""

    key = PickField(label=_("标准项目"), choices=KEYS)
    in_bulk = ("valid", "force", "deadline")

    class Meta(RuleForm.Meta):
        model = Threshold
        fields = (
            "key",
            "operator",
            "low",
            "high",
            "step",
            "step_households",
            "clause",
            "jurisdiction",
            "valid",
            "force",
            "deadline",
            "building_classes",
            "location_classes",
            "community_kinds",
            "households",
        )

    groups = (
        Group(_("标准"), ("key", "operator", "low", "high", "step", "step_households")),
        Group(_("依据和效力"), ("clause", "jurisdiction", "valid", "force", "deadline")),
        Group(
            _("适用条件(不选即不限)"),
            ("building_classes", "location_classes", "community_kinds", "households"),
        ),
    )

    def clean(self) -> dict[str, Any] | None:
        key = THRESHOLD_KEYS.get(self.cleaned_data.get("key", ""))
        if key is not None:
            self.instance.unit = key.unit
        return super().clean()
