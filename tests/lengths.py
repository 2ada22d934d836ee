"""Pytest plugin: short tests by ``make test``, as long as the requirements ask by ``make prove``.

Every property runs in both: a hundred examples, or four thousand; where one takes a good part of a second, a tenth
of that (``costly``). So does every test marked ``at_length``, which asks ``is_proof`` how far to go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

PROVE = "prove"
_NOT_ABOUT_US = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

settings.register_profile("test", max_examples=100, deadline=None, suppress_health_check=_NOT_ABOUT_US)
settings.register_profile(PROVE, settings.get_profile("test"), max_examples=4000)


def is_proof() -> bool:
    return settings.get_current_profile_name() == PROVE


def costly() -> settings:
    """For examples that write and measure."""
    return settings(max_examples=settings().max_examples // 10)


def longest(short: int, proof: int) -> int:
    """How long what is drawn may become."""
    return proof if is_proof() else short


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(PROVE if config.option.markexpr == PROVE else "test")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[Any]:
    if is_proof():
        for item in items:
            if isinstance(item, pytest.Function) and (
                is_hypothesis_test(item.obj) or item.get_closest_marker("at_length")
            ):
                item.add_marker(PROVE)
    result = yield
    for item in items:
        _name_its_group(item)
    return result


def _name_its_group(item: pytest.Item) -> None:
    """pytest-xdist 3.8 writes the group of a test where pytest 9.1 looked for its name, and 9.2 no longer does."""
    named = getattr(item, "_nodeid", None)
    if named is not None and hasattr(item, "_id"):
        from _pytest.nodeid import NodeId

        item._id = NodeId.parse(named)
