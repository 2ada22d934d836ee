"""Bringing a run's cards up to date below a few places, at the run's own anchor day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from communities.base.places import Span, outermost
from communities.models import DivisionRecord
from portal.scorecards.engine.cards import Measuring, with_ancestors
from portal.scorecards.engine.frame import chunks, communities_in, paths_on
from portal.scorecards.models import Run


def refresh(run: Run, division_ids: Sequence[int]) -> int:
    """Measure the communities below the places anew and add up the places above them; how many cards changed.

    The cost depends on the communities below and on the children of their ancestors, not on the size of the
    country.
    """
    measuring = Measuring(run)
    records = DivisionRecord.objects.filter(division__in=division_ids)
    ever = outermost(records.values_list("path", flat=True))
    now = paths_on(division_ids, run.anchor_date)
    parents = measuring.remove_vanished(ever, division_ids)
    changed = len(parents)
    spans = outermost(now)
    for group in _groups(run, spans):
        measuring.lay_frame(group)
        changed += measuring.refresh()
    above = [*now, *paths_on(parents, run.anchor_date)] if parents else now
    return changed + measuring.roll_up([*spans, *_outside(with_ancestors(above), spans)])


def _outside(spans: Iterable[Span], covering: Sequence[Span]) -> list[Span]:
    """Those of ``spans`` that no span of ``covering`` holds: no place is summed twice."""
    return [span for span in spans if not any(one.covers(span.low) for one in covering)]


def _groups(run: Run, spans: Sequence[Span]) -> list[tuple[Span, ...]]:
    return chunks(run.anchor_date, spans, communities_in(run.anchor_date, spans))


def differs(run: Run, division_ids: Sequence[int]) -> bool:
    """Whether measuring anew below the places would give other figures than the run's cards; writes none."""
    measuring = Measuring(run)
    for group in _groups(run, outermost(paths_on(division_ids, run.anchor_date))):
        measuring.lay_frame(group)
        if measuring.differs():
            return True
    return False
