"""``make run``: everything the portal needs on one machine, until Ctrl-C.

Starts the servers, brings the database up to date, loads the demo once, then runs one worker,
beat and the web server, and starts again what falls over. However it ends, by Ctrl-C, SIGTERM or
``kill -9``, everything that it started ends with it.
"""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from portal import devstack

CHECKOUT = devstack.CHECKOUT
LOGS = CHECKOUT / "var" / "log"
ACCOUNTS = CHECKOUT / "var" / "demo-accounts.txt"
HOST = "127.0.0.1"
FIRST_PORT = 8000
PORTS_TRIED = 50
WORKER_PATIENCE = 10.0
"""Seconds a task may go on after Ctrl-C; one cut off is finished by the next worker."""


class RunError(RuntimeError):
    """Something did not start; the message says what and where to read on."""


def main() -> int:
    """Run until told to stop."""
    _end_with_make()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            _run(stack)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except (RunError, devstack.DevstackError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _run(stack: ExitStack) -> None:
    """Start everything in order; the stack stops it in the opposite one: web, worker, servers."""
    LOGS.mkdir(parents=True, exist_ok=True)
    listener = stack.enter_context(open_port(int(os.environ.get("PORT", FIRST_PORT))))
    environment = dict(os.environ)
    if devstack.needed(environment):
        print("starting PostgreSQL and Valkey ...", flush=True)
        lease = stack.enter_context(devstack.Lease())
        environment = lease.places.environment() | environment
    prepare_database(environment)
    crew = Crew(environment)
    stack.callback(crew.stop)
    crew.start(listener)
    port = listener.getsockname()[1]
    crew.wait_for_web(port)
    print(f"READY http://{HOST}:{port}", flush=True)
    print_accounts()
    crew.watch()


def _end_with_make() -> None:
    """``kill -9`` on make must reach us as well; without make there is nobody to follow."""
    if "MAKELEVEL" in os.environ and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, int(signal.SIGTERM), 0, 0, 0)


def open_port(first: int) -> socket.socket:
    """A listening socket on the first free port. It is handed on open, so nobody can take it in between."""
    for port in range(first, first + PORTS_TRIED):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(128)
        except OSError:
            listener.close()
            print(f"port {port} is taken, trying {port + 1}", flush=True)
        else:
            return listener
    msg = f"No free port from {first} to {first + PORTS_TRIED - 1}; name another: make run PORT=9000"
    raise RunError(msg)


def prepare_database(environment: Mapping[str, str]) -> None:
    """Migrate, and load the demo into an empty database."""
    print("migrating, and loading the demo if there is none yet ...", flush=True)
    log = LOGS / "prepare.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.prepare"],
            cwd=CHECKOUT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=devstack.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no threads here
        )
        try:
            code = process.wait()
        finally:
            devstack.end(process, patience=5)
    if code:
        msg = f"The database could not be prepared:\n{devstack.tail(log)}"
        raise RunError(msg)


def print_accounts() -> None:
    """Who may sign in, when the demo is loaded."""
    with suppress(FileNotFoundError):
        for line in ACCOUNTS.read_text(encoding="utf-8").splitlines():
            if line.startswith("account "):
                print(line, flush=True)


@dataclass
class Member:
    """One process of the crew."""

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    inherits: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return LOGS / f"{self.name}.log"


class Crew:
    """The worker, beat and the web server."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.members: list[Member] = []

    def start(self, listener: socket.socket) -> None:
        """Start all three at once; they are stopped in the opposite order."""
        celery = [sys.executable, "-m", "celery", "-A", "portal"]
        gunicorn = [sys.executable, "-m", "gunicorn", "portal.wsgi:application"]
        self.members = [
            Member(
                "worker",
                [
                    *celery,
                    "worker",
                    "--concurrency=2",
                    "--without-gossip",
                    "--without-mingle",
                    "--loglevel=INFO",
                ],
            ),
            Member("beat", [*celery, "beat", "--pidfile=", "--loglevel=INFO"]),
            Member(
                "web",
                [
                    *(*gunicorn, f"--bind=fd://{listener.fileno()}", "--worker-class=gthread", "--workers=2"),
                    "--preload",  # imports once, not once a worker
                    *("--threads=4", "--timeout=120", "--graceful-timeout=5", "--access-logfile=-"),
                    "--limit-request-line=8190",  # its longest; Django says in Chinese what is too long
                    "--no-control-socket",
                ],
                inherits=(listener.fileno(),),
            ),
        ]
        for member in self.members:
            self._launch(member)

    def _launch(self, member: Member) -> None:
        with member.log.open("ab") as log:
            member.process = subprocess.Popen(
                member.command,
                cwd=CHECKOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=member.inherits,
                start_new_session=True,
                # Celery's own children and gunicorn's follow their parent at once.
                preexec_fn=devstack.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no threads here
            )

    def stop(self) -> None:
        """Web first, so that nobody asks a portal that is half gone."""
        for member in reversed(self.members):
            if member.process is not None:
                devstack.end(member.process, member.stop_signal, WORKER_PATIENCE)

    def wait_for_web(self, port: int) -> None:
        """Return once the web server answers."""
        deadline = time.monotonic() + devstack.PATIENCE
        while not _answers(port):
            fallen = [
                member for member in self.members if member.process and member.process.poll() is not None
            ]
            if fallen or time.monotonic() > deadline:
                member = fallen[0] if fallen else self.members[-1]
                msg = f"{member.name} does not start:\n{devstack.tail(member.log)}"
                raise RunError(msg)
            time.sleep(0.1)

    def watch(self) -> None:
        """Start again, after a breath, what ended by itself."""
        while True:
            time.sleep(1.0)
            for member in self.members:
                if member.process is not None and member.process.poll() is not None:
                    print(
                        f"{member.name} ended (code {member.process.returncode}), starting it again",
                        flush=True,
                    )
                    self._launch(member)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
