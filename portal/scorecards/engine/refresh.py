"""Bringing a run's cards up to date below a few places, at the run's own anchor day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from communities.base.places import ancestor_ids, ancestors, outermost
from communities.choices import Level
from portal.scorecards.engine.cards import FEW, Measuring, plan_briefly
from portal.scorecards.engine.frame import chunks, communities_in, paths_on, records_of
from portal.scorecards.models import Run


def refresh(run: Run, division_ids: Sequence[int], positions: Mapping[str, int] | None = None) -> int:
    """Measure the communities below the places anew and add up the places above them; how many cards changed.

    The cost depends on the communities below and on the children of their ancestors, not on the size of the
    country.
    """
    day = run.anchor_date
    records = records_of(division_ids, day)
    now = [path for path, in_force, _level in records if in_force]
    only_communities = all(level == Level.COMMUNITY for _path, _in_force, level in records)
    spans = outermost(now)
    measuring = Measuring(run, _above(now) if only_communities else None, positions)
    parents: list[int] = []
    if not only_communities or len(now) < len(division_ids):
        # Otherwise all that is marked are communities in force, and none of their cards can be left over.
        ever = outermost(path for path, _in_force, _level in records)
        parents = measuring.remove_vanished(ever, division_ids)
    changed = len(parents)
    plan_briefly()
    number = len(spans) if only_communities else communities_in(day, spans)
    for group in chunks(day, spans, number):
        if number <= FEW:
            measuring.list_frame(group)
        else:
            measuring.lay_frame(group)
        changed += measuring.refresh()
    below = [] if only_communities else spans
    above = {
        path for place in (*now, *(paths_on(parents, day) if parents else ())) for path in ancestors(place)
    }
    alone = [path for path in sorted(above) if not any(span.covers(path) for span in below)]
    return changed + measuring.roll_up(below, alone)


def _above(paths: Iterable[str]) -> set[int]:
    return {division_id for path in paths for division_id in ancestor_ids(path)}


def differs(run: Run, division_ids: Sequence[int]) -> bool:
    """Whether measuring anew below the places would give other figures than the run's cards; writes none."""
    day = run.anchor_date
    spans = outermost(paths_on(division_ids, day))
    measuring = Measuring(run)
    for group in chunks(day, spans, communities_in(day, spans)):
        measuring.lay_frame(group)
        if measuring.differs():
            return True
    return False
