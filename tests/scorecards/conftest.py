"""Measuring in tests: one fixed day, one open quarter, and cards read as plain dicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine

from communities.models import Division, Period
from portal.scorecards import actions
from portal.scorecards.models import CurrentRun, MeasureCard, MeasureSlot, Run
from tests import factories
from tests.scorecards.small_town import town

__all__ = ["town"]

TODAY = dt.date(2026, 8, 15)


@pytest.fixture
def today() -> Iterator[dt.date]:
    with time_machine.travel("2026-08-15 12:00+08:00", tick=True):
        yield TODAY


@pytest.fixture
def quarter(db: None, today: dt.date) -> Period:
    return factories.period()


def measure(period: Period) -> Run:
    run = actions.request_run(period, by=None)
    assert actions.execute_run(run.public_id)
    run.refresh_from_db()
    return run


def cards_of(run: Run) -> dict[int, dict[str, int | None]]:
    """Division id to slot code to value of one run."""
    codes = list(MeasureSlot.objects.order_by("position").values_list("code", flat=True))
    return {
        division_id: dict(zip(codes, values, strict=True))
        for division_id, values in MeasureCard.objects.filter(run=run).values_list("division_id", "values")
    }


def card(place: Division, period: Period) -> dict[str, int | None]:
    """The current card of one place."""
    return cards_of(CurrentRun.objects.get(period=period).run)[place.pk]


def outcomes(place: Division, period: Period, assessment: str) -> dict[str, int | None]:
    """The outcomes that are not zero."""
    prefix = f"{assessment}."
    found = card(place, period)
    return {slot.removeprefix(prefix): n for slot, n in found.items() if slot.startswith(prefix) and n}
