"""A whole portal of its own: servers, worker, beat and web, which a test may hurt."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portal import devstack, run
from portal.devstack.servers import Servers

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class Answer:
    """One request: when it began, how long it took, what came back (0: no answer at all)."""

    began: float
    seconds: float
    status: int
    retry_after: str | None = None


@dataclass
class Portal:
    servers: Servers
    environment: dict[str, str]
    crew: run.Crew
    port: int
    cast: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)[0]

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[Answer, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        began = time.monotonic()
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            content = response.read()
        except OSError:
            return Answer(began, time.monotonic() - began, 0), b""
        finally:
            connection.close()
        took = time.monotonic() - began
        return Answer(began, took, response.status, response.getheader("Retry-After")), content

    def api(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        answer, content = self.ask(
            method,
            path,
            json.dumps(body) if body is not None else "",
            Authorization=f"Bearer {self.cast['token']}",
            **{"Content-Type": "application/json"},
        )
        return answer.status, json.loads(content or b"{}")

    @property
    def signed_in(self) -> dict[str, str]:
        return {"Cookie": f"sessionid={self.cast['session']}"}

    def fell(self, name: str, how: signal.Signals) -> None:
        """Stop one server as an administrator or an accident would."""
        devstack.end(self.servers.children[name], how)

    def returned(self) -> None:
        self.servers.restart_fallen()

    def wait_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while self.get("/readyz").status != 200:
            assert time.monotonic() < deadline, "never became ready"
            time.sleep(0.05)

    def web_processes(self) -> set[int]:
        import psutil

        web = next(member for member in self.crew.members if member.name == "web")
        assert web.process is not None
        return {web.process.pid, *(child.pid for child in psutil.Process(web.process.pid).children())}

    @contextmanager
    def without_workers(self) -> Iterator[None]:
        """Worker and beat stand still: what is left for them to do stays to be seen."""
        crew = [member for member in self.crew.members if member.name != "web"]
        for member in crew:
            devstack.end(member.process)
        try:
            yield
        finally:
            for member in crew:
                self.crew._launch(member)

    @contextmanager
    def under_load(self, path: str, clients: int = 4) -> Iterator[list[Answer]]:
        """Keep asking from several clients; the list fills while the block runs."""
        answers: list[Answer] = []
        over = threading.Event()

        def client() -> None:
            while not over.is_set():
                answers.append(self.get(path, **self.signed_in))
                time.sleep(0.02)

        threads = [threading.Thread(target=client, daemon=True) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield answers
        finally:
            over.set()
            for thread in threads:
                thread.join(timeout=25)


@pytest.fixture(scope="package")
def portal() -> Iterator[Portal]:
    places = devstack.throwaway_places("outage")
    servers = Servers(places)
    servers.start()
    environment = dict(os.environ) | places.environment() | {"PORTAL_ENV": "test"}
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    run.LOGS.mkdir(parents=True, exist_ok=True)
    crew = run.Crew(environment)
    portal = Portal(servers, environment, crew, listener.getsockname()[1])
    try:
        for command in (["manage.py", "migrate", "--no-input"], ["-m", "tests.reliability.cast"]):
            done = subprocess.run(
                [sys.executable, *command],
                cwd=CHECKOUT,
                env=environment | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
        portal.cast = json.loads(done.stdout)
        crew.start(listener)
        crew.wait_for_web(portal.port)
        yield portal
    finally:
        crew.stop()
        servers.stop()
        listener.close()
