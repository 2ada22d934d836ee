"""Slots: the append-only numbering of the positions in cards."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Max

from portal.scorecards.models import MeasureSlot


def register(codes: Sequence[str]) -> dict[str, int]:
    """Position of every slot ever used; new codes are appended, one writer at a time, and none is used again."""
    positions = dict(MeasureSlot.objects.values_list("code", "position"))
    if all(code in positions for code in codes):
        return positions
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE scorecards_measureslot IN SHARE ROW EXCLUSIVE MODE")
        positions = dict(MeasureSlot.objects.values_list("code", "position"))
        last = MeasureSlot.objects.aggregate(last=Max("position"))["last"]
        start = 0 if last is None else last + 1
        new = [code for code in codes if code not in positions]
        MeasureSlot.objects.bulk_create(
            MeasureSlot(code=code, position=position) for position, code in enumerate(new, start)
        )
    return dict(MeasureSlot.objects.values_list("code", "position"))
