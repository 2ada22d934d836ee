"""R25: people at work on the whole portal, alone and while figures are measured and a workbook is brought in.

Only when named (``python -m benchmarks load``): it loads the demo city and takes twice ``BENCH_LOAD_SECONDS`` (300)
with ``BENCH_LOAD_USERS`` (200) people, each of whom waits about ``BENCH_LOAD_THINK`` (5) seconds between two pages.
A real gunicorn with ``deploy/gunicorn.conf.py`` answers on the loopback interface; people, web server, database and
the worker of the second part share this machine's cores.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from benchmarks.harness import milliseconds, report
from communities.actions import imports
from communities.choices import Level
from communities.models import Community, Division, Period, Premises, User
from portal.demo import actions as demo
from portal.scorecards import actions as scorecards
from tests import factories
from tests.reliability.cast import session_of
from tests.workbooks.conftest import HEADS, book, row

USERS = int(os.environ.get("BENCH_LOAD_USERS", "200"))
SECONDS = float(os.environ.get("BENCH_LOAD_SECONDS", "300"))
THINK = float(os.environ.get("BENCH_LOAD_THINK", "5"))
IMPORT_ROWS = 5_000
SAVES = 0.05
CHECKOUT = Path(__file__).resolve().parents[1]
FORM = "application/x-www-form-urlencoded"


@dataclass
class Person(threading.Thread):
    """Somebody who reads pages of his places and now and then enters a room; one connection, as a browser keeps."""

    port: int
    session: str
    pages: list[str]
    place: str
    number: int
    over: float
    think: float = THINK
    took: list[float] = field(default_factory=list)
    wrong: Counter[Any] = field(default_factory=Counter)
    token: str = ""

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.dice = random.Random(self.number)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def __hash__(self) -> int:
        return self.number

    def run(self) -> None:
        """Until the time is over."""
        time.sleep(self.dice.uniform(0, self.think))
        while time.monotonic() < self.over:
            if self.dice.random() < SAVES:
                self.save()
            else:
                headers = {"HX-Request": "true"} if self.dice.random() < 0.2 else {}
                self.ask("GET", self.dice.choice(self.pages), headers=headers)
            time.sleep(self.think * self.dice.uniform(0.5, 1.5))
        self.connection.close()

    def save(self) -> None:
        """A room, by its form."""
        self.ask("GET", "/premises/new/")
        self.ask(
            "POST",
            "/premises/new/",
            {
                "csrfmiddlewaretoken": self.token,
                "name": f"压测{self.number}-{len(self.took)}",
                "kind": "service",
                "division_now": self.place,
                "area": "50",
                "tenure": "owned",
                "again": "1",  # an earlier run may have left a room of this name
            },
            wanted=302,
        )

    def ask(
        self,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
        *,
        wanted: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        """One request, timed until its last byte."""
        sent = {"Cookie": f"sessionid={self.session}; csrftoken={self.token}"} | (headers or {})
        body = urlencode(fields) if fields is not None else None
        began = time.perf_counter()
        try:
            self.connection.request(method, path, body, sent | ({"Content-Type": FORM} if body else {}))
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.wrong[f"{path.split('?', maxsplit=1)[0]} {type(error).__name__}"] += 1
            self.connection.close()
            return
        self.took.append(time.perf_counter() - began)
        if found := re.search(r"csrftoken=(\w+)", answer.getheader("Set-Cookie") or ""):
            self.token = found.group(1)
        if answer.status != wanted:
            self.wrong[f"{path.split('?', maxsplit=1)[0]} {answer.status}"] += 1


def people(port: int, over: float) -> list[Person]:
    """Officers, clerks and workers of the demo city, each with a session and pages of their own places."""
    posts = [
        ("street_clerk", Level.STREET),
        ("community_worker", Level.COMMUNITY),
        ("district_officer", Level.DISTRICT),
    ]
    places = {
        level: list(Division.objects.filter(level=level, is_closed=False)[:500]) for _role, level in posts
    }
    found = []
    for number in range(USERS):
        role, level = posts[number % 10 % 3]
        place = places[level][number % len(places[level])]
        user = User.objects.filter(username=f"load{number}").first() or factories.user(
            f"load{number}", role, place
        )
        below = Community.objects.filter(is_closed=False).below(place.path_now)
        community = below[number % below.count()] if below.exists() else None
        if community is None:
            continue
        rooms = list(Premises.objects.live().below(place.path_now)[:5])
        pages = [
            "/workbench/",
            "/dashboard/",
            "/dashboard/?indicator=mean_area",
            "/premises/",
            "/premises/?kind=office",
            "/premises/?q=室",
            "/communities/",
            "/committees/",
            "/household-counts/",
            "/api/v1/premises/",
            "/api/v1/indicator-values/?indicator=office_compliance",
            f"/communities/{community.public_id}/",
            *(f"/premises/{each.public_id}/" for each in rooms),
        ]
        pages = [path.replace("室", "%E5%AE%A4") for path in pages]
        found.append(Person(port, session_of(user), pages, str(community.public_id), number, over))
    return found


def web_server() -> tuple[subprocess.Popen[bytes], int]:
    """Gunicorn as it is deployed, but for its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    log = Path(tempfile.mkdtemp(prefix="bench-load-")) / "web.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, *command, "portal.wsgi:application"], cwd=CHECKOUT, stdout=output, stderr=output
        )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return server, port
        except OSError:
            time.sleep(0.2)
    server.kill()
    raise RuntimeError(f"the web server does not start, see {log}")


def working(over: float) -> None:
    """What a worker does meanwhile: the newest period measured, a workbook checked and written, again and again."""
    connections.close_all()
    settings.MEDIA_ROOT = tempfile.mkdtemp(prefix="bench-load-")
    street = Division.objects.filter(level=Level.STREET, is_closed=False).order_by("pk")[0]
    communities = list(Community.objects.filter(is_closed=False).below(street.path_now))
    clerk = User.objects.filter(username="loader").first() or factories.user("loader", "street_clerk", street)
    period = Period.objects.filter(closed_at__isnull=True, span__startswith__lte=timezone.localdate()).latest(
        "span"
    )
    turn = 0
    while time.monotonic() < over:
        run = scorecards.request_run(period, by=None)
        scorecards.execute_run(run.public_id)
        turn += 1
        rows = [
            row(用房名称=f"批{turn}-{n}", 用途="活动场所", 使用单位="",
                所在社区=f"{place.name_now}({place.code_now})" if place.code_now else place.name_now)
            for n in range(IMPORT_ROWS)
            for place in [communities[n % len(communities)]]
        ]  # fmt: skip
        batch = imports.upload(
            register="premises",
            division=street,
            file=ContentFile(book(rows, HEADS)),
            name="批.xlsx",
            by=clerk,
        )
        imports.work(batch.public_id)
        imports.confirm(batch, mode="good_rows", by=clerk)
        imports.work(batch.public_id)
        batch.refresh_from_db()
        print(f"  meanwhile: run {run.public_id} and import {batch.counts} done", flush=True)


def under_load(port: int, *, with_work: bool) -> tuple[list[float], Counter[Any]]:
    """Everybody's times, and what went wrong."""
    over = time.monotonic() + SECONDS
    crowd = people(port, over)
    connections.close_all()
    worker = multiprocessing.get_context("fork").Process(target=working, args=(over,))
    if with_work:
        worker.start()
    for person in crowd:
        person.over = time.monotonic() + SECONDS
        person.start()
    for person in crowd:
        person.join(SECONDS + 120)
    if with_work:
        worker.join(120)
        worker.kill()
    took = [seconds for person in crowd for seconds in person.took]
    return took, sum((person.wrong for person in crowd), Counter())


def told(
    what: str, took: list[float], wrong: Counter[Any], bounds: tuple[float, float]
) -> tuple[float, float]:
    """One line of the table: (p95, p99)."""
    cuts = statistics.quantiles(took, n=100)
    p95, p99, errors = cuts[94], cuts[98], sum(wrong.values())
    report(
        "R25",
        f"{what}: {len(took):,} requests, {len(took) / SECONDS:.0f} a second",
        f"{milliseconds(p95)}, {milliseconds(p99)}, {errors}",
        f"{milliseconds(bounds[0])}, {milliseconds(bounds[1])}, 0",
        met=p95 <= bounds[0] and p99 <= bounds[1] and not errors,
    )
    for what_failed, times in wrong.most_common(5):
        print(f"      {times} x {what_failed}")
    return p95, p99


def main() -> None:
    """Alone, then with work under way: p95, p99, errors."""
    os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="bench-load-")
    demo.load(timezone.localdate(), file=None)
    demo.analyse()
    demo.measure()
    server, port = web_server()
    try:
        print(
            f"  {USERS} people, {THINK:g} s of thought, {SECONDS:g} s; load now {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        p95, p99 = told("pages and saves, p95, p99, errors", *under_load(port, with_work=False), (0.5, 1.0))
        told("  with a run and an import", *under_load(port, with_work=True), (1.5 * p95, 1.5 * p99))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(40)
