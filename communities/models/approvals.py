"""Decisions on what was submitted (审批): routes as data, cases with their rounds, turns and opinions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base.approvals import check_subject, subject_names
from communities.base.models import Row, not_empty
from communities.base.places import within
from communities.base.querysets import DivisionScopedQuerySet, RowQuerySet, today, valid_on
from communities.base.roles import Action
from communities.choices import (
    APPROVAL_DECISIONS,
    APPROVAL_FIXED,
    ApprovalState,
    ApprovalVerb,
    TurnState,
)
from communities.models.access import ROLE_CHOICES, Organisation, User
from communities.models.approval_routes import Stage
from communities.models.divisions import Division


class ApprovalCaseQuerySet(DivisionScopedQuerySet):
    searched = ("title__icontains",)
    searched_by = _("输入标题查找")

    def to_do(self, user: Any) -> Self:
        """Open cases on which the user, or one for whom he stands, may give an opinion now."""
        return self.filter(
            Exists(ApprovalTurn.objects.waiting_for(user).filter(case=OuterRef("pk"))),
            state=ApprovalState.OPEN,
        )

    def done_by(self, user: Any) -> Self:
        """Cases on which the user has decided something."""
        given = ApprovalOpinion.objects.filter(case=OuterRef("pk"), user=user, verb__in=APPROVAL_DECISIONS)
        return self.filter(Exists(given))

    def submitted_by(self, user: Any) -> Self:
        """Cases that the user has submitted."""
        return self.filter(submitter=user)

    def overdue(self) -> Self:
        """Open cases whose present step should have been decided before today."""
        return self.filter(state=ApprovalState.OPEN, due_on__lt=today())


class ApprovalCase(Row):
    """What became of something that was submitted; the thing itself names the case.

    ``round`` counts submissions, ``position`` is the present step, ``due_on`` the last day for it;
    ``is_due_certain`` is false where holidays that are not published yet may move it. Urging is counted without
    a new version: it must not make a decision stale that is being written.
    """

    kind = models.CharField(_("事项"), max_length=40, validators=[check_subject], editable=False)
    division = models.ForeignKey(
        Division, verbose_name=_("所属地"), on_delete=models.PROTECT, related_name="+", editable=False
    )
    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("申报单位"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
    )
    title = models.CharField(_("标题"), max_length=200, editable=False)
    amount = models.DecimalField(
        _("金额(元)"), max_digits=16, decimal_places=2, null=True, blank=True, editable=False
    )
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=ApprovalState.choices,
        default=ApprovalState.RETURNED,
        editable=False,
    )
    round = models.PositiveSmallIntegerField(_("轮次"), default=0, editable=False)
    position = models.PositiveSmallIntegerField(_("当前步骤"), default=0, editable=False)
    submitter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("申报人"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    submitted_at = models.DateTimeField(_("申报时间"), null=True, blank=True, editable=False)
    due_on = models.DateField(_("办理期限"), null=True, blank=True, editable=False)
    is_due_certain = models.BooleanField(_("期限确定"), default=True, editable=False)
    urged = models.PositiveSmallIntegerField(_("催办次数"), default=0, editable=False)
    decided_at = models.DateTimeField(_("办结时间"), null=True, blank=True, editable=False)

    objects = ApprovalCaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批件")
        verbose_name_plural = _("审批件")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state="open"), name="approvalcase_due"),
            models.Index(fields=["submitter", "state"], name="approvalcase_submitter"),
        ]

    def __str__(self) -> str:
        return self.title

    def scope_division_id(self) -> int:
        return self.division_id

    @property
    def number(self) -> str:
        """By which people name a decision: the year of the submission, and the case."""
        year = timezone.localtime(self.submitted_at or self.created_at).year
        return f"审批{year}-{self.pk:06d}"

    @property
    def is_open(self) -> bool:
        return self.state == ApprovalState.OPEN

    @property
    def is_fixed(self) -> bool:
        """Whether the thing decided on must stay as it was submitted."""
        return self.state in APPROVAL_FIXED

    @property
    def why_fixed(self) -> Any:
        """What to tell who wants to change it."""
        if self.is_open:
            return _("正在审批，不能修改或删除；需要修改的，请先撤回。")
        return _("已经办结，不能再修改或删除。")

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_on is not None and self.due_on < today()

    @property
    def subject_name(self) -> str:
        return subject_names([self.kind])


class ApprovalRound(models.Model):
    """What was submitted: its values as a change record tells them (personal ones masked), and their digest.

    ``sealed`` is the digest over all values, the masked ones in plain.
    """

    case = models.ForeignKey(ApprovalCase, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField(_("轮次"))
    values = models.JSONField(_("申报内容"), default=dict)
    sealed = models.CharField(_("摘要"), max_length=64)
    submitter = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("申报人"), on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(_("申报时间"))

    class Meta:
        verbose_name = _("申报轮次")
        verbose_name_plural = _("申报轮次")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="approvalround_unique")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.number}"


class ApprovalTurnQuerySet(models.QuerySet):
    def waiting_for(self, user: User) -> Self:
        """Open turns at which the user may give an opinion, for himself or for one who is away.

        Nobody decides on what he submitted, nor twice at one step, nor on what lies outside his places.
        """
        reach = reduce(or_, map(self.reach_of, ApprovalDelegation.objects.principals_of(user)))
        given = ApprovalOpinion.objects.filter(
            case=OuterRef("case"),
            round=OuterRef("round"),
            position=OuterRef("position"),
            user=user,
            verb=ApprovalVerb.PASS,
        )
        inside = within("case__division__path_now", user.spans(Action.VIEW))
        return self.filter(reach, inside, ~Exists(given), state=TurnState.OPEN).exclude(case__submitter=user)

    @staticmethod
    def reach_of(principal: Principal, *, handed: bool = True) -> Q:
        """Turns that are for a person to decide; ``handed``: what was handed on waits for its receiver alone."""
        posts = Q(pk__in=())
        for role, place, organisation_kind in principal.user.approval_posts():
            same_body = Q(organisation_kind="") | Q(organisation_kind=organisation_kind)
            posts |= (Q(role=role, place=place) & same_body) | Q(stand_in_role=role, stand_in_place=place)
        reach = Q(handed_to=principal.user) | (posts & Q(handed_to__isnull=True)) if handed else posts
        return reach if principal.kinds is None else reach & Q(case__kind__in=principal.kinds)


class ApprovalTurn(Stage):
    """A step of a case in one round, as it stood when the case was submitted.

    ``place`` is where its approvers hold their role. Too few of them there: ``stand_in_role`` and
    ``stand_in_place`` say who decides as well. ``handed_to``: the one person to whom it was handed on.
    """

    case = models.ForeignKey(ApprovalCase, on_delete=models.PROTECT, related_name="turns")
    round = models.PositiveSmallIntegerField(_("轮次"))
    place = models.ForeignKey(Division, verbose_name=_("办理地"), on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("状态"), max_length=10, choices=TurnState.choices, default=TurnState.WAITING)
    stand_in_role = models.CharField(_("代为办理的角色"), max_length=40, choices=ROLE_CHOICES, blank=True)
    stand_in_place = models.ForeignKey(
        Division, verbose_name=_("代为办理地"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    is_stuck = models.BooleanField(_("无人可办"), default=False)
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("转交给"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    opened_at = models.DateTimeField(_("开始时间"), null=True)
    due_on = models.DateField(_("办理期限"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)

    objects = ApprovalTurnQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批环节")
        verbose_name_plural = _("审批环节")
        ordering = ["round", "position"]
        constraints = [
            models.UniqueConstraint(fields=["case", "round", "position"], name="approvalturn_unique"),
            models.UniqueConstraint(fields=["case"], condition=Q(state="open"), name="approvalturn_one_open"),
        ]
        indexes = [
            models.Index(fields=["place", "role"], condition=Q(state="open"), name="approvalturn_open"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.round}.{self.position} {self.name}"


class ApprovalOpinion(models.Model):
    """What somebody did with a case (办理意见); append-only.

    ``for_whom``: the one who is away and for whom the user acted. ``remarks`` are by field of the thing.
    """

    case = models.ForeignKey(ApprovalCase, on_delete=models.PROTECT, related_name="opinions")
    round = models.PositiveSmallIntegerField(_("轮次"))
    position = models.PositiveSmallIntegerField(_("步骤"), default=0)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("办理人"), on_delete=models.PROTECT, related_name="+"
    )
    for_whom = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("受谁委托"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    REMARK = 500

    verb = models.CharField(_("动作"), max_length=10, choices=ApprovalVerb.choices)
    remark = models.CharField(_("意见"), max_length=REMARK, blank=True)
    remarks = models.JSONField(_("逐项意见"), default=dict)
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("转交给"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("办理意见")
        verbose_name_plural = _("办理意见")
        ordering = ["pk"]
        indexes = [models.Index(fields=["user", "verb", "case"], name="approvalopinion_user")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_verb_display()}"


@dataclass(frozen=True)
class Principal:
    """One in whose place a user decides: himself, or somebody who is away, for some kinds or (None) for all."""

    user: User
    kinds: tuple[str, ...] | None = None


class ApprovalDelegationQuerySet(RowQuerySet):
    searched = ("receiver__name__icontains",)
    searched_by = _("输入受托人姓名查找")

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """What one gave, which one may change, and what one was given."""
        if not user.spans(action or Action.VIEW):
            return self.none()
        mine = Q(giver=user)
        return self.filter(mine | Q(receiver=user) if action in {None, Action.VIEW} else mine)

    def principals_of(self, user: User) -> list[Principal]:
        """In whose places the user decides today. What was entrusted to somebody is not entrusted further."""
        today_given: Any = self.live().filter(valid_on(today()), receiver=user).select_related("giver")
        away = [Principal(each.giver, tuple(each.kinds) or None) for each in today_given.order_by("pk")]
        return [Principal(user), *away]


class ApprovalDelegation(Row):
    """While somebody is away, from a day to a day, another decides in his place (委托审批)."""

    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("委托人"),
        on_delete=models.PROTECT,
        related_name="delegations_given",
        editable=False,
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("受托人"), on_delete=models.PROTECT, related_name="+"
    )
    valid = DateRangeField(_("委托期间"))
    kinds = ArrayField(
        models.CharField(max_length=40, validators=[check_subject]),
        verbose_name=_("只委托这些事项"),
        default=list,
        blank=True,
    )
    reason = models.CharField(_("原因"), max_length=200)

    constraint_fields = {
        "approvaldelegation_valid_not_empty": "valid",
        "approvaldelegation_has_ends": "valid",
        "approvaldelegation_not_to_oneself": "receiver",
        "approvaldelegation_no_overlap": "valid",
    }

    objects = ApprovalDelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批委托")
        verbose_name_plural = _("审批委托")
        ordering = ["-valid"]
        constraints = [
            not_empty("valid", "approvaldelegation_valid_not_empty"),
            models.CheckConstraint(
                condition=Q(valid__startswith__isnull=False, valid__endswith__isnull=False),
                name="approvaldelegation_has_ends",
                violation_error_message=_("委托须写明起止日期。"),
            ),
            models.CheckConstraint(
                condition=~Q(giver=F("receiver")),
                name="approvaldelegation_not_to_oneself",
                violation_error_message=_("不能委托给自己。"),
            ),
            ExclusionConstraint(
                name="approvaldelegation_no_overlap",
                expressions=[
                    (F("giver"), RangeOperators.EQUAL),
                    (F("receiver"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                condition=Q(deleted_at__isnull=True),
                violation_error_message=_("这段时间已经委托给同一个人。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.receiver}"

    def record_label(self) -> str:
        return f"{self.giver.username} → {self.receiver.username}"

    def scope_division_id(self) -> int | None:
        return self.giver.scope_division_id()
