"""G15: a room saved through the one door, with rules, scope, change record and mark, against the writes alone.

The floor is what pgbench would send: in one transaction the row is read and locked, updated, and the two records
beside it are inserted. Both take turns on one connection of one process; then sixteen connections save at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from django.db import connection, connections, transaction

from benchmarks.generate import plant_cities
from benchmarks.harness import report
from communities.base import actions
from communities.models import ChangeRecord, Community, Division, Premises, RoleAssignment, User

SECONDS = 4.0
ROUNDS = 3
WRITERS = 16
WANTED = 0.07
FLOOR = (
    "SELECT version FROM communities_premises WHERE id = %(id)s FOR NO KEY UPDATE",
    "UPDATE communities_premises SET area = %(area)s, version = version + 1 WHERE id = %(id)s",
    """INSERT INTO communities_changerecord (act, at, user_id, user_name, verb, model, object_id, object_label,
            division_id, before, after, reason)
        VALUES (gen_random_uuid(), now(), %(user)s, 'x', 'change', 'communities.Premises', %(public_id)s, 'x',
            %(division)s, '{"area": "1.00"}', '{"area": "2.00"}', '')""",
    """INSERT INTO communities_dirtymark (division_id, source, created_at, is_shown)
        VALUES (%(division)s, 'communities.Premises', now(), false)""",
)


def main() -> None:
    plant_cities(1)
    actions.wake_after_commit = lambda *_args: None  # no broker here, and none in the floor
    user = officer()
    rooms = list(Premises.objects.order_by("pk")[:2000])
    floor = floor_saves(rooms, user)
    saves = door_saves(rooms, user)
    pairs = [(a_second(floor), a_second(saves)) for _round in range(ROUNDS)]
    plain, whole = max(one for one, _two in pairs), max(two for _one, two in pairs)
    ratio = whole / plain
    report(
        "G15",
        f"saves a second, the same writes alone {plain:,.0f}",
        f"{whole:,.0f} ({ratio:.3f} x)",
        f"at least {WANTED} x",
        met=ratio >= WANTED,
    )
    many_writers(user)


def officer() -> User:
    """Somebody who may write everywhere."""
    user = User.objects.create(username=f"saver{time.monotonic_ns()}", name="录入员")
    root = Division.objects.get(level=0)
    RoleAssignment.objects.create(user=user, role="city_officer", division=root, valid=(None, None))
    return user


def floor_saves(rooms: list[Premises], user: User) -> Callable[[int], None]:
    """One transaction of bare statements."""

    def save(number: int) -> None:
        room = rooms[number % len(rooms)]
        values = {
            "id": room.pk,
            "public_id": room.public_id,
            "division": room.division_now_id,
            "user": user.pk,
            "area": Decimal(20 + number % 100),
        }
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in FLOOR:
                cursor.execute(statement, values)

    return save


def door_saves(rooms: list[Premises], user: User) -> Callable[[int], None]:
    """The row read as a request would read it, changed and saved."""

    def save(number: int) -> None:
        room = Premises.objects.get(pk=rooms[number % len(rooms)].pk)
        room.area = Decimal(200 + number % 100)
        actions.save(room, by=user)

    return save


def a_second(save: Callable[[int], None]) -> float:
    """How many by one connection."""
    done, started = 0, time.perf_counter()
    while (now := time.perf_counter()) < started + SECONDS:
        save(done)
        done += 1
    return done / (now - started)


def many_writers(user: User) -> None:
    """Sixteen at once on the rooms of one community: each save acknowledged is counted, none ends in a deadlock."""
    community = Community.objects.order_by("pk").first()
    rooms = list(Premises.objects.filter(division_now=community).values_list("pk", flat=True))
    before = ChangeRecord.objects.count()
    start = threading.Barrier(WRITERS)

    def writer(number: int) -> tuple[int, int]:
        saved, stale = 0, 0
        try:
            start.wait()
            over = time.perf_counter() + SECONDS
            while time.perf_counter() < over:
                room: Any = Premises.objects.get(pk=rooms[(number + saved) % len(rooms)])
                room.area = Decimal(200 + saved % 100)
                try:
                    actions.save(room, by=user)
                    saved += 1
                except actions.StaleVersion:
                    stale += 1
        finally:
            connections.close_all()
        return saved, stale

    with ThreadPoolExecutor(WRITERS) as pool:
        heard = list(pool.map(writer, range(WRITERS)))
    saved, stale = (sum(column) for column in zip(*heard, strict=True))
    recorded = ChangeRecord.objects.count() - before
    report(
        "G15",
        f"{WRITERS} writers on one community, {stale:,} told of another's save",
        f"{saved / SECONDS:,.0f} saves a second",
        "no deadlock, none lost",
        met=recorded == saved,
    )
