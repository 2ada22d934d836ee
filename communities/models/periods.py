"""Periods of measurement."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.base.models import Row, not_empty
from communities.base.querysets import PublicQuerySet, today
from communities.choices import PeriodKind


class Period(Row):
    """A year, half-year, quarter or month (报告期), written ``2026``, ``2026H1``, ``2026Q3``, ``2026-09``.

    Figures of a closed period are anchored at its last day; those of the open one at the run's own day.
    """

    code = models.CharField(_("代码"), max_length=7, unique=True, db_collation="C")
    kind = models.CharField(_("类型"), max_length=10, choices=PeriodKind.choices)
    span = DateRangeField(_("起止日期"))
    closed_at = models.DateTimeField(_("关闭时间"), null=True, blank=True)

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("报告期")
        verbose_name_plural = _("报告期")
        ordering = ["span"]
        constraints = [not_empty("span", "period_span_not_empty")]

    def __str__(self) -> str:
        return self.code

    @property
    def first_day(self) -> dt.date:
        return self.span.lower

    @property
    def last_day(self) -> dt.date:
        return self.span.upper - dt.timedelta(days=1)

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def anchor_date(self) -> dt.date:
        """The day on which stock counts: a closed period's last day, else today while the period lasts."""
        return self.last_day if self.is_closed else min(today(), self.last_day)

    @property
    def label(self) -> str:
        """How people say it: 2026年第3季度."""
        year = f"{self.first_day.year}年"
        match self.kind:
            case PeriodKind.HALF:
                return year + ("上半年" if self.first_day.month == 1 else "下半年")
            case PeriodKind.QUARTER:
                return f"{year}第{(self.first_day.month + 2) // 3}季度"
            case PeriodKind.MONTH:
                return f"{year}{self.first_day.month}月"
        return year
