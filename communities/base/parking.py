"""Parts of one row that change places: unique rules look at each write, and would refuse the first of them."""

from __future__ import annotations

from typing import Any

from django.db.models import UniqueConstraint
from django.utils import timezone

from communities.base.models import Parts


def park(parts: Parts) -> set[int]:
    """Parts that give up a value by which no two may be alike, so that another may take it before they are written.

    Until then they stand beside the live ones, where unique rules do not look. Their keys.
    """
    written = [part for part in parts.kept if part.pk not in parts.untouched]
    if len(written) < 2:
        return set()
    model: Any = type(written[0])
    names = {
        name
        for rule in model._meta.constraints
        if isinstance(rule, UniqueConstraint) and rule.condition is not None
        for name in rule.fields
        if name != model.part_of
    }
    stored = model._default_manager.in_bulk([part.pk for part in written if part.pk is not None])
    given_up = {
        part.pk
        for part in written
        if part.pk in stored and any(getattr(part, name) != getattr(stored[part.pk], name) for name in names)
    }
    if given_up:
        model._default_manager.filter(pk__in=given_up).update(deleted_at=timezone.now())
    return given_up
