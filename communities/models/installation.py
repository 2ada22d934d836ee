"""What this installation is: a real one, or the demo."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId


class Installation(models.Model):
    """One row for the whole database; none in a real installation that was never marked.

    Where ``is_demo`` is set, every page says 演示数据, and the demo may be emptied and loaded anew. ``public_id``
    tells one loading from the next.
    """

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    public_id = models.UUIDField(db_default=NewPublicId(), unique=True, editable=False)
    is_demo = models.BooleanField(_("演示数据"), default=False)
    anchor_date = models.DateField(_("演示基准日"), null=True, blank=True)
    loaded_at = models.DateTimeField(_("装载时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("本平台")
        verbose_name_plural = _("本平台")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="installation_one_row")]

    def __str__(self) -> str:
        return str(_("演示平台") if self.is_demo else _("正式平台"))

    @classmethod
    def demo(cls) -> Self | None:
        """The mark of the demo, or None where the data are real (or there are none). One query."""
        return cls.objects.filter(is_demo=True).first()
