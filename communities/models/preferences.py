"""What a person set for himself; it follows him from one computer to the next."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId


class ListPreference(models.Model):
    """How a user likes one list: its columns, line height and rows a page. No part of any register."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(_("列表"), max_length=60, db_collation="C")
    columns = ArrayField(models.CharField(max_length=60), verbose_name=_("列"), default=list)
    is_dense = models.BooleanField(_("紧凑"), default=False)
    page_size = models.PositiveSmallIntegerField(_("每页行数"), default=50)

    class Meta:
        verbose_name = _("列表偏好")
        verbose_name_plural = _("列表偏好")
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="listpreference_one_per_list")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.page}"


class SavedViewQuerySet(models.QuerySet):
    def offered_to(self, user: Any) -> Self:
        """One's own, and those that somebody shared with one's organisation."""
        shared = Q(shared_with__isnull=False, shared_with=user.organisation_id)
        return self.filter(Q(user=user) | shared)


class SavedView(models.Model):
    """A list as somebody wants to see it again: filters, order and columns under a name.

    The query is text as the address had it. It is checked by the list's own filter set whenever it is used, in
    the scope of whoever uses it: a view shows nobody more than the list does.
    """

    MOST_PER_LIST = 20
    LONGEST_QUERY = 2000

    public_id = models.UUIDField(_("编号"), db_default=NewPublicId(), unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(_("列表"), max_length=60, db_collation="C")
    name = models.CharField(_("名称"), max_length=40)
    query = models.CharField(_("条件"), max_length=LONGEST_QUERY, blank=True)
    columns = ArrayField(models.CharField(max_length=60), verbose_name=_("列"), default=list)
    shared_with = models.ForeignKey(
        "communities.Organisation",
        verbose_name=_("共享给"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("视图")
        verbose_name_plural = _("视图")
        ordering = ["page", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"],
                name="savedview_one_name_per_list",
                violation_error_message=_("已有同名的视图，请换一个名称。"),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """What somebody has typed into an entry form and not saved as a record yet.

    One per user, form and row (none: a new row), with the version of the row that it began from. No part of any
    register: no change record tells of it, and nobody else reads it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    form = models.CharField(_("表单"), max_length=60, db_collation="C")
    row = models.UUIDField(_("记录"), null=True)
    version = models.PositiveIntegerField(_("版本"), null=True)
    content = models.JSONField(_("内容"), default=dict)
    kept_at = models.DateTimeField(_("保存时间"), auto_now=True, db_index=True)

    class Meta:
        verbose_name = _("草稿")
        verbose_name_plural = _("草稿")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "form", "row"], nulls_distinct=False, name="draft_one_per_form_and_row"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.form}"
