"""Rules in force as dated documents: a number from a rule book is a row here, never a constant in code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField, DateRangeField, IntegerRangeField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from communities.base.approvals import Approvable
from communities.base.models import Row, is_same, not_empty, not_in_future, take_turn, unique_live
from communities.base.querysets import DivisionScopedQuerySet
from communities.base.standards import THRESHOLD_KEYS, Rule, check_threshold_key, collide
from communities.choices import (
    BuildingClass,
    CommunityKind,
    DocumentKind,
    Force,
    LocationClass,
    Operator,
)
from communities.models.committees import Committee
from communities.models.divisions import Division
from communities.models.periods import Period
from communities.models.premises import committee_of_place
from communities.querysets import ClauseQuerySet, RuleBookQuerySet, ThresholdQuerySet

MEASURED_BY = _("已关闭的报告期按此标准判定，不能改写或删除；请填写施行期间的结束日期，并另行登记新的标准。")


def days_shared(one: Any, other: Any) -> tuple[dt.date, dt.date]:
    """The first day in both of two half-open times, and the first one after."""
    starts = [valid.lower or dt.date.min for valid in (one, other)]
    ends = [valid.upper or dt.date.max for valid in (one, other)]
    return max(starts), min(ends)


class PolicyDocument(Row):
    """A law, regulation or circular (政策文件) of a jurisdiction, with the days on which it is in force."""

    title = models.CharField(_("标题"), max_length=200)
    number = models.CharField(_("文号"), max_length=100, blank=True)
    issuer = models.CharField(_("发文机关"), max_length=100)
    kind = models.CharField(_("类别"), max_length=20, choices=DocumentKind.choices)
    jurisdiction = models.ForeignKey(
        Division, verbose_name=_("适用地区"), on_delete=models.PROTECT, related_name="policy_documents"
    )
    issued_on = models.DateField(_("发文日期"), null=True, blank=True, validators=[not_in_future])
    valid = DateRangeField(_("施行期间"))
    text = models.TextField(_("正文"), blank=True)

    constraint_fields = {"policydocument_valid_not_empty": "valid"}

    objects = RuleBookQuerySet.as_manager()

    class Meta:
        verbose_name = _("政策文件")
        verbose_name_plural = _("政策文件")
        ordering = ["-issued_on", "pk"]
        constraints = [not_empty("valid", "policydocument_valid_not_empty")]

    def __str__(self) -> str:
        return f"《{self.title}》" + (f"({self.number})" if self.number else "")

    def affected_divisions(self) -> Iterable[int]:
        return (self.jurisdiction_id,)


class Clause(Row):
    """A clause of a document, by its own label (第三条第一款)."""

    document = models.ForeignKey(
        PolicyDocument, verbose_name=_("文件"), on_delete=models.PROTECT, related_name="clauses"
    )
    label = models.CharField(_("条款号"), max_length=50)
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    text = models.TextField(_("条款内容"))

    part_of = "document"

    constraint_fields = {"clause_unique_label": "label"}

    objects = ClauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("条款")
        verbose_name_plural = _("条款")
        ordering = ["document", "position", "pk"]
        constraints = [
            unique_live(
                "document", "label", name="clause_unique_label", message=_("同一文件的条款号不能重复。")
            )
        ]

    def __str__(self) -> str:
        return f"{self.document}{self.label}"

    def affected_divisions(self) -> Iterable[int]:
        return (self.document.jurisdiction_id,)


class Threshold(Row):
    """One number that a clause sets: key, condition, value, where and when.

    ``low`` and ``high`` are in ``unit``; one-sided operators use ``low`` (不低于, 高于) or ``high`` (不超过，
    低于). With ``step`` the bound grows by that much for each started ``step_households`` households. Empty
    condition arrays mean any. How one threshold is chosen among several is told in
    ``communities.base.standards.resolve``.

    What a closed period was measured by keeps its meaning: a threshold in force on its last day is neither
    rewritten nor removed. It is ended, and another one follows it.
    """

    key = models.CharField(_("标准项目"), max_length=60, validators=[check_threshold_key])
    operator = models.CharField(_("比较方式"), max_length=10, choices=Operator.choices)
    low = models.DecimalField(_("下限"), max_digits=14, decimal_places=2, null=True, blank=True)
    high = models.DecimalField(_("上限"), max_digits=14, decimal_places=2, null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=20)
    step = models.DecimalField(_("递增量"), max_digits=14, decimal_places=2, null=True, blank=True)
    step_households = models.PositiveIntegerField(_("每递增户数"), null=True, blank=True)
    jurisdiction = models.ForeignKey(
        Division, verbose_name=_("适用地区"), on_delete=models.PROTECT, related_name="thresholds"
    )
    valid = DateRangeField(_("施行期间"))
    deadline = models.DateField(_("达标期限"), null=True, blank=True)
    building_classes = ArrayField(
        models.CharField(max_length=20, choices=BuildingClass.choices),
        verbose_name=_("建设类别"),
        null=True,
        blank=True,
    )
    location_classes = ArrayField(
        models.CharField(max_length=20, choices=LocationClass.choices),
        verbose_name=_("区位"),
        null=True,
        blank=True,
    )
    community_kinds = ArrayField(
        models.CharField(max_length=20, choices=CommunityKind.choices),
        verbose_name=_("社区类型"),
        null=True,
        blank=True,
    )
    households = IntegerRangeField(_("户数范围"), null=True, blank=True)
    force = models.CharField(_("约束力"), max_length=20, choices=Force.choices, default=Force.DEFAULT)
    clause = models.ForeignKey(
        Clause, verbose_name=_("依据条款"), on_delete=models.PROTECT, related_name="thresholds"
    )

    # What says which subjects are held against what: fixed once a closed period was measured by it.
    meaning: ClassVar[tuple[str, ...]] = (
        "key",
        "operator",
        "low",
        "high",
        "unit",
        "step",
        "step_households",
        "jurisdiction_id",
        "building_classes",
        "location_classes",
        "community_kinds",
        "households",
        "force",
        "clause_id",
    )

    constraint_fields = {
        "threshold_valid_not_empty": "valid",
        "threshold_bounds_fit_operator": "operator",
        "threshold_step_complete": "step_households",
    }

    objects = ThresholdQuerySet.as_manager()

    class Meta:
        verbose_name = _("标准数值")
        verbose_name_plural = _("标准数值")
        ordering = ["key", "jurisdiction__path_now", "valid", "pk"]
        constraints = [
            not_empty("valid", "threshold_valid_not_empty"),
            models.CheckConstraint(
                condition=Q(
                    operator__in=[Operator.AT_LEAST, Operator.MORE_THAN], low__isnull=False, high__isnull=True
                )
                | Q(operator__in=[Operator.AT_MOST, Operator.LESS_THAN], low__isnull=True, high__isnull=False)
                | Q(operator=Operator.BETWEEN, low__isnull=False, high__isnull=False, high__gte=F("low")),
                name="threshold_bounds_fit_operator",
                violation_error_message=_(
                    "比较方式与上下限不符：不低于、高于填下限，不超过、低于填上限，介于两者都填。"
                ),
            ),
            models.CheckConstraint(
                condition=Q(step__isnull=True, step_households__isnull=True)
                | Q(step__isnull=False, step_households__isnull=False, step_households__gt=0),
                name="threshold_step_complete",
                violation_error_message=_("递增量和每递增户数须同时填写。"),
            ),
        ]
        indexes = [models.Index(fields=["key", "jurisdiction"], name="threshold_key_place")]

    def __str__(self) -> str:
        return f"{self.name}{self.get_operator_display()} {self.bound_text}"

    @property
    def name(self) -> str:
        """The Chinese name of the key."""
        key = THRESHOLD_KEYS.get(self.key)
        return str(key.name) if key else self.key

    @property
    def bound_text(self) -> str:
        """The bound as people write it: ``100 平方米``, ``200 至 400 平方米``."""
        bounds = [f"{bound.normalize():f}" for bound in (self.low, self.high) if bound is not None]
        return f"{' 至 '.join(bounds)} {self.unit}"

    def clean(self) -> None:
        """A clause binds where its document does; and what was measured by keeps its meaning."""
        if self.clause_id and self.jurisdiction_id:
            document_place = self.clause.document.jurisdiction
            if not self.jurisdiction.path_now.startswith(document_place.path_now):
                raise ValidationError(
                    {
                        "jurisdiction": _("适用地区须在文件的适用地区(%(place)s)之内。")
                        % {"place": document_place}
                    }
                )
        stored = Threshold.objects.filter(pk=self.pk).first() if self.pk else None
        if stored is not None:
            stored.check_kept(self)
        low, high = self.low, self.high
        if self.operator == Operator.BETWEEN and low is not None and high is not None and low > high:
            raise ValidationError({"high": _("上限不能小于下限。")})

    def check_beside(self) -> None:
        """Of two numbers for the same communities on the same days, by one place in one force, neither holds.

        Their days may still come to share less, or what was measured by both could not even be ended.
        """
        from communities.base.tables import span_text  # noqa: PLC0415 - tables are of a later floor

        if self.force == Force.STRIVE_TO:
            return
        # Of two who write at the same moment, the second must see what the first one wrote.
        take_turn(f"threshold {self.key} {self.jurisdiction_id} {self.force}")
        stored = Threshold.objects.filter(pk=self.pk).first() if self.pk else None
        others = Threshold.objects.live().filter(
            key=self.key, jurisdiction=self.jurisdiction_id, force=self.force, valid__overlap=self.valid
        )
        for other in others.exclude(pk=self.pk).select_related("clause__document").order_by("pk"):
            if not collide(self.rule(), other.rule()):
                continue
            if stored is not None and collide(stored.rule(), other.rule()):
                now, before = days_shared(self.valid, other.valid), days_shared(stored.valid, other.valid)
                if now != before and before[0] <= now[0] and now[1] <= before[1]:
                    continue
            told = _(
                "与「%(other)s」(%(clause)s，施行期间 %(days)s)适用于同样的社区，无法确定以哪一条为准。"
                "请先填写那一条施行期间的结束日期，或用适用条件区分。"
            )
            named = {"other": other, "clause": other.clause, "days": span_text(other.valid)}
            raise ValidationError(told, code="contradicts", params=named)

    def rule(self) -> Rule:
        """The row as the choice among thresholds sees it, wherever it stands."""
        classes = (self.building_classes, self.location_classes, self.community_kinds)
        building, location, kinds = (None if given is None else frozenset(given) for given in classes)
        return Rule(
            self.pk or 0,
            self.key,
            "",
            self.operator,
            self.low,
            self.high,
            self.force,
            self.step,
            self.step_households,
            building,
            location,
            kinds,
            None if self.households is None else (self.households.lower, self.households.upper),
        )

    def check_kept(self, changed: Threshold) -> None:
        """Raises ValidationError where a change would alter what a closed period was measured by."""
        days = self.closing_days()
        if days and not all(is_same(getattr(self, name), getattr(changed, name)) for name in self.meaning):
            raise ValidationError(MEASURED_BY, code="measured_by")
        if any(day not in changed.valid for day in days):
            kept = ValidationError(_("施行期间须包含已关闭报告期的最后一日。"), code="measured_by")
            raise ValidationError({"valid": kept})

    def check_removal(self) -> None:
        if self.closing_days():
            raise ValidationError(MEASURED_BY, code="measured_by")

    def closing_days(self) -> list[dt.date]:
        """The last days of closed periods on which this was in force, and stood here before they were closed.

        What was entered later was measured by nobody: an error in it can be mended.
        """
        closed = Period.objects.live().filter(closed_at__gt=self.created_at)
        return [day for day in (period.last_day for period in closed) if day in self.valid]

    def affected_divisions(self) -> Iterable[int]:
        return (self.jurisdiction_id,)


class Exemption(Row):
    """A decision that frees a committee or a whole community from one standard for a time (E-027).

    Reported apart from meeting and falling short; a subject that meets the standard anyway counts as meeting.
    """

    key = models.CharField(_("标准项目"), max_length=60, validators=[check_threshold_key])
    division = models.ForeignKey(
        Division, verbose_name=_("社区"), on_delete=models.PROTECT, related_name="exemptions"
    )
    committee = models.ForeignKey(
        Committee,
        verbose_name=_("委员会"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exemptions",
        help_text=_("不填表示整个社区。"),
    )
    valid = DateRangeField(_("豁免期间"))
    reason = models.CharField(_("原因"), max_length=200)
    decision_number = models.CharField(_("批准文号"), max_length=100)
    decided_by = models.CharField(_("批准机关"), max_length=100)
    review_on = models.DateField(_("复核日期"), null=True, blank=True)

    # Where it holds, and where the committee stands now, should that have moved since.
    affects = ("division", "committee__division_now")
    clean_reads = ("division", "committee")

    constraint_fields = {"exemption_valid_not_empty": "valid"}

    objects = DivisionScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("达标豁免")
        verbose_name_plural = _("达标豁免")
        ordering = ["division", "valid"]
        constraints = [not_empty("valid", "exemption_valid_not_empty")]

    def __str__(self) -> str:
        return f"{self.committee or self.division} {self.reason}"

    def clean(self) -> None:
        committee_of_place(self.committee, self.division_id)

    @property
    def name(self) -> str:
        key = THRESHOLD_KEYS.get(self.key)
        return str(key.name) if key else self.key


class ExemptionRequest(Approvable):
    """What a community asks for where it cannot meet a standard for a time (豁免申请).

    Once passed it makes the exemption, which names who decided under which number.
    """

    approval = "exemption"

    key = models.CharField(_("标准项目"), max_length=60, validators=[check_threshold_key])
    division = models.ForeignKey(
        Division, verbose_name=_("社区"), on_delete=models.PROTECT, related_name="exemption_requests"
    )
    committee = models.ForeignKey(
        Committee,
        verbose_name=_("委员会"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exemption_requests",
        help_text=_("不填表示整个社区。"),
    )
    valid = DateRangeField(_("申请豁免期间"))
    reason = models.CharField(_("原因"), max_length=200)
    remedy = models.CharField(_("整改打算"), max_length=200, help_text=_("豁免期内准备怎样达到标准。"))
    exemption = models.OneToOneField(
        Exemption,
        verbose_name=_("达标豁免"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="request",
    )

    clean_reads = ("division", "committee", "valid")
    constraint_fields = {"exemptionrequest_valid_not_empty": "valid"}

    objects = DivisionScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("豁免申请")
        verbose_name_plural = _("豁免申请")
        ordering = ["-pk"]
        constraints = [not_empty("valid", "exemptionrequest_valid_not_empty")]

    def __str__(self) -> str:
        return f"{self.committee or self.division} {self.name}"

    def clean(self) -> None:
        committee_of_place(self.committee, self.division_id)
        if self.valid is not None and (self.valid.lower is None or self.valid.upper is None):
            raise ValidationError({"valid": _("申请豁免须写明起止日期。")}, code="open_ended")

    def scope_division_id(self) -> int:
        return self.division_id

    @property
    def name(self) -> str:
        """What is asked to be freed from, in people's words."""
        key = THRESHOLD_KEYS.get(self.key)
        return str(key.name) if key else self.key
