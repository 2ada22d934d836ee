"""R1 and R4: a worker killed at any moment of an import leaves no half of it, and the next one finishes."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from communities.actions import imports
from communities.choices import JobState
from communities.models import (
    ChangeRecord,
    DirtyMark,
    Division,
    ImportBatch,
    Job,
    Premises,
    PremisesPlacement,
)
from tests.conftest import World, build_users, build_world
from tests.nursery import Nursery
from tests.workbooks.conftest import HEADS, book, row

LEASE = 2.0
AT_ONCE = 5
WORK = "communities.actions.imports:work"
# Told by each row as it stands, but for what no two runs can share.
OWN = "id,public_id,created_at,updated_at"


@pytest.fixture
def town(transactional_db: None) -> World:
    world = build_world()
    world.users = build_users(world)
    return world


@pytest.fixture
def nursery(town: World, private_files: None, settings: Any) -> Iterator[Nursery]:
    nursery = Nursery(WORK, JOB_LEASE_SECONDS=str(LEASE), MEDIA_ROOT=str(settings.MEDIA_ROOT))
    yield nursery
    nursery.close()


@dataclass
class Upload:
    """A file of which every other row is new and every other one changes a row; all names begin with ``mark``."""

    world: World
    mark: str
    rows: int

    def __post_init__(self) -> None:
        places = [self.world.community, self.world.neighbour]
        old = Premises.objects.bulk_create(
            Premises(
                division_now=places[n % 2],
                kind="service",
                area=10,
                tenure="owned",
                name=f"{self.mark}旧{n:04}",
            )
            for n in range(self.rows // 2)
        )
        PremisesPlacement.objects.bulk_create(
            PremisesPlacement(thing=each, division=each.division_now, valid=(None, None)) for each in old
        )
        stored = Premises.objects.filter(pk__in=[each.pk for each in old])
        ids = {each.name: each.public_id for each in stored}
        lines = []
        for n in range(self.rows):
            common = {"用途": "公益性服务用房", "使用单位": "", "所在社区": places[n // 2 % 2].name_now}
            if n % 2:
                lines.append(["", *row(用房名称=f"{self.mark}新{n:04}", **common)])
            else:
                name = f"{self.mark}旧{n // 2:04}"
                lines.append([f"{ids[name]}#1", *row(用房名称=name, 建筑面积=11 + n, **common)])
        self.batch = imports.upload(
            register="premises",
            division=self.world.street,
            file=ContentFile(book(lines, ["系统编号", *HEADS])),
            name="表.xlsx",
            by=self.world.users["street_clerk"],
        )

    def now(self) -> ImportBatch:
        return ImportBatch.objects.select_related("job", "requested_by").get(pk=self.batch.pk)

    def confirm(self) -> None:
        batch = self.now()
        assert (batch.state, batch.counts) == (
            "ready",
            {"created": self.rows // 2, "changed": self.rows // 2, "unchanged": 0, "refused": 0},
        )
        imports.confirm(batch, mode="all_or_nothing", by=batch.requested_by)

    def require_all_or_nothing(self) -> None:
        """Nothing half written, nothing lost."""
        mine = Premises.objects.filter(name__startswith=self.mark)
        written = mine.filter(name__contains="新").count() + mine.filter(version=2).count()
        records = ChangeRecord.objects.filter(act=self.batch.act).count()
        batch = self.now()
        is_done = batch.state == "done"
        assert (written, records) == ((self.rows, self.rows) if is_done else (0, 0)), batch.state
        assert batch.state in {"uploaded", "checking", "ready", "applying", "done"}
        assert Path(batch.file.path).stat().st_size == batch.size

    def told(self) -> list[str]:
        """The register, where its rows stand and what was recorded, as texts that another run must repeat."""
        statements = {
            "rows": f"""SELECT (to_jsonb(p) - '{{{OWN}}}'::text[])::text FROM communities_premises p
                WHERE p.name LIKE %(mark)s ORDER BY p.name""",
            "placements": """SELECT p.name || l.division_id || l.valid::text FROM communities_premisesplacement l
                JOIN communities_premises p ON p.id = l.thing_id WHERE p.name LIKE %(mark)s ORDER BY p.name""",
            "records": """SELECT jsonb_build_array(r.user_id, r.user_name, r.verb, r.model, r.object_label,
                    r.division_id, r.before, r.after, r.reason, p.name)::text
                FROM communities_changerecord r JOIN communities_premises p ON p.public_id = r.object_id
                WHERE p.name LIKE %(mark)s ORDER BY p.name""",
        }
        found = []
        with connection.cursor() as cursor:
            for statement in statements.values():
                cursor.execute(statement, {"mark": f"{self.mark}%"})
                found += [text.replace(self.mark, "") for (text,) in cursor.fetchall()]
        return found


def swept(uploads: list[Upload], is_over: Callable[[ImportBatch], bool]) -> None:
    """As beat sweeps, until all are done; meanwhile whoever asks hears that work was interrupted."""
    lost = {upload.mark for upload in uploads if upload.now().job.state == JobState.RUNNING}
    until = time.monotonic() + 60
    while not all(is_over(upload.now()) for upload in uploads):
        assert time.monotonic() < until
        for upload in uploads:
            batch = upload.now()
            if upload.mark in lost and batch.job.state == JobState.RUNNING and batch.is_interrupted:
                hear_of_it(upload)
                lost.remove(upload.mark)
        if not lost:
            imports.sweep()
        time.sleep(0.05)
    assert not lost


def hear_of_it(upload: Upload) -> None:
    client = Client()
    client.force_login(upload.world.users["street_clerk"])
    page = client.get(reverse("import-detail", args=[upload.batch.public_id]))
    assert "处理中断" in page.content.decode()
    assert client.get(f"/api/v1/imports/{upload.batch.public_id}/").json()["is_interrupted"] is True


def undisturbed(world: World, rows: int) -> tuple[list[str], float, float]:
    """What a run that nobody disturbs leaves, and how long its two steps take."""
    upload = Upload(world, "批000-", rows)
    began = time.monotonic()
    assert imports.work(upload.batch.public_id)
    checked = time.monotonic()
    upload.confirm()
    confirmed = time.monotonic()
    assert imports.work(upload.batch.public_id)
    written = time.monotonic()
    assert upload.now().state == "done"
    assert len(upload.told()) == 3 * rows
    return upload.told(), checked - began, written - confirmed


def killed(world: World, nursery: Nursery, *, rounds: int, rows: int, seed: int) -> None:
    print(f"seed {seed}")
    dice = random.Random(seed)
    expected, to_check, to_write = undisturbed(world, rows)
    landed = {"checking": 0, "applying": 0}

    def blows(uploads: list[Upload], lasts: float) -> int:
        """Workers for all of them, each killed at a moment of its own; how many blows hit one at work."""
        workers = [nursery.bear(upload.batch.public_id) for upload in uploads]
        moments = sorted((dice.uniform(0, 1.2 * lasts * AT_ONCE), worker) for worker in workers)
        began = time.monotonic()
        for moment, worker in moments:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            with suppress(ProcessLookupError):  # it was done before the blow
                os.kill(worker, signal.SIGKILL)
        nursery.wait()
        return sum(upload.now().job.state == JobState.RUNNING for upload in uploads)

    for number in range(rounds):
        uploads = [Upload(world, f"批{number * AT_ONCE + n + 1:03}-", rows) for n in range(AT_ONCE)]
        if number % 2 == 0:
            landed["checking"] += blows(uploads, to_check / 2)
            for upload in uploads:
                upload.require_all_or_nothing()
        swept(uploads, lambda batch: batch.state == "ready")
        DirtyMark.objects.all().delete()
        for upload in uploads:
            upload.confirm()
        if number % 2:
            landed["applying"] += blows(uploads, to_write / 2)
            for upload in uploads:
                upload.require_all_or_nothing()
        swept(uploads, lambda batch: batch.state == "done")
        for upload in uploads:
            upload.require_all_or_nothing()
            assert upload.told() == expected
        marks = sorted(DirtyMark.objects.values_list("division_id", flat=True))
        assert marks == sorted([world.community.pk, world.neighbour.pk] * AT_ONCE)
        forget(uploads)
    assert not Job.objects.exclude(state=JobState.DONE).exists()
    assert min(landed.values()) > rounds * AT_ONCE / 2 / 5, landed  # many blows hit a worker at work
    print(landed)


def forget(uploads: list[Upload]) -> None:
    """The next ones find the register as these found it."""
    with connection.cursor() as cursor:
        for upload in uploads:
            upload.batch.rows.all().delete()
            mine = Premises.objects.filter(name__startswith=upload.mark)
            PremisesPlacement.objects.filter(thing__in=mine).delete()
            mine.delete()
        cursor.execute("ANALYZE communities_premises")


def test_r1_killed_at_twenty_moments(town: World, nursery: Nursery) -> None:
    """R1: ten blows while files are read and checked, ten while they are written."""
    killed(town, nursery, rounds=4, rows=100, seed=20)


@pytest.mark.prove
@pytest.mark.parametrize("seed", [200])
def test_r1_killed_at_two_hundred_moments(town: World, nursery: Nursery, seed: int) -> None:
    """R1 at length: files of 2,000 rows."""
    killed(town, nursery, rounds=40, rows=2000, seed=seed)


def test_r4_one_message_delivered_five_times_at_once(town: World, private_files: None, settings: Any) -> None:
    """R4: one check and one writing, whoever else hears of it."""
    nursery = Nursery(WORK, MEDIA_ROOT=str(settings.MEDIA_ROOT))
    try:
        upload = Upload(town, "批000-", 100)
        for word in (lambda: None, upload.confirm):
            word()
            for _each in range(5):
                nursery.bear(upload.batch.public_id)
            nursery.wait()
            upload.require_all_or_nothing()
        assert upload.now().state == "done"
        assert upload.now().rows.count() == 100
        assert list(Job.objects.values_list("state", "attempts")) == [("done", 1)] * 2
        marks = list(DirtyMark.objects.values_list("division_id", flat=True))
        assert sorted(marks) == sorted({town.community.pk, town.neighbour.pk})
        assert Division.objects.filter(pk__in=marks).count() == 2
    finally:
        nursery.close()


@pytest.mark.parametrize("how", ["error", "death"])
def test_a_file_that_breaks_every_worker_is_given_up(
    town: World, private_files: None, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Reading the first rows again is no progress: such a file must not be tried for ever."""
    from communities.actions.imports import uploads
    from communities.actions.jobs import MAX_ATTEMPTS

    class Killed(BaseException):
        """Nothing of ours catches it, as nothing catches SIGKILL."""

    def broken(_self: Any) -> None:
        raise RuntimeError if how == "error" else Killed

    monkeypatch.setattr(uploads, "CHUNK", 10)
    monkeypatch.setattr(uploads.Staging, "decide", broken)
    upload = Upload(town, "批000-", 40)
    tries = 0
    while upload.now().state != "failed" and tries < MAX_ATTEMPTS + 3:
        tries += 1
        try:
            imports.work(upload.batch.public_id)
        except (RuntimeError, Killed):
            assert upload.now().job.progress_done == 40
        Job.objects.filter(state=JobState.RUNNING).update(lease_until="2026-01-01T00:00:00Z")
    assert upload.now().state == "failed"
    assert tries == (3 if how == "error" else MAX_ATTEMPTS + 1)
    assert not ChangeRecord.objects.exists()
