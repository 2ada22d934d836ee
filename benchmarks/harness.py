"""A database of its own, a stop-watch, and one way to print a result."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of one thing."""

    runs: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def p95(self) -> float:
        return sorted(self.runs)[max(0, round(0.95 * len(self.runs)) - 1)]


def timed(work: Callable[[], object], *, runs: int = 7, warm_up: int = 1) -> Timing:
    """Run ``work`` a few times; the first ones, which fill caches, do not count."""
    for _ in range(warm_up):
        work()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return Timing(seconds)


def report(goal: str, what: str, measured: str, wanted: str, *, met: bool) -> None:
    """One line of the table: goal, what was done, what came out, what was wanted."""
    print(f"{goal:<5}{what:<58}{measured:>26}  {wanted:<24}{'met' if met else 'NOT MET'}", flush=True)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms" if seconds < 10 else f"{seconds:,.1f} s"


@contextmanager
def throwaway_database() -> Iterator[None]:
    """Servers of their own with the product's tables, unless DATABASE_URL names a server to use.

    Settings are read once, so this comes before anything of Django is imported.
    """
    from portal import devstack  # noqa: PLC0415 - must come before the settings are read

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("PORTAL_ENV", "test")
    lease = None
    if devstack.needed(os.environ):
        lease = devstack.Lease(devstack.throwaway_places("bench"))
        lease.acquire()
        os.environ.update(lease.places.environment())
    try:
        import django  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        if lease is not None:
            lease.release()


def wanted(name: str) -> bool:
    """Whether the command line asks for this benchmark: no words ask for all."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    return not words or name in words
