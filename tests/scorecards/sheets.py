"""Schemes for tests: published versions written down shortly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from communities.choices import Level
from communities.models import Division
from portal.scorecards.models import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
    VetoEffect,
)
from tests import factories


def threshold(code: str, target: str, operator: str = "ge") -> dict[str, Any]:
    """All or nothing; nothing where nobody reported, and not applicable where there is nothing to divide by."""
    return {
        "shape": "threshold",
        "value": code,
        "operator": operator,
        "target": target,
        "missing": "zero",
        "no_base": "not_applicable",
    }


def scheme(jurisdiction: Division, **kwargs: Any) -> RatingScheme:
    kwargs.setdefault("name", "示范社区评分表")
    kwargs.setdefault("level", Level.COMMUNITY)
    return RatingScheme.objects.create(jurisdiction=jurisdiction, **kwargs)


def version(
    jurisdiction: Division,
    groups: dict[str, tuple[str, list[dict[str, Any]]]],
    *,
    grades: dict[str, str] | None = None,
    vetoes: list[dict[str, Any]] | None = None,
    bonus: tuple[str, ...] = (),
    published: bool = True,
    level: Level = Level.COMMUNITY,
    of: RatingScheme | None = None,
    **kwargs: Any,
) -> RatingSchemeVersion:
    """``groups``: name to (full mark, items as keyword arguments); ``grades``: name to the total from which on."""
    base = sum((Decimal(full) for name, (full, _items) in groups.items() if name not in bonus), Decimal(0))
    kwargs.setdefault("full_mark", base)
    kwargs.setdefault("valid", factories.FOREVER)
    row = RatingSchemeVersion.objects.create(scheme=of or scheme(jurisdiction, level=level), **kwargs)
    for position, (name, (full, items)) in enumerate(groups.items(), 1):
        group = RatingGroup.objects.create(
            scheme_version=row, position=position, name=name, full_mark=Decimal(full), is_bonus=name in bonus
        )
        for number, item in enumerate(items, 1):
            told = {"name": f"{name}{number}", "position": number} | item
            RatingItem.objects.create(group=group, **told)
    for name, least in (grades or {}).items():
        RatingGrade.objects.create(scheme_version=row, name=name, least=Decimal(least))
    for position, veto in enumerate(vetoes or [], 1):
        told = {"name": f"否决{position}", "effect": VetoEffect.BAR_TOP} | veto
        RatingVeto.objects.create(scheme_version=row, position=position, **told)
    if published:
        row.published_at = timezone.now()
        row.save(update_fields=["published_at"])
    row.refresh_from_db()
    return row
