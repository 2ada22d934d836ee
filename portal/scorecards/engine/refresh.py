"""Bringing a run's cards up to date below a few places, at the run's own anchor day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import BooleanField, ExpressionWrapper

from communities.base.places import Span, outermost
from communities.base.querysets import valid_on
from communities.choices import Level
from communities.models import DivisionRecord
from portal.scorecards.engine.cards import Measuring, plan_briefly, with_ancestors
from portal.scorecards.engine.frame import chunks, communities_in, paths_on
from portal.scorecards.models import Run

# Communities for which a statement's own list of places is quicker than a temporary table of them.
FEW = 100


def refresh(run: Run, division_ids: Sequence[int]) -> int:
    """Measure the communities below the places anew and add up the places above them; how many cards changed.

    The cost depends on the communities below and on the children of their ancestors, not on the size of the
    country.
    """
    day = run.anchor_date
    records = DivisionRecord.objects.filter(division__in=division_ids).annotate(
        in_force=ExpressionWrapper(valid_on(day), BooleanField())
    )
    ever, now, level = [], [], Level.COMMUNITY.value
    for path, in_force, at in records.values_list("path", "in_force", "division__level"):
        ever.append(path)
        now.extend([path] if in_force else [])
        level = min(level, at)
    spans = outermost(now)
    measuring = Measuring(run, spans)
    parents: list[int] = []
    if level != Level.COMMUNITY or len(now) < len(division_ids):
        # Otherwise all that is marked are communities in force, and none of their cards can be left over.
        parents = measuring.remove_vanished(outermost(ever), division_ids)
    changed = len(parents)
    plan_briefly()
    number = len(spans) if level == Level.COMMUNITY else communities_in(day, spans)
    for group in chunks(day, spans, number):
        if number <= FEW:
            measuring.name_frame(group)
            measuring.resolver.store(measuring.names)
        else:
            measuring.lay_frame(group)
        changed += measuring.refresh()
    above = [*now, *paths_on(parents, day)] if parents else now
    return changed + measuring.roll_up([*spans, *_outside(with_ancestors(above), spans)])


def _outside(spans: Iterable[Span], covering: Sequence[Span]) -> list[Span]:
    """Those of ``spans`` that no span of ``covering`` holds: no place is summed twice."""
    return [span for span in spans if not any(one.covers(span.low) for one in covering)]


def differs(run: Run, division_ids: Sequence[int]) -> bool:
    """Whether measuring anew below the places would give other figures than the run's cards; writes none."""
    day = run.anchor_date
    spans = outermost(paths_on(division_ids, day))
    measuring = Measuring(run, spans)
    for group in chunks(day, spans, communities_in(day, spans)):
        measuring.lay_frame(group)
        if measuring.differs():
            return True
    return False
