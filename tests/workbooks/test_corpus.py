"""R21: odd files. Each is refused with place and reason, or taken just right; none hurts the worker."""

from __future__ import annotations

import time

import pytest

from communities.models import Premises
from tests.conftest import World
from tests.workbooks.conftest import Send, confirmed, told
from tests.workbooks.corpus import BAD, GOOD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_taken_is_refused_with_its_reason(world: World, send: Send, name: str) -> None:
    file_name, content, words = BAD[name]
    before = Premises.objects.count()
    began = time.monotonic()
    batch = send(content(), name=file_name)
    assert time.monotonic() - began < 20  # 5 s on a machine of its own
    if batch.state == "refused":
        assert words in batch.refusal
        return
    assert batch.state == "ready", batch.refusal
    assert batch.counts["refused"] == 1, told(batch)
    assert [message for _column, message in told(batch) if words in message], told(batch)
    assert Premises.objects.count() == before


@pytest.mark.parametrize("name", GOOD)
def test_habits_are_accepted_quietly(world: World, send: Send, name: str) -> None:
    file_name, content, expected = GOOD[name]
    batch = send(content(), name=file_name)
    assert (batch.refusal, told(batch)) == ("", [])
    assert batch.counts["created"] == 1
    assert ("hidden_rows" in batch.notes) == (name == "hidden and filtered rows")
    assert confirmed(batch, "all_or_nothing").state == "done"
    room = Premises.objects.order_by("-pk")[0]
    assert {field: getattr(room, field) for field in expected} == expected
