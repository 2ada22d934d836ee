"""Thin tasks: a message carries an id at most, the rows say what is to be done."""

from __future__ import annotations

from celery import shared_task

from communities.base.wakeup import SWEEP_TASK
from portal.scorecards import actions
from portal.scorecards.catch_up import catch_up
from portal.scorecards.scoring.runs import RUN_TASK


@shared_task(name=RUN_TASK)
def run(run_id: str) -> None:
    """Do one run, unless it is done or in other hands."""
    actions.execute_run(run_id)


@shared_task(name=SWEEP_TASK)
def sweep() -> None:
    """Do whatever waits, a missed night first."""
    catch_up()
    actions.sweep()


@shared_task(name="portal.scorecards.nightly")
def nightly() -> None:
    """Measure the open periods as of today."""
    actions.request_open_runs()
