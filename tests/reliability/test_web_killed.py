"""R2: a web worker killed while people save forms takes no acknowledged save along, and leaves no half one."""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode

import psutil
import psycopg2
import pytest

from tests.pages.test_entry import as_shown
from tests.reliability.conftest import Portal

pytestmark = [pytest.mark.xdist_group("outages")]

CLIENTS = 8
CREATED, CHANGED = 10, 20
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# Rooms of this test with everything that belongs to one save, counted.
ROWS = """
SELECT p.name, p.version, p.area,
    (SELECT count(*) FROM communities_premisesplacement l WHERE l.thing_id = p.id),
    (SELECT count(*) FROM communities_premisesfunctionarea f WHERE f.premises_id = p.id),
    (SELECT count(*) FROM communities_changerecord r WHERE r.object_id = p.public_id),
    (SELECT count(*) FROM communities_changerecord r JOIN communities_premisesfunctionarea f
        ON r.object_id = f.public_id WHERE f.premises_id = p.id)
FROM communities_premises p WHERE p.name LIKE '存%%'
"""


@dataclass
class Clerk(threading.Thread):
    """Enters a room with two zones, corrects it, and begins with the next; never sends anything twice."""

    portal: Portal
    number: int
    over: threading.Event
    # Room -> area that was acknowledged (0: none), and the one that was sent last.
    acknowledged: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    heard: Counter[int] = field(default_factory=Counter)
    token: str = ""
    is_saving: bool = False

    def __hash__(self) -> int:
        return id(self)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """(status or 0 for no whole answer, where it leads, page)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=30)
        self.is_saving = fields is not None
        cookies = f"{self.portal.signed_in['Cookie']}; csrftoken={self.token}"
        try:
            body = urlencode({"csrfmiddlewaretoken": self.token, **fields}) if fields is not None else None
            connection.request(method, path, body, {"Cookie": cookies, **(FORM if body else {})})
            answer = connection.getresponse()
            page = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, "", ""
        finally:
            self.is_saving = False
            connection.close()
        if found := re.search(r"csrftoken=(\w+)", answer.getheader("Set-Cookie") or ""):
            self.token = found.group(1)
        return answer.status, answer.getheader("Location") or "", page

    def run(self) -> None:
        while not self.token:
            self.ask("GET", "/premises/new/")
        at = 0
        while not self.over.is_set():
            at += 1
            self.one(f"存{self.number}-{at}")

    def one(self, name: str) -> None:
        self.acknowledged[name], self.sent[name] = 0, CREATED
        status, url, _page = self.ask(
            "POST",
            "/premises/new/",
            {
                "name": name,
                "kind": "office",
                "division_now": self.portal.cast["community"],
                "committee": self.portal.cast["committee"],
                "area": str(CREATED),
                "tenure": "owned",
                "functions-lines": "2",
                "functions-0-function": "reading",
                "functions-0-area": "3",
                "functions-1-function": "storage",
                "functions-1-area": "4",
            },
        )
        self.heard[status] += 1
        if status != 302:
            return
        self.acknowledged[name] = CREATED
        status, _url, page = self.ask("GET", f"{url}edit/")
        if status != 200:
            return
        self.sent[name] = CHANGED
        status, _url, _page = self.ask("POST", f"{url}edit/", as_shown(page) | {"area": str(CHANGED)})
        self.heard[status] += 1
        if status == 302:
            self.acknowledged[name] = CHANGED


def saved(clerks: list[Clerk]) -> int:
    return sum(clerk.heard[302] for clerk in clerks)


def saving(clerks: list[Clerk]) -> bool:
    return any(clerk.is_saving for clerk in clerks)


def stored(portal: Portal, statement: str) -> list[tuple]:
    with psycopg2.connect(portal.environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def web_workers(portal: Portal) -> list[psutil.Process]:
    web = next(member for member in portal.crew.members if member.name == "web")
    return psutil.Process(web.process.pid).children()


@pytest.mark.parametrize(("times", "seed"), [(5, 5), pytest.param(200, 200, marks=pytest.mark.prove)])
def test_r2_saves_through_killed_web_workers(portal: Portal, times: int, seed: int) -> None:
    print(f"seed {seed}")
    dice, over = random.Random(seed), threading.Event()
    clerks = [Clerk(portal, seed * 100 + number, over) for number in range(CLIENTS)]
    with portal.without_workers():
        marks = dict(stored(portal, "SELECT source, count(*) FROM communities_dirtymark GROUP BY 1"))
        for clerk in clerks:
            clerk.start()
        for _blow in range(times):
            until, before = time.monotonic() + 10, saved(clerks)
            while (saved(clerks) < before + 2 or not saving(clerks)) and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(dice.uniform(0, 0.2))
            if workers := web_workers(portal):
                os.kill(dice.choice(workers).pid, signal.SIGKILL)
        time.sleep(1)
        over.set()
        for clerk in clerks:
            clerk.join(60)
            assert not clerk.is_alive()
        rows = {row[0]: row[1:] for row in stored(portal, ROWS) if row[0].startswith(f"存{seed}")}
        marks_now = dict(stored(portal, "SELECT source, count(*) FROM communities_dirtymark GROUP BY 1"))

    acknowledged = {name: area for clerk in clerks for name, area in clerk.acknowledged.items()}
    sent = {name: area for clerk in clerks for name, area in clerk.sent.items()}
    heard = sum((clerk.heard for clerk in clerks), Counter())
    print(heard, len(rows))
    assert set(heard) <= {302, 0}
    assert heard[0] >= times / 4, "the blows met nobody who was saving"
    assert heard[302] > times

    lost = {
        name for name, area in acknowledged.items() if area and (name not in rows or rows[name][1] < area)
    }
    assert lost == set()
    assert set(rows) <= set(sent)
    for name, (version, area, placements, zones, records, zone_records) in rows.items():
        assert area in {acknowledged[name], sent[name]}, name
        assert version == (2 if area == CHANGED else 1), name
        assert (placements, zones, records, zone_records) == (1, 2, version, 2), name
    saves = sum(row[0] for row in rows.values())
    made = {source: number - marks.get(source, 0) for source, number in marks_now.items()}
    assert made["communities.Premises"] == saves
    assert made.get("communities.PremisesFunctionArea", 2 * len(rows)) == 2 * len(rows)
