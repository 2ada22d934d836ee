"""Pytest plugin: real PostgreSQL and Valkey for the tests, started by the tests.

pytest-django reads the settings before any conftest is loaded, so this is named with ``-p`` and
works in ``pytest_addoption``. xdist workers inherit the environment of the controller and start
nothing. ``DATABASE_URL`` and ``REDIS_URL`` replace the servers.
"""

import os

import pytest

from portal import devstack

_lease: devstack.Lease | None = None


def pytest_addoption() -> None:
    """Start the servers, apart from those of ``make run``, on folders that vanish at the end."""
    global _lease  # noqa: PLW0603 - a plugin module is a singleton
    os.environ.setdefault("PORTAL_ENV", "test")
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # One test clears its cache, another counts its queries: each worker has its own, as it has its database.
        os.environ["CACHE_DATABASE"] = str(2 + int(worker.removeprefix("gw")) % 14)
        return
    if not devstack.needed(os.environ):
        return
    _lease = devstack.Lease(devstack.throwaway_places())
    _lease.acquire()
    for name, value in _lease.places.environment().items():
        os.environ.setdefault(name, value)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them; should this never be reached, they stop when the process ends."""
    if _lease is not None:
        _lease.release()
