"""A night that was missed is made up for once, and not before it is missed."""

from __future__ import annotations

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from communities.models import Job, Period
from portal.scorecards import actions, tasks
from portal.scorecards.catch_up import catch_up, is_missed
from portal.scorecards.models import Run
from tests.conftest import World


def anchors() -> list[tuple[str, str]]:
    return list(Run.objects.order_by("pk").values_list("period__code", "anchor_date"))


@pytest.mark.parametrize(
    ("moment", "missed"),
    [("2026-11-23 02:29", False), ("2026-11-23 02:39", False), ("2026-11-23 02:41", True)],
)
def test_after_the_hour_only(world: World, moment: str, missed: bool) -> None:
    with time_machine.travel("2026-11-22 03:00+08:00"):
        tasks.nightly()
        actions.sweep()
    with time_machine.travel(f"{moment}+08:00"):
        assert catch_up() is missed


def test_once(world: World) -> None:
    with time_machine.travel("2026-09-28 03:00+08:00"):
        tasks.sweep()
    assert Period.objects.get().code == "2026Q3"
    # Off over the end of the quarter: it is measured at its end, and the new one is opened.
    with time_machine.travel("2026-10-05 09:00+08:00"):
        for _ in range(3):
            tasks.sweep()
        assert not is_missed()
    assert [(code, str(day)) for code, day in anchors()] == [
        ("2026Q3", "2026-09-28"),
        ("2026Q3", "2026-09-30"),
        ("2026Q4", "2026-10-05"),
    ]


def test_a_failed_run_is_not_asked_for_again(world: World) -> None:
    with time_machine.travel("2026-11-22 09:00+08:00"):
        assert catch_up()
        Job.objects.update(state="failed")
        assert not catch_up()


def test_one_query_when_nothing_is_missed(world: World) -> None:
    with time_machine.travel("2026-11-22 09:00+08:00"):
        catch_up()
        with CaptureQueriesContext(connection) as asked:
            assert not catch_up()
    assert len(asked) == 1
