"""Child processes that end with us."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60.0
"""Seconds to wait for anything here: a busy machine has taken 58."""


def clean_environment() -> dict[str, str]:
    """Servers must not inherit the locale, time zone or PG* variables of a terminal."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """A ``preexec_fn`` that binds a child to our life on Linux; elsewhere it does nothing.

    The C library is loaded here, before the child drops its privileges, and the request is made
    after it: the kernel forgets it when credentials change.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def bind() -> None:
        prctl(1, int(how), 0, 0, 0)
        if os.getppid() != parent:  # the parent went before the request was made
            os._exit(1)

    return bind


def end(
    process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = PATIENCE
) -> None:
    """Ask a child to end, wait, and insist."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
