"""R3: a worker killed at any moment leaves no half result, and the next one finishes."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from communities.choices import JobState, Level, PremisesKind
from communities.models import Division, Job, Period, Premises
from portal.scorecards import actions
from portal.scorecards.models import CurrentRun, MeasureCard, Run
from tests import factories
from tests.nursery import Nursery
from tests.scorecards.conftest import TODAY, cards_of, measure
from tests.scorecards.reference import Reference

LEASE, RANGE = "0.5", "2"
COMMUNITIES = 12


@pytest.fixture
def nursery(transactional_db: None) -> Iterator[Nursery]:
    nursery = Nursery("portal.scorecards.actions:execute_run", JOB_LEASE_SECONDS=LEASE, MEASURING_CHUNK=RANGE)
    yield nursery
    nursery.close()


@pytest.fixture
def period(transactional_db: None) -> Period:
    """A period that has ended: its anchor does not move while the test lasts. Twelve communities, six ranges."""
    street = factories.root()
    for level in (Level.PROVINCE, Level.CITY, Level.DISTRICT, Level.STREET):
        street = factories.division(f"地{level}", level, street)
    factories.threshold("premises.office.area", street, "100")
    for number in range(COMMUNITIES):
        place = factories.community(f"社区{number}", street)
        factories.premises(place, PremisesKind.OFFICE, "100", committee=factories.committee(place))
    return factories.period("2026Q3", TODAY.replace(month=7, day=1), TODAY)


def expected() -> dict[int, dict[str, int]]:
    return {pk: dict(card) for pk, card in Reference(TODAY).cards.items()}


class Reader(threading.Thread):
    """Reads the current cards over and over, as a page does: one statement."""

    def __init__(self, period: Period) -> None:
        super().__init__()
        self.period, self.seen, self.ended = period, [], False

    def run(self) -> None:
        while not self.ended:
            cards = MeasureCard.objects.current().filter(period=self.period)
            found = tuple(
                sorted((pk, tuple(values)) for pk, values in cards.values_list("division_id", "values"))
            )
            if not self.seen or self.seen[-1] != found:
                self.seen.append(found)
        connection.close()


def plain(run: Run) -> Any:
    return tuple(sorted((pk, tuple(values)) for pk, values in run.cards.values_list("division_id", "values")))


def killed(nursery: Nursery, period: Period, times: int, seed: int) -> None:
    dice = random.Random(seed)
    started = time.monotonic()
    current = measure(period)
    lasts = time.monotonic() - started
    landed = 0
    for number in range(times):
        before = plain(current)
        for room in Premises.objects.order_by("pk")[number % COMMUNITIES :: 3]:
            Premises.objects.filter(pk=room.pk).update(area=Decimal(dice.choice(["99.99", "100", "150"])))
        run = actions.request_run(period, by=None)
        reader = Reader(period)
        reader.start()
        worker = nursery.bear(run.public_id)
        time.sleep(dice.uniform(0, 1.2 * lasts))
        with suppress(ProcessLookupError):  # it was done before the blow
            os.kill(worker, signal.SIGKILL)
        nursery.wait()
        landed += Job.objects.get(run=run).state != JobState.DONE
        until = time.monotonic() + 30
        while not actions.execute_run(run.public_id) and Job.objects.get(run=run).state != JobState.DONE:
            assert time.monotonic() < until
            time.sleep(0.05)
        reader.ended = True
        reader.join()
        assert cards_of(run) == expected()
        assert set(reader.seen) <= {before, plain(run)}
        assert CurrentRun.objects.get().run == run
        actions.clean_up(period)
        assert set(MeasureCard.objects.values_list("run", flat=True)) == {run.pk}
        current = run
    assert not Job.objects.filter(state=JobState.RUNNING).exists()
    assert MeasureCard.objects.count() == Division.objects.count()
    assert landed > times // 4  # most blows hit a worker at work


def test_r3_killed_at_twenty_moments(nursery: Nursery, period: Period) -> None:
    killed(nursery, period, 20, seed=20)


@pytest.mark.prove
def test_r3_killed_at_a_hundred_moments(nursery: Nursery, period: Period) -> None:
    killed(nursery, period, 100, seed=100)
