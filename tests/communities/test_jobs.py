"""A job happens once, whatever the broker delivers and whoever dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from communities.actions import jobs
from communities.actions.jobs import LeaseLost, advance, enqueue, fail, finish, give_back, hold, renew, take
from communities.choices import JobState
from communities.models import Job

EXPIRED = -1.0


def at_once(work: Callable[[], Any], times: int) -> list[Any]:
    """The answers of ``work`` done in so many threads, each with a connection of its own."""
    barrier, answers = threading.Barrier(times), []

    def one() -> None:
        try:
            barrier.wait()
            answers.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def job(db: None) -> Job:
    return enqueue(key="measure:2026Q3", kind="measure", params={"period": "2026Q3"})[0]


def test_asked_again_while_unfinished_is_the_same_job(job: Job) -> None:
    again, made = enqueue(key="measure:2026Q3", kind="measure")
    assert (again, made) == (job, False)
    lease = take(job_id=job.pk)
    assert enqueue(key="measure:2026Q3", kind="measure") == (job, False)
    finish(lease)
    later, made = enqueue(key="measure:2026Q3", kind="measure")
    assert made
    assert later != job


def test_a_job_is_taken_once(job: Job) -> None:
    lease = take(job_id=job.pk)
    assert lease.params == {"period": "2026Q3"}
    assert take(job_id=job.pk) is None
    finish(lease)
    assert take(job_id=job.pk) is None
    job.refresh_from_db()
    assert (job.state, job.lease_until) == (JobState.DONE, None)


def test_the_oldest_of_a_kind(job: Job) -> None:
    enqueue(key="measure:2026Q2", kind="measure")
    enqueue(key="other", kind="other")
    assert take(kind="measure").job_id == job.pk
    assert take(kind="measure").params == {}
    assert take(kind="measure") is None


def test_a_later_worker_goes_on_from_the_progress(job: Job) -> None:
    dead = take(job_id=job.pk, seconds=EXPIRED)
    dead.result = {"next": 3}
    advance(dead, done=3, total=10)
    lease = take(job_id=job.pk)
    assert (lease.done, lease.total, lease.result) == (3, 10, {"next": 3})


@pytest.mark.parametrize(
    "write",
    [
        hold,
        renew,
        finish,
        lambda lease: advance(lease, done=1, total=1),
        lambda lease: fail(lease, ""),
        lambda lease: give_back(lease, ""),
    ],
)
def test_a_zombie_writes_nothing(job: Job, write: Callable[[jobs.Lease], None]) -> None:
    zombie = take(job_id=job.pk, seconds=EXPIRED)
    heir = take(job_id=job.pk)
    with pytest.raises(LeaseLost), transaction.atomic():
        write(zombie)
    renew(heir)
    finish(heir)
    with pytest.raises(LeaseLost), transaction.atomic():
        write(heir)


def test_renewing_keeps_the_job(job: Job) -> None:
    lease = take(job_id=job.pk, seconds=EXPIRED)
    lease.seconds = 60
    renew(lease)
    assert take(job_id=job.pk) is None


def test_given_back_is_taken_again_with_the_reason_kept(job: Job) -> None:
    give_back(take(job_id=job.pk), "ValueError: 1")
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.QUEUED, "ValueError: 1")
    assert take(job_id=job.pk).attempts == 2


def test_what_kills_every_worker_is_given_up(job: Job) -> None:
    for _ in range(jobs.MAX_ATTEMPTS):
        assert take(job_id=job.pk, seconds=EXPIRED) is not None
    assert take(job_id=job.pk) is None
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert take(job_id=job.pk) is None


def test_progress_starts_the_count_anew(job: Job) -> None:
    for number in range(3 * jobs.MAX_ATTEMPTS):
        advance(take(job_id=job.pk, seconds=EXPIRED), done=number, total=100)
    assert take(job_id=job.pk) is not None


@pytest.fixture
def real(transactional_db: None) -> Iterator[None]:
    yield
    Job.objects.all().delete()


def test_asked_by_eight_at_once_is_one_job(real: None) -> None:
    answers = at_once(lambda: enqueue(key="k", kind="k"), 8)
    assert sorted(made for _job, made in answers) == [False] * 7 + [True]
    assert len({job.pk for job, _made in answers}) == 1


def test_taken_by_eight_at_once_has_one_holder(real: None) -> None:
    job, _made = enqueue(key="k", kind="k")
    answers = at_once(lambda: take(job_id=job.pk), 8)
    assert sum(lease is not None for lease in answers) == 1


def test_a_job_in_the_middle_of_a_step_is_not_taken_even_past_its_lease(real: None) -> None:
    job, _made = enqueue(key="k", kind="k")
    lease = take(job_id=job.pk, seconds=EXPIRED)
    with transaction.atomic():
        hold(lease)
        assert at_once(lambda: take(job_id=job.pk), 1) == [None]
        lease.seconds = 60
        advance(lease, done=1, total=2)
    assert take(job_id=job.pk) is None
