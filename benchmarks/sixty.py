"""Sixty indicators and a scheme of sixty items of five kinds of rules, for measuring what runs cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice, product
from typing import Any

from django.db.models import Q

from communities.base.measures import Indicator, Measure, Validity
from communities.choices import Condition, Level, PremisesFunction, PremisesKind, Tenure
from communities.indicators import COMMITTEES, COMMUNITIES, HOUSEHOLDS, PREMISES_AREA
from communities.models import Division
from portal.scorecards import catalogue
from portal.scorecards.engine import cards
from portal.scorecards.models import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
)
from portal.scorecards.scoring import inputs

NUMBER = 60
GROUPS = 6


def further() -> Iterator[Indicator]:
    """Areas and counts of premises by kind, tenure and condition; of zones by function."""
    below = [COMMITTEES, COMMUNITIES, HOUSEHOLDS, PREMISES_AREA]
    for number, (kind, tenure, condition) in enumerate(product(PremisesKind, Tenure, ["", *Condition])):
        where = Q(kind=kind, tenure=tenure) & (Q(condition=condition) if condition else Q())
        code = f"bench.rooms.{kind}.{tenure}.{condition or 'any'}"
        column = None if number % 2 else "area"
        top = Measure(
            code, code, "communities.Premises", Validity.STOCK, column=column, scale=100 if column else 1,
            where=where,
        )  # fmt: skip
        yield _indicator(code, top, below[number % len(below)])
    for function in PremisesFunction:
        code = f"bench.zones.{function}"
        top = Measure(
            code, code, "communities.PremisesFunctionArea", Validity.STOCK, column="area", scale=100,
            where=Q(function=function), via="premises",
        )  # fmt: skip
        yield _indicator(code, top, HOUSEHOLDS)


def _indicator(code: str, top: Measure, bottom: Measure) -> Indicator:
    return Indicator(
        code, code, code, "", "", higher_is_better=True, numerator=top, denominator=bottom, scale=100,
        numerator_scale=top.scale, denominator_scale=bottom.scale,
    )  # fmt: skip


@contextmanager
def sixty_indicators() -> Iterator[None]:
    """The catalogue grown to sixty, and as it was afterwards."""
    before = dict(catalogue.INDICATORS)
    more = islice(further(), NUMBER - len(before))
    catalogue.INDICATORS.update({each.code: each for each in more})
    _forget()
    try:
        yield
    finally:
        catalogue.INDICATORS.clear()
        catalogue.INDICATORS.update(before)
        _forget()


def _forget() -> None:
    for remembered in (catalogue.slots, cards.parts_of, inputs.inputs, inputs.names):
        remembered.cache_clear()


def rule(code: str, number: int) -> dict[str, Any]:
    """One of five kinds by turns."""
    kinds: list[dict[str, Any]] = [
        {"shape": "threshold", "value": code, "operator": "ge", "target": "50"},
        {
            "shape": "bands",
            "value": code,
            "bands": [
                {"least": "80", "points": "2"},
                {"least": "40", "points": "1.5"},
                {"least": "10", "points": "1"},
                {"points": "0"},
            ],
        },
        {"shape": "pro_rata", "value": code, "target": "90"},
        {"shape": "shortfall", "value": code, "target": "60", "step": "3", "points": "0.1"},
        {"shape": "deduction", "occurrences": [{"value": "office.falls_short", "each": "0.5"}]},
    ]
    return kinds[number % len(kinds)]


def scheme_of_sixty(place: Division) -> RatingSchemeVersion:
    """Published, of a hundred and twenty points in six groups, ranked by building class, with five grades."""
    scheme = RatingScheme.objects.create(name="六十项", level=Level.COMMUNITY, jurisdiction=place)
    version = RatingSchemeVersion.objects.create(
        scheme=scheme, valid=(None, None), full_mark=Decimal(2 * NUMBER), peer_class="building_class"
    )
    groups = [
        RatingGroup.objects.create(
            scheme_version=version, position=n, name=f"组{n}", full_mark=Decimal(2 * NUMBER // GROUPS)
        )
        for n in range(GROUPS)
    ]
    RatingItem.objects.bulk_create(
        RatingItem(
            group=groups[n % GROUPS], position=n, name=f"项{n}", full_mark=Decimal(2), rule=rule(code, n)
        )
        for n, code in enumerate(catalogue.INDICATORS)
    )
    RatingGrade.objects.bulk_create(
        RatingGrade(scheme_version=version, name=f"{n} 星", stars=n, least=Decimal(20 * n))
        for n in range(1, 6)
    )
    RatingSchemeVersion.objects.filter(pk=version.pk).update(published_at="2026-01-01T00:00:00Z")
    version.refresh_from_db()
    return version
