"""A real Celery worker: a request and an edit reach the cards by their messages alone, without beat."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from communities.base.actions import save
from communities.choices import JobState
from communities.models import DirtyMark, Job
from portal.scorecards import actions
from tests import factories
from tests.conftest import build_world
from tests.scorecards.conftest import outcomes

PATIENCE = 90

# One queue, one worker at a time.
pytestmark = pytest.mark.xdist_group("broker")


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    address, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
    environment = {**os.environ, "DATABASE_URL": f"{address}/{connection.settings_dict['NAME']}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "--app=portal", "worker", "--pool=solo", "--without-gossip"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    process.terminate()
    process.wait(PATIENCE)


def until(done: Callable[[], bool], patience: float = PATIENCE) -> None:
    end = time.monotonic() + max(patience, PATIENCE)
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_request_and_an_edit_reach_the_cards(worker: None) -> None:
    world = build_world()
    factories.threshold("premises.office.area", world.city, "100")
    now = timezone.localdate()
    first = now.replace(month=1, day=1)
    period = factories.period(f"{now.year}", first, first.replace(year=now.year + 1), kind="year")
    run = actions.request_run(period, by=None)
    until(lambda: Job.objects.get(run=run).state == JobState.DONE)
    assert outcomes(world.city, period, "office") == {"meets": 3}

    room = world.premises["community"]
    room.area = Decimal(10)
    save(room, by=None)
    until(lambda: not DirtyMark.objects.exists())
    assert outcomes(world.city, period, "office") == {"falls_short": 1, "meets": 2}
