"""Uploaded workbooks on their way into a register."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.files.storage import storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId
from communities.base.places import within
from communities.base.roles import Action
from communities.choices import ImportMode, ImportState, JobState, RowOutcome
from communities.models.divisions import Division
from communities.models.work import Job


class OwnFileQuerySet(models.QuerySet):
    read_action: ClassVar[Action] = Action.VIEW

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """One's own files, for as long as one may do ``action`` at their place."""
        spans = user.spans(action or self.read_action)
        return self.filter(within("division__path_now", spans), requested_by=user.pk)


class ImportBatchQuerySet(OwnFileQuerySet):
    read_action = Action.EDIT_REGISTERS


def private_storage() -> Any:
    return storages["private"]


class ImportBatch(models.Model):
    """One workbook for one register and place: uploaded, checked, shown to its owner, and written on his word.

    ``job`` does the present step (checking, then applying). Rows wait in :class:`ImportRow`; the register is
    touched once, in one transaction, when the owner has confirmed.
    """

    public_id = models.UUIDField(_("编号"), db_default=NewPublicId(), unique=True, editable=False)
    register = models.CharField(_("台账"), max_length=40)
    division = models.ForeignKey(Division, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("上传人"), on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    mode = models.CharField(_("方式"), max_length=20, choices=ImportMode.choices, blank=True)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    act = models.UUIDField(_("操作编号"), default=uuid.uuid4, editable=False)
    file = models.FileField(
        _("文件"), upload_to="imports", storage=private_storage, max_length=200, blank=True
    )
    file_name = models.CharField(_("文件名"), max_length=200)
    size = models.PositiveIntegerField(_("大小"))
    digest = models.CharField(_("摘要"), max_length=64, db_collation="C")
    repeats = models.ForeignKey(
        "self", verbose_name=_("同一文件的前次导入"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    counts = models.JSONField(_("行数"), default=dict)
    # Where the rows stand in the file: {"sheet": name, "head": number of the head row}.
    sheet = models.JSONField(default=dict)
    notes = ArrayField(models.CharField(max_length=40), verbose_name=_("提示"), default=list)
    # Why the whole file was refused: code, and the message that people read.
    refusal_code = models.CharField(max_length=40, blank=True)
    refusal = models.CharField(_("退回原因"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("上传时间"), auto_now_add=True)
    checked_at = models.DateTimeField(_("检查完成时间"), null=True, blank=True)
    finished_at = models.DateTimeField(_("完成时间"), null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    # States in which nothing more will happen.
    ENDED: ClassVar[tuple[str, ...]] = (
        ImportState.DONE,
        ImportState.REFUSED,
        ImportState.FAILED,
        ImportState.EXPIRED,
    )

    class Meta:
        verbose_name = _("导入批次")
        verbose_name_plural = _("导入批次")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["requested_by", "-id"], name="importbatch_of_user")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def is_interrupted(self) -> bool:
        """Whether the worker that held it is gone; another takes over by itself."""
        job = self.job
        return bool(
            job is not None
            and job.state == JobState.RUNNING
            and job.lease_until is not None
            and job.lease_until < timezone.now()
        )

    def count(self, outcome: str) -> int:
        """How many rows have an outcome; 0 before the check."""
        return int(self.counts.get(outcome, 0))


class ExportFile(models.Model):
    """Rows of a register being written into a workbook by a worker, with the rights of that moment."""

    public_id = models.UUIDField(_("编号"), db_default=NewPublicId(), unique=True, editable=False)
    register = models.CharField(_("台账"), max_length=40)
    query = models.TextField(_("筛选条件"), blank=True)
    division = models.ForeignKey(Division, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("导出人"), on_delete=models.PROTECT, related_name="+"
    )
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    file = models.FileField(
        _("文件"), upload_to="exports", storage=private_storage, max_length=200, blank=True
    )
    rows = models.PositiveIntegerField(_("行数"), default=0)
    created_at = models.DateTimeField(_("导出时间"), auto_now_add=True)

    objects = OwnFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("导出文件")
        verbose_name_plural = _("导出文件")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["requested_by", "-id"], name="exportfile_of_user")]

    def __str__(self) -> str:
        return f"{self.register} {self.division}"


class ImportRow(models.Model):
    """One row of a workbook, read: ``cells`` hold the values of the form's fields as the database writes them.

    ``wrong`` names the fields that could not be read; ``errors`` is a list of {name, code, message, value};
    ``texts`` keeps what stood in the cells of a row with errors, in the order of the template's columns.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    object_id = models.UUIDField(null=True)
    object_version = models.PositiveIntegerField(null=True)
    row_pk = models.BigIntegerField(null=True)
    cells = ArrayField(models.TextField(null=True))
    wrong = ArrayField(models.TextField(), default=list)
    errors = models.JSONField(null=True)
    texts = models.JSONField(null=True)
    outcome = models.CharField(max_length=10, choices=RowOutcome.choices, blank=True, db_default="")

    class Meta:
        verbose_name = _("导入行")
        verbose_name_plural = _("导入行")
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="importrow_line")]
        indexes = [models.Index(fields=["batch", "outcome", "line"], name="importrow_outcome")]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line}"
