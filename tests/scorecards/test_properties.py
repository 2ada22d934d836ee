"""Whatever the rows: cards equal the reference, running twice changes nothing, incremental equals full."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from communities.models import DirtyMark, Period
from portal.scorecards import actions
from portal.scorecards.models import MeasureCard
from tests.lengths import costly, longest
from tests.scorecards.conftest import TODAY, cards_of, measure
from tests.scorecards.reference import Reference
from tests.scorecards.worlds import SmallWorld, edits, rows, small_world, write


@pytest.fixture
def small(quarter: Period) -> SmallWorld:
    return small_world()


def expected() -> dict[int, dict[str, int]]:
    return {pk: dict(card) for pk, card in Reference(TODAY).cards.items()}


@costly()
@given(written=st.lists(rows, min_size=5, max_size=longest(30, 60)))
def test_cards_equal_the_reference(small: SmallWorld, quarter: Period, written: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        for edit in written:
            write(small, edit)
        first = measure(quarter)
        found = cards_of(first)
        ids = dict(MeasureCard.objects.filter(run=first).values_list("division_id", "public_id"))
        assert found == expected()

        second = measure(quarter)
        assert cards_of(second) == found
        assert dict(MeasureCard.objects.filter(run=second).values_list("division_id", "public_id")) == ids
        assert not MeasureCard.objects.filter(run=first).exists()
        transaction.set_rollback(True)


@costly()
@given(
    before=st.lists(rows, min_size=5, max_size=longest(20, 40)),
    after=st.lists(st.lists(edits, max_size=longest(4, 5)), max_size=longest(5, 8)),
)
def test_incremental_equals_full(
    small: SmallWorld, quarter: Period, before: list[dict[str, Any]], after: list[list[dict[str, Any]]]
) -> None:
    with transaction.atomic():
        for edit in before:
            write(small, edit)
        run = measure(quarter)
        DirtyMark.objects.all().delete()
        for group in after:
            for edit in group:
                write(small, edit)
            actions.sweep()
            assert not DirtyMark.objects.exists()
            assert cards_of(run) == expected()
        stored = dict(MeasureCard.objects.filter(run=run).values_list("division_id", "target_set"))
        again = measure(quarter)
        assert cards_of(again) == expected()
        assert dict(MeasureCard.objects.filter(run=again).values_list("division_id", "target_set")) == stored
        transaction.set_rollback(True)
