"""Runs and the sweep: once, complete or not at all, and no mark lost."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from communities.actions import jobs
from communities.base import roles
from communities.base.actions import save
from communities.choices import JobState, Level, PremisesKind
from communities.models import DirtyMark, Job, Period
from portal.scorecards import actions, tasks
from portal.scorecards.engine.refresh import refresh
from portal.scorecards.engine.slots import register
from portal.scorecards.models import CurrentRun, MeasureCard, MeasureSlot, Run
from tests import factories
from tests.communities.test_jobs import at_once
from tests.conftest import World, build_world
from tests.scorecards.conftest import TODAY, card, cards_of, measure, outcomes
from tests.scorecards.reference import Reference

OFFICE = "premises.office.area"


def edit(world: World, area: str = "99.99", key: str = "community") -> None:
    room = type(world.premises[key]).objects.get(pk=world.premises[key].pk)
    room.area = Decimal(area)
    save(room, by=None)


# ---------------------------------------------------------------- asking


def test_asked_again_is_the_same_run(world: World, quarter: Period) -> None:
    first = actions.request_run(quarter, by=world.users["district_officer"])
    assert actions.request_run(quarter, by=world.users["city_officer"]) == first
    assert actions.execute_run(first.public_id)
    assert actions.request_run(quarter, by=None) != first


@pytest.mark.parametrize("role", roles.ROLES.values(), ids=lambda role: role.code)
def test_who_may_ask(world: World, quarter: Period, role: roles.Role) -> None:
    if roles.Action.RUN in role.actions:
        assert actions.request_run(quarter, by=world.users[role.code])
    else:
        with pytest.raises(PermissionDenied):
            actions.request_run(quarter, by=world.users[role.code])
        assert not Job.objects.exists()


def test_a_period_that_has_not_begun(world: World, today: dt.date) -> None:
    with pytest.raises(ValidationError, match="尚未开始"):
        actions.request_run(factories.period("2027Q1", dt.date(2027, 1, 1), dt.date(2027, 4, 1)), by=None)


@pytest.mark.parametrize(
    ("closed", "on", "anchor"),
    [
        (False, "2026-08-15", dt.date(2026, 8, 15)),
        (False, "2026-10-03", dt.date(2026, 9, 30)),  # over, but not yet closed
        (True, "2026-10-03", dt.date(2026, 9, 30)),
    ],
)
def test_anchor(db: None, *, closed: bool, on: str, anchor: dt.date) -> None:
    with time_machine.travel(f"{on} 12:00+08:00"):
        period = factories.period(closed_at=timezone.now() if closed else None)
        assert period.anchor_date == anchor


def test_nightly_measures_what_is_open_and_has_begun(world: World, quarter: Period) -> None:
    factories.period("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1), closed_at=timezone.now())
    factories.period("2026Q4", dt.date(2026, 10, 1), dt.date(2027, 1, 1))
    tasks.nightly()
    assert [run.period for run in Run.objects.all()] == [quarter]


def test_measure_command(world: World, quarter: Period) -> None:
    past = factories.period("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1), closed_at=timezone.now())
    call_command("measure", "--period", "2026Q2", "--wait")
    assert CurrentRun.objects.get().period == past
    call_command("measure")
    assert Job.objects.get(state=JobState.QUEUED).params == {"period": "2026Q3"}
    call_command("measure", "--all", "--wait")
    assert CurrentRun.objects.count() == 2
    with pytest.raises(CommandError):
        call_command("measure", "--period", "1999")


# ---------------------------------------------------------------- doing


def test_progress_and_result(world: World, quarter: Period) -> None:
    run = measure(quarter)
    job = Job.objects.get(run=run)
    assert (job.state, job.progress_done, job.progress_total) == (JobState.DONE, 4, 4)
    assert job.result["slots"] == MeasureSlot.objects.count()
    assert run.computed_at is not None


def test_ranges_give_the_same_as_one(world: World, quarter: Period, settings: Any) -> None:
    whole = cards_of(measure(quarter))
    settings.MEASURING_CHUNK = 1
    run = measure(quarter)
    assert len(Job.objects.get(run=run).result["ranges"]) > 3
    assert cards_of(run) == whole == {pk: dict(c) for pk, c in Reference(TODAY).cards.items()}


def test_a_new_indicator_appends_its_slots(world: World, quarter: Period) -> None:
    measure(quarter)
    before = dict(MeasureSlot.objects.values_list("code", "position"))
    after = register([*before, "new.measure"])
    assert after == before | {"new.measure": max(before.values()) + 1}


def test_when_the_catalogue_grows_cards_are_measured_anew(world: World, quarter: Period) -> None:
    run = measure(quarter)
    job = Job.objects.get(run=run)
    Job.objects.filter(pk=job.pk).update(result=job.result | {"slots": 3})
    edit(world)
    actions.sweep()
    assert DirtyMark.objects.filter(is_shown=False).exists()
    actions.sweep()
    assert CurrentRun.objects.get().run != run
    assert not DirtyMark.objects.exists()


def test_a_run_that_fails_is_tried_again_and_then_given_up(
    world: World, quarter: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = measure(quarter)
    run = actions.request_run(quarter, by=None)
    monkeypatch.setattr("portal.scorecards.engine.cards.Measuring.roll_up", lambda *_, **__: 1 / 0)
    for _ in range(actions.MAX_FAILURES):
        assert Job.objects.get(run=run).state == JobState.QUEUED
        actions.sweep()
    job = Job.objects.get(run=run)
    # Each attempt made progress before it failed, or none: either way the end is reached and named.
    assert job.state == JobState.FAILED
    assert "ZeroDivisionError" in job.error
    assert CurrentRun.objects.get().run == old


# ---------------------------------------------------------------- marks


def test_a_mark_reaches_community_and_ancestors_and_nothing_else(world: World, quarter: Period) -> None:
    factories.threshold(OFFICE, world.province, "100")
    run = measure(quarter)
    stamps = dict(MeasureCard.objects.filter(run=run).values_list("division_id", "computed_at"))
    edit(world)
    actions.sweep()
    assert outcomes(world.community, quarter, "office") == {"falls_short": 1}
    assert outcomes(world.province, quarter, "office") == {"falls_short": 1, "meets": 3}
    changed = {
        pk
        for pk, at in MeasureCard.objects.filter(run=run).values_list("division_id", "computed_at")
        if at != stamps[pk]
    }
    above = (world.community, world.street, world.district, world.city, world.province, factories.root())
    assert changed == {place.pk for place in above}


def test_an_edit_that_changes_no_figure_writes_no_card(world: World, quarter: Period) -> None:
    run = measure(quarter)
    room = world.premises["community"]
    room.address = "新址"
    save(room, by=None)
    assert refresh(run, [world.community.pk]) == 0


def test_a_new_threshold_reaches_all_below(world: World, quarter: Period) -> None:
    measure(quarter)
    row = factories.threshold(OFFICE, world.city, "149")
    row.low = Decimal(150)
    save(row, by=None)
    actions.sweep()
    assert outcomes(world.city, quarter, "office") == {"falls_short": 3}
    assert outcomes(world.far_community, quarter, "office") == {"no_standard": 1}


def test_a_place_that_ended_loses_its_card_and_counts_no_more(world: World, quarter: Period) -> None:
    run = measure(quarter)
    world.neighbour.records.update(valid=(None, TODAY))
    DirtyMark.objects.create(division=world.neighbour, source="event")
    actions.sweep()
    assert world.neighbour.pk not in cards_of(run)
    assert card(world.city, quarter)["communities"] == 2


def test_a_new_place_gets_its_card(world: World, quarter: Period) -> None:
    measure(quarter)
    street = factories.division("新街道", Level.STREET, world.district)
    fresh = factories.community("新社区", street)
    DirtyMark.objects.create(division=street, source="event")
    actions.sweep()
    assert card(fresh, quarter)["communities"] == card(street, quarter)["communities"] == 1
    assert card(world.city, quarter)["communities"] == 4


def test_the_sweep_keeps_the_runs_own_anchor(world: World, quarter: Period) -> None:
    measure(quarter)
    with time_machine.travel("2026-08-17 12:00+08:00"):
        room = factories.premises(world.community, PremisesKind.SERVICE, obtained_on=dt.date(2026, 8, 16))
        save(room, by=None)
        actions.sweep()
        assert card(world.community, quarter)["premises.service.area"] == 0
        measure(quarter)
        assert card(world.community, quarter)["premises.service.area"] == 12000


def test_marks_without_any_current_run_are_taken_away(world: World, quarter: Period) -> None:
    edit(world)
    actions.sweep()
    assert not DirtyMark.objects.exists()


def test_a_closed_period_is_not_recomputed_but_says_that_it_differs(world: World, quarter: Period) -> None:
    past = factories.period("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1), closed_at=timezone.now())
    closed, _open = cards_of(measure(past)), measure(quarter)

    later = factories.premises(world.community, PremisesKind.SERVICE, obtained_on=dt.date(2026, 7, 1))
    save(later, by=None)
    actions.sweep()
    assert CurrentRun.objects.get(period=past).differs_since is None

    edit(world)
    actions.sweep()
    current = CurrentRun.objects.get(period=past)
    assert current.differs_since is not None
    assert cards_of(current.run) == closed
    assert CurrentRun.objects.get(period=quarter).differs_since is None


def test_a_quiet_sweep_is_cheap(world: World, quarter: Period, django_assert_max_num_queries: Any) -> None:
    measure(quarter)
    actions.sweep()
    with django_assert_max_num_queries(3):
        actions.sweep()


def test_a_sweep_costs_the_same_however_many_marks(
    world: World, quarter: Period, django_assert_max_num_queries: Any
) -> None:
    measure(quarter)
    for area in range(60, 85):
        edit(world, str(area))
    edit(world, "80", "neighbour")
    with django_assert_max_num_queries(45):
        actions.sweep()


# ---------------------------------------------------------------- with real transactions


@pytest.fixture
def real(transactional_db: None, today: dt.date) -> World:
    world = build_world()
    factories.threshold(OFFICE, world.city, "100")
    return world


def test_r4_five_messages_at_once_have_one_effect(real: World) -> None:
    period = factories.period()
    run = actions.request_run(period, by=None)
    done = at_once(lambda: actions.execute_run(run.public_id), 5)
    assert sorted(done) == [False] * 4 + [True]
    assert Job.objects.get(run=run).attempts == 1
    assert MeasureCard.objects.count() == len(Reference(TODAY).cards)


def test_r7_runs_whose_messages_were_lost_are_done_by_the_sweep(real: World) -> None:
    """What a flushed broker forgets stands in the rows; done once each, however many sweeps."""
    firsts = [dt.date(2026, month, 1) for month in range(1, 10)]
    periods = [
        factories.period(f"{first:%Y-%m}", first, end, kind="month")
        for first, end in itertools.pairwise(firsts)
    ]
    runs = [actions.request_run(period, by=None) for period in periods]
    at_once(actions.sweep, 3)
    actions.sweep()
    assert Job.objects.filter(run__in=runs, state=JobState.DONE, attempts=1).count() == 8
    assert CurrentRun.objects.count() == 8


def test_r6_without_a_broker_a_change_is_saved_and_later_shown(real: World, settings: Any) -> None:
    period = factories.period()
    measure(period)
    away = "redis+socket:///nowhere/at/all.sock"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current_app.conf, "broker_url", away)
        patch.setattr(current_app.conf, "broker_write_url", away)
        edit(real)
    actions.sweep()
    assert outcomes(real.community, period, "office") == {"falls_short": 1}


def test_a_mark_of_a_transaction_that_a_full_run_could_not_see_survives(real: World) -> None:
    period = factories.period()
    measure(period)
    wrote, measured = threading.Event(), threading.Event()

    def slow_clerk() -> None:
        try:
            with transaction.atomic():
                edit(real)
                wrote.set()
                measured.wait()
        finally:
            connection.close()

    clerk = threading.Thread(target=slow_clerk)
    clerk.start()
    wrote.wait()
    measure(period)
    actions.sweep()
    assert outcomes(real.community, period, "office") == {"meets": 1}
    measured.set()
    clerk.join()
    actions.sweep()
    assert outcomes(real.community, period, "office") == {"falls_short": 1}


def test_the_sweep_waits_for_a_run_of_an_open_period(real: World) -> None:
    """Between two ranges of a run a mark must not be taken away: the run has read that place already."""
    period = factories.period()
    measure(period)
    run = actions.request_run(period, by=None)
    lease = jobs.take(job_id=run.job_id)
    edit(real)
    actions.sweep()
    assert DirtyMark.objects.filter(is_shown=False).count() == 1
    jobs.give_back(lease, "")
    actions.sweep()
    assert not DirtyMark.objects.exists()
    assert outcomes(real.community, period, "office") == {"falls_short": 1}


def test_sweeps_at_once_show_every_edit(real: World) -> None:
    period = factories.period()
    run = measure(period)
    places = ("community", "neighbour", "other_community", "far_community")

    def clerk(key: str) -> None:
        for area in range(90, 110):
            edit(real, str(area), key)
            actions.sweep()

    turns = iter(places)
    at_once(lambda: clerk(next(turns)), 4)
    actions.sweep()
    assert not DirtyMark.objects.exists()
    assert cards_of(run) == {pk: dict(c) for pk, c in Reference(TODAY).cards.items()}
