"""The two servers: how they are set up, started and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from portal.devstack.binaries import find_binaries
from portal.devstack.places import (
    DATABASE,
    SUPERUSER,
    DevstackError,
    Places,
    own_folder,
    prepare_folders,
    server_account,
)
from portal.devstack.processes import PATIENCE, clean_environment, end, tail

SHM_NEEDED = 512 * 2**20


class Servers:
    """The two servers, as children of this process."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.account = server_account()
        prepare_folders(places, self.account)
        self.binaries = find_binaries(self.account)
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start both, and return once both answer and the database exists."""
        self._start_valkey()
        self._initialise_postgres()
        self._start_postgres()
        self._create_database()
        self._wait("valkey", self._valkey_answers)

    def restart_fallen(self) -> None:
        """Bring back a server that ended by itself, so that a crash costs seconds, not a session."""
        starters = {"postgres": self._start_postgres, "valkey": self._start_valkey}
        for name, child in list(self.children.items()):
            if child.poll() is not None:
                print(f"{name} ended with code {child.returncode}; starting it again", flush=True)
                starters[name]()

    def stop(self) -> None:
        """Valkey first: it writes its file out; PostgreSQL with a fast shutdown."""
        for name, how in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
            if child := self.children.pop(name, None):
                end(child, how)

    def _spawn(self, name: str, command: Sequence[str | Path]) -> None:
        with (self.places.home / f"{name}.log").open("wb") as log:
            self.children[name] = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=clean_environment(),
                start_new_session=True,
                **self.account.popen_options(),
            )

    def _run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end, as the server account."""
        return subprocess.run(
            [str(self.binaries.postgres_bin / program), *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=clean_environment(),
            **self.account.popen_options(),
        )

    def _initialise_postgres(self) -> None:
        """Create the cluster once, in a draft folder: an interrupted attempt leaves none behind.

        In a cluster with locale C pg_trgm silently sees no Chinese and ltree refuses it, hence
        the built-in C.UTF-8.
        """
        target = self.places.postgres
        if target.exists():
            own_folder(target, self.account.uid, self.account.gid, 0o700)
            return
        draft = target.with_name(target.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        own_folder(draft, self.account.uid, self.account.gid, 0o700)
        result = self._run(
            "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        )
        if result.returncode:
            msg = f"initdb failed: {result.stderr.strip()}"
            raise DevstackError(msg)
        draft.rename(target)

    def _start_postgres(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.places.sockets),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "effective_cache_size": "1GB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "timezone": "UTC",
            "jit": "off",
        }
        if self.places.throwaway:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        if _shared_memory_is_small():  # a container's 64 MiB would fail parallel queries
            settings["dynamic_shared_memory_type"] = "mmap"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [
            self.binaries.postgres_bin / "postgres",
            "-D",
            self.places.postgres,
            *options,
        ]
        deadline = time.monotonic() + PATIENCE
        while True:
            self._spawn("postgres", command)
            try:
                self._wait("postgres", self._postgres_answers)
            except DevstackError as error:
                # The server of a keeper that was killed may still be on its way out.
                if "postmaster.pid" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _start_valkey(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self.places.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.places.valkey),
            "appendonly": "no" if self.places.throwaway else "yes",
            "save": "",
            "databases": "64",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._spawn("valkey", [self.binaries.valkey_server, *arguments])

    def _create_database(self) -> None:
        where = (f"--host={self.places.sockets}", f"--username={SUPERUSER}")
        result = self._run("createdb", *where, "--maintenance-db=postgres", DATABASE)
        if result.returncode and "already exists" not in result.stderr:
            msg = f"createdb failed: {result.stderr.strip()}"
            raise DevstackError(msg)

    def _postgres_answers(self) -> bool:
        where = (f"--host={self.places.sockets}", f"--username={SUPERUSER}", "--dbname=postgres", "--quiet")
        return self._run("pg_isready", *where).returncode == 0

    def _valkey_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.settimeout(1)
            probe.connect(str(self.places.valkey_socket))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        return False

    def _wait(self, name: str, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if self.children[name].poll() is not None or time.monotonic() > deadline:
                msg = f"{name} does not start:\n{tail(self.places.home / f'{name}.log')}"
                raise DevstackError(msg)
            time.sleep(0.05)


def _shared_memory_is_small() -> bool:
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < SHM_NEEDED
