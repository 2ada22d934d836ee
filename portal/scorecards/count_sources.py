"""Which counts of households a place's ratios rest on: sources disagree, so every ratio names its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from communities.base.measures import Indicator, Validity
from communities.base.places import Span, ancestor_ids, within
from communities.models import Division, PreferredCountSource


def rests_on_counts(indicator: Indicator) -> bool:
    """Whether a figure is made of households or residents."""
    return any(measure.validity == Validity.READING for measure in indicator.measures)


@dataclass(frozen=True)
class CountSources:
    """What the jurisdictions at, above and below a place prefer, at all times."""

    path: str
    rules: tuple[PreferredCountSource, ...]

    def on(self, day: dt.date) -> str:
        """The sources in use below the place on a day; below it another place may have decided otherwise."""
        known = [rule for rule in self.rules if day in rule.valid]
        above = [rule for rule in known if self.path.startswith(rule.jurisdiction.path_now)]
        nearest = sorted(above, key=lambda rule: len(rule.jurisdiction.path_now))[-1:]
        others = [rule for rule in known if rule not in above]
        return "、".join(dict.fromkeys(str(rule) for rule in (*nearest, *others))) or _("未指定来源")

    def over(self, days: Iterable[tuple[str, dt.date]]) -> str:
        """Where sources changed: ``2002年 人口普查，2025年第1季度起 网格入户采集``; periods oldest first."""
        said: list[tuple[str, str]] = []
        for label, day in days:
            source = self.on(day)
            if not said or said[-1][1] != source:
                said.append((label, source))
        if len(said) == 1:
            return said[0][1]
        return "，".join(
            _("%(since)s起 %(source)s") % {"since": since, "source": source} for since, source in said
        )


def count_sources(place: Division) -> CountSources:
    """One query."""
    around = Q(jurisdiction__in=ancestor_ids(place.path_now)) | within(
        "jurisdiction__path_now", [Span.below(place.path_now)]
    )
    rules = PreferredCountSource.objects.live().filter(around).select_related("jurisdiction")
    return CountSources(place.path_now, tuple(rules.order_by("jurisdiction__path_now", "pk")))
