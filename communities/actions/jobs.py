"""Long work that happens once: asked for, taken by one worker, held by a lease, finished.

The row is the truth, whatever the broker delivers twice, late or never. All clocks are the database's own, so
workers on several hosts need not agree on the time.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from communities.choices import JobState
from communities.models import Job

logger = logging.getLogger(__name__)

# Takings without any progress between them: whatever kills a worker as often as this would kill the next too.
MAX_ATTEMPTS = 10


class LeaseLost(Exception):
    """The job belongs to another worker or is finished: whoever sees this must write nothing more."""


@dataclass
class Lease:
    """A worker's hold on a job. ``result`` is what the job kept so far: a later worker goes on from it."""

    job_id: int
    token: uuid.UUID
    seconds: float
    attempts: int
    done: int
    total: int
    params: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)


def enqueue(*, key: str, kind: str, params: dict[str, Any] | None = None, by: Any = None) -> tuple[Job, bool]:
    """The unfinished job of this key, made now if there is none, and whether it was made.

    Of two that ask at once the partial unique index lets one insert; the other waits for its commit and reads.
    """
    insert = """
        INSERT INTO communities_job (key, kind, params, state, attempts, progress_done, progress_total, result,
                                     error, requested_by_id, created_at)
        VALUES (%s, %s, %s, 'queued', 0, 0, 0, '{}', '', %s, clock_timestamp())
        ON CONFLICT DO NOTHING RETURNING *
    """
    while True:
        asker = by.pk if by is not None else None
        made = list(Job.objects.raw(insert, [key, kind, json.dumps(params or {}), asker]))
        if made:
            return made[0], True
        job = Job.objects.filter(key=key, state__in=Job.UNFINISHED).first()
        if job is not None:
            return job, False
        # What stood in the way finished between the two statements: ask again.


def waiting() -> Q:
    """Jobs that any worker may take: never taken, or taken by one whose lease has passed."""
    return Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=Now())


def take(*, job_id: int | None = None, kind: str | None = None, seconds: float | None = None) -> Lease | None:
    """Take one waiting job, by id or the oldest of a kind; None when there is none to take.

    One statement: of many workers with the same message one gets a lease, the others nothing. A job whose
    worker is in the middle of a step is locked and passed over, even if its lease has run out meanwhile.
    """
    seconds = settings.JOB_LEASE_SECONDS if seconds is None else seconds
    statement = """
        UPDATE communities_job SET state = 'running', lease_token = gen_random_uuid(), attempts = attempts + 1,
            lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
            started_at = coalesce(started_at, clock_timestamp())
        WHERE id = (
            SELECT id FROM communities_job
            WHERE (id = %(id)s OR kind = %(kind)s)
              AND (state = 'queued' OR (state = 'running' AND lease_until < clock_timestamp()))
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, lease_token, attempts, progress_done, progress_total, params, result
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, {"id": job_id, "kind": kind, "seconds": seconds})
        row = cursor.fetchone()
    if row is None:
        logger.info("job %s is finished or in other hands: nothing to do", job_id or kind)
        return None
    pk, token, attempts, done, total, params, result = row
    lease = Lease(pk, uuid.UUID(str(token)), seconds, attempts, done, total, _loaded(params), _loaded(result))
    if attempts > MAX_ATTEMPTS:
        fail(lease, f"taken {attempts} times without progress")
        return None
    return lease


def hold(lease: Lease) -> None:
    """Lock the job for the present transaction. Raises LeaseLost when it is no longer this worker's.

    Called first in each transaction that writes for the job: until it ends nobody can take the job, so a worker
    that was thought dead and woke up again writes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM communities_job WHERE id = %s AND lease_token = %s AND state = 'running' FOR UPDATE",
            [lease.job_id, str(lease.token)],
        )
        if cursor.fetchone() is None:
            raise LeaseLost(lease.job_id)


def renew(lease: Lease) -> None:
    """Move the lease's end forward. Raises LeaseLost."""
    _update(lease, "lease_until = clock_timestamp() + make_interval(secs => %s)", [lease.seconds])


def advance(lease: Lease, *, done: int, total: int, is_kept: bool = True) -> None:
    """Tell the progress, keep ``lease.result`` for a later worker and renew. Raises LeaseLost.

    Work of which a later worker keeps nothing (``is_kept`` false) makes no taking count less: it would be
    taken again for ever.
    """
    _update(
        lease,
        "progress_done = %s, progress_total = %s, result = %s, attempts = CASE WHEN %s THEN 1 ELSE attempts END,"
        " lease_until = clock_timestamp() + make_interval(secs => %s)",
        [done, total, json.dumps(lease.result), is_kept, lease.seconds],
    )
    lease.done, lease.total = done, total


def finish(lease: Lease) -> None:
    """The work is done, with what ``lease.result`` holds. Raises LeaseLost."""
    _update(
        lease,
        "state = 'done', progress_done = progress_total, result = %s, error = '', lease_until = NULL,"
        " lease_token = NULL, finished_at = clock_timestamp()",
        [json.dumps(lease.result)],
    )


def give_back(lease: Lease, error: str) -> None:
    """Something went wrong that may pass: back into the queue with the reason. Raises LeaseLost."""
    _update(lease, "state = 'queued', error = %s, lease_until = NULL, lease_token = NULL", [error[:2000]])


def fail(lease: Lease, error: str) -> None:
    """The work cannot be done. Raises LeaseLost."""
    _update(
        lease,
        "state = 'failed', error = %s, lease_until = NULL, lease_token = NULL, finished_at = clock_timestamp()",
        [error[:2000]],
    )


def _update(lease: Lease, assignments: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE communities_job SET {assignments}"  # noqa: S608 - assignments are literals of this module
            " WHERE id = %s AND lease_token = %s AND state = 'running'",
            [*values, lease.job_id, str(lease.token)],
        )
        if cursor.rowcount != 1:
            raise LeaseLost(lease.job_id)


def _loaded(value: Any) -> dict[str, Any]:
    """Jsonb as the driver gives it when Django's own converters are not in the way: text."""
    loaded: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return loaded
