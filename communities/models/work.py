"""Records of work: what changed, what must be recomputed, what runs."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId
from communities.base.places import within
from communities.base.querysets import DivisionScopedQuerySet
from communities.base.roles import Action
from communities.choices import ChangeVerb, JobState
from communities.models.divisions import Division


class FeedPosition(Func):
    """The number of the writing transaction, which orders the change feed by commit.

    A restored database counts transactions from a low number again; ``feed_offset()`` in the database (0 until
    a restore raises it) keeps numbers growing, so that no reader's cursor is ever ahead of new records.
    """

    function = "feed_position"
    template = "%(function)s()"
    output_field = models.BigIntegerField()


class FeedHorizon(Func):
    """The position of the oldest transaction that still runs: whatever lies below it is settled."""

    function = "feed_horizon"
    template = "%(function)s()"
    output_field = models.BigIntegerField()


class ChangeRecordQuerySet(DivisionScopedQuerySet):
    # Who holds which account and role is for auditors alone.
    account_models: ClassVar[tuple[str, ...]] = (
        "communities.User",
        "communities.RoleAssignment",
        "communities.ApiToken",
        "communities.Organisation",
    )

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """Changes to rows that one may read; an auditor reads all of his places, and those of no place."""
        wanted = Q(pk__in=())
        if action in {None, Action.VIEW}:
            readable = within(self.scope_path, user.spans(Action.VIEW))
            wanted |= readable & ~Q(model__in=self.account_models)
        spans = user.spans(Action.AUDIT) if action in {None, Action.AUDIT} else ()
        if spans:
            wanted |= within(self.scope_path, spans) | Q(division__isnull=True)
        return self.filter(wanted)

    def settled(self) -> Self:
        """Records below the oldest running transaction: none can appear among them any more."""
        return self.filter(transaction__lt=FeedHorizon()).order_by("transaction", "pk")


class ChangeRecord(models.Model):
    """Who changed what, when, from what to what and why; append-only, written beside the change.

    It holds no key to its object, so nothing blocks a deletion. ``act`` is one id for all rows of one act.
    Values of personal fields stand masked.
    """

    public_id = models.UUIDField(db_default=NewPublicId(), unique=True, editable=False)
    transaction = models.BigIntegerField(db_default=FeedPosition(), editable=False)
    act = models.UUIDField(_("操作编号"), default=uuid.uuid4)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("操作人"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    user_name = models.CharField(_("操作人姓名"), max_length=100, blank=True)
    verb = models.CharField(_("动作"), max_length=20, choices=ChangeVerb.choices)
    model = models.CharField(_("对象类别"), max_length=60)
    object_id = models.UUIDField(_("对象编号"))
    object_label = models.CharField(_("对象"), max_length=200)
    division = models.ForeignKey(
        Division, verbose_name=_("所属地"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    before = models.JSONField(_("修改前"), default=dict)
    after = models.JSONField(_("修改后"), default=dict)
    reason = models.CharField(_("原因"), max_length=200, blank=True)

    objects = ChangeRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("变更记录")
        verbose_name_plural = _("变更记录")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["transaction", "id"], name="changerecord_feed"),
            models.Index(fields=["model", "object_id"], name="changerecord_object"),
            models.Index(fields=["act"], name="changerecord_act"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} {self.get_verb_display()} {self.object_label}"


class DirtyMark(models.Model):
    """Below this division something changed that measures may read; written in the change's transaction.

    The sweep sets ``is_shown`` in the transaction that makes the new figures of open periods current, and takes
    the mark away once closed periods are compared too, so none is lost.
    """

    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(_("来源"), max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    is_shown = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("待重算标记")
        verbose_name_plural = _("待重算标记")

    def __str__(self) -> str:
        return f"{self.source} {self.division_id}"


class Job(models.Model):
    """Long work. This row, not the broker, is the truth: unique while unfinished, held by a lease.

    A worker takes the job by moving ``lease_until`` forward in one statement and renews it while it works; a
    job whose lease has passed may be taken by any other worker, which goes on from ``progress``.
    """

    public_id = models.UUIDField(db_default=NewPublicId(), unique=True, editable=False)
    key = models.CharField(_("唯一键"), max_length=200)
    kind = models.CharField(_("类型"), max_length=40)
    params = models.JSONField(_("参数"), default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    lease_until = models.DateTimeField(_("租约到期"), null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    progress_done = models.PositiveIntegerField(_("已完成"), default=0)
    progress_total = models.PositiveIntegerField(_("总数"), default=0)
    result = models.JSONField(_("结果"), default=dict)
    error = models.TextField(_("错误"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("发起人"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    started_at = models.DateTimeField(_("开始时间"), null=True)
    finished_at = models.DateTimeField(_("结束时间"), null=True)

    UNFINISHED = (JobState.QUEUED, JobState.RUNNING)

    class Meta:
        verbose_name = _("后台任务")
        verbose_name_plural = _("后台任务")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state__in=["queued", "running"]), name="job_one_unfinished"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class StoredAnswer(models.Model):
    """What a call with an ``Idempotency-Key`` was answered, stored in the transaction of its write.

    One for each caller (a user; with a token, the token's role) and key. Of the call itself only the digest is
    kept. ``communities.base.once`` reads and forgets them.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=255, db_collation="C")
    address = models.CharField(_("地址"), max_length=200)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(_("状态码"))
    headers = models.JSONField(default=dict)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("已答复的请求")
        verbose_name_plural = _("已答复的请求")
        constraints = [models.UniqueConstraint(fields=["user", "role", "key"], name="storedanswer_once")]

    def __str__(self) -> str:
        return f"{self.address} {self.status}"
