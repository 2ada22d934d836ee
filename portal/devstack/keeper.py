"""The keeper: the process that owns the servers for as long as anybody holds a lease."""

from __future__ import annotations

import fcntl
import select
import shutil
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from portal.devstack.places import DevstackError, Places, prepare_home
from portal.devstack.processes import PATIENCE
from portal.devstack.servers import Servers

EXIT_BUSY = 75
"""A keeper that finds another one at work leaves with this code; its starter just tries again."""

READY = b"ready\n"
STAYS = b"stays\n"
"""What a keeper says on a lease: when it is granted, and at its end while others remain."""


def keep(places: Places) -> int:
    """Own the servers until the last lease is gone. The body of the keeper process."""
    lock = _lock(places)
    if lock is None:
        return EXIT_BUSY
    for ignored in (signal.SIGINT, signal.SIGHUP):  # meant for the terminal's own commands
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    servers = Servers(places)
    leases: list[socket.socket] = []
    try:
        listener = _listen(places.keeper_socket)
        servers.start()
        _serve(servers, listener, leases)
    finally:
        servers.stop()
        shutil.rmtree(places.home if places.throwaway else places.sockets, ignore_errors=True)
    return 0  # the lock and the last lease end with this process: others wait for that


def remove(places: Places) -> int:
    """Delete the data, unless they are in use."""
    lock = _lock(places)
    if lock is None:
        msg = "The servers are running; stop make run and other commands first."
        raise DevstackError(msg)
    with lock:
        for folder in (places.data.resolve(), places.sockets):
            shutil.rmtree(folder, ignore_errors=True)
        places.data.unlink(missing_ok=True)  # where it was a link
    return 0


def _lock(places: Places) -> IO[str] | None:
    """The keeper's lock; the kernel gives it back however its holder ends."""
    prepare_home(places)
    lock = (places.home / "keeper.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # of a keeper that was killed: the lock says that none lives
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def _serve(servers: Servers, listener: socket.socket, leases: list[socket.socket]) -> None:
    """Grant leases until the last one ends; then refuse new ones at once and return."""
    first_by = time.monotonic() + PATIENCE
    while leases or time.monotonic() < first_by:
        readable, _, _ = select.select([listener, *leases], [], [], 1.0)
        servers.restart_fallen()
        if listener in readable:
            lease, _ = listener.accept()
            leases.append(lease)
            with suppress(OSError):
                lease.sendall(READY)
            first_by = 0.0
        for lease in [ready for ready in readable if ready is not listener and _has_ended(ready)]:
            if len(leases) == 1:
                listener.close()
                return
            leases.remove(lease)
            with lease, suppress(OSError):
                lease.sendall(STAYS)


def _has_ended(lease: socket.socket) -> bool:
    """Holders never send; end of file is how the kernel reports that one has gone."""
    try:
        return lease.recv(1) == b""
    except OSError:
        return True
