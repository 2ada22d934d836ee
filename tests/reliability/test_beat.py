"""Beat started while the database is away has its whole schedule once that is back (R8)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django_celery_beat.models import PeriodicTask

from portal import beat
from portal.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat, "PAUSE", 0)
    # Tests run inside a transaction on the one connection.
    monkeypatch.setattr(beat, "close_old_connections", lambda: None)
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)
    monkeypatch.setattr("django_celery_beat.schedulers.transaction.commit", lambda: None)


@pytest.mark.parametrize("lost", ["from_entry", "all_as_schedule"])
def test_entries_that_could_not_be_stored_are_stored_later(
    monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """One after the other, and the reading of all of them: each may be what the outage meets."""
    owner: Any = beat.PatientScheduler.Entry if lost == "from_entry" else beat.PatientScheduler
    whole, failures = getattr(owner, lost), [OperationalError("away")] * 3

    def away_at_first(*args: Any, **kwargs: Any) -> Any:
        if failures:
            raise failures.pop()
        return whole(*args, **kwargs)

    monkeypatch.setattr(owner, lost, away_at_first)
    scheduler = beat.PatientScheduler(app=app)
    assert set(app.conf.beat_schedule) <= set(scheduler.schedule)
    assert not failures


def test_what_an_administrator_switched_off_stays_off() -> None:
    beat.PatientScheduler(app=app)
    PeriodicTask.objects.filter(name="measure nightly").update(enabled=False)
    assert "measure nightly" not in beat.PatientScheduler(app=app).schedule
    assert "sweep" in beat.PatientScheduler(app=app).schedule
