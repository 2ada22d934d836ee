"""What a person set for himself; it follows him from one computer to the next."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


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
