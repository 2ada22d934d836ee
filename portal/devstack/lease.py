"""The lease: the right to use the servers."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from portal.devstack.keeper import EXIT_BUSY, READY, STAYS
from portal.devstack.places import (
    CHECKOUT,
    DevstackError,
    Places,
    belongs_to,
    checkout_places,
    prepare_home,
    server_account,
)
from portal.devstack.processes import PATIENCE, tail


class Lease:
    """The right to use the servers; they run while anybody holds one.

    Used as a context manager. The keeper is started when there is none.
    """

    def __init__(self, places: Places | None = None) -> None:
        self.places = places or checkout_places()
        self._line: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Return once both servers answer."""
        prepare_home(self.places)
        deadline = time.monotonic() + PATIENCE
        while not self._connect(deadline):
            if self._keeper is not None and self._keeper.poll() not in {None, 0, EXIT_BUSY}:
                raise DevstackError(tail(self.places.log))
            if time.monotonic() > deadline:
                msg = f"The servers did not answer within {PATIENCE:.0f} s; see {self.places.home}."
                raise DevstackError(msg)
            if self._keeper is None or self._keeper.poll() is not None:
                self._keeper = self._spawn_keeper()
            time.sleep(0.05)

    def release(self) -> None:
        """Give the lease back; if it was the last one, wait until the servers have stopped."""
        if self._line is None:
            return
        stays = False
        with self._line, suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
            self._line.settimeout(PATIENCE)
            stays = self._line.recv(64) == STAYS
        self._line = None
        if self._keeper is not None and stays:
            self._keeper.returncode = 0  # it outlives us on purpose: no wait, no warning
        elif self._keeper is not None:
            self._keeper.wait(PATIENCE)

    def _connect(self, deadline: float) -> bool:
        """Ask the keeper, if there is one. A folder of somebody else's is not asked."""
        if not belongs_to(self.places.sockets, server_account().uid):
            return False
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            line.connect(str(self.places.keeper_socket))
            granted = line.recv(64) == READY
        except OSError:
            granted = False
        if granted:
            line.settimeout(None)
            self._line = line
        else:
            line.close()
        return granted

    def _spawn_keeper(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "portal.devstack", "keep"]
        command += [
            f"--home={self.places.home}",
            f"--data={self.places.data}",
            f"--sockets={self.places.sockets}",
        ]
        command += ["--throwaway"] if self.places.throwaway else []
        with self.places.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                start_new_session=True,
            )


def needed(environment: Mapping[str, str]) -> bool:
    """Whether the environment leaves out either server, so that ours are used."""
    return not (environment.get("DATABASE_URL") and environment.get("REDIS_URL"))
