"""What the broker delivers twice, late or never: each run is done once all the same (R4, R5, R7)."""

from __future__ import annotations

import datetime as dt
import logging
import time

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from communities.base.wakeup import send
from communities.choices import JobState
from communities.models import Job, Period
from portal.scorecards import actions
from portal.scorecards.models import CurrentRun, MeasureCard
from tests import factories
from tests.communities.test_jobs import at_once
from tests.conftest import build_world
from tests.scorecards.test_worker import until, worker  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("broker")]

NOTHING_TO_DO = "finished or in other hands"


def queue_address() -> str:
    """Celery and the client of Redis spell a socket differently."""
    address = settings.CELERY_BROKER_URL
    return address.replace("redis+socket://", "unix://").replace("?virtual_host=", "?db=")


@pytest.fixture
def period(transactional_db: None) -> Period:
    world = build_world()
    factories.threshold("premises.office.area", world.city, "100")
    return factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))


def test_r4_the_same_message_five_times_at_once(period: Period, caplog: pytest.LogCaptureFixture) -> None:
    run = actions.request_run(period, by=None)
    with caplog.at_level(logging.INFO):
        done = at_once(lambda: actions.execute_run(run.public_id), 5)
    assert sorted(done) == [False] * 4 + [True]
    assert sum(NOTHING_TO_DO in record.getMessage() for record in caplog.records) == 4
    assert Job.objects.get(run=run).attempts == 1
    assert CurrentRun.objects.get().run == run
    assert set(MeasureCard.objects.values_list("run", flat=True)) == {run.pk}


def test_r5_a_message_delivered_again_while_the_first_one_is_at_work(
    period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the broker does once its visibility timeout has passed."""
    run = actions.request_run(period, by=None)
    again: list[bool] = []
    measure = actions._measure

    def slow(*args: object) -> None:
        again.extend(at_once(lambda: actions.execute_run(run.public_id), 2))
        measure(*args)

    monkeypatch.setattr(actions, "_measure", slow)
    assert actions.execute_run(run.public_id)
    assert again == [False, False]
    assert Job.objects.get(run=run).attempts == 1


@pytest.mark.parametrize("runs", [20, pytest.param(500, marks=pytest.mark.prove)])
def test_r7_the_queue_is_emptied_in_the_middle(period: Period, worker: None, runs: int) -> None:  # noqa: F811
    """The rows are the truth: whatever was queued is done by the next sweep, and nothing twice."""
    queue = redis.Redis.from_url(queue_address())
    codes = []
    for number in range(runs):
        first = dt.date(1890 + number // 4, number % 4 * 3 + 1, 1)
        codes.append(f"{first.year}Q{number % 4 + 1}")
        # Closed, so that no nightly round asks for them as well.
        quarter = factories.period(codes[-1], first, first + dt.timedelta(days=89), closed_at=timezone.now())
        actions.request_run(quarter, by=None)
    mine = Job.objects.filter(params__period__in=codes)
    until(lambda: mine.filter(state=JobState.DONE).count() >= runs // 4)
    queue.flushdb()
    time.sleep(0.5)
    send("portal.scorecards.sweep")  # as beat does every ten seconds
    until(lambda: not mine.filter(state__in=Job.UNFINISHED).exists(), patience=runs)
    assert mine.filter(state=JobState.DONE).count() == runs
    assert set(mine.values_list("attempts", flat=True)) == {1}
    assert CurrentRun.objects.filter(period__code__in=codes).count() == runs
