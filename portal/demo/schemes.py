"""The demo's rating schemes as rows: two versions for communities, shorter ones beside them, and a draft."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from communities.models import Clause
from portal.demo import sheets
from portal.demo.cities import ProvincePlan
from portal.demo.plan import Place
from portal.demo.sheets import SchemeSpec, SheetSpec
from portal.demo.specs import JICHUAN, YULAN, YUNZHOU
from portal.scorecards.models import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
)

STAR_NAMES = {5: "五星级", 4: "四星级", 3: "三星级", 2: "二星级", 1: "一星级"}


def store_schemes(plan: ProvincePlan) -> None:
    """All schemes; published ones rate the quarters from the first one of the demo on."""
    cities = {name: city.place for name, city in plan.cities.items()}
    yunzhou = cities[YUNZHOU.name]
    begin = plan.timeline.quarters[0].first
    this_year = dt.date(plan.timeline.anchor.year, 1, 1)
    six_good = _scheme(sheets.SIX_GOOD, yunzhou)
    if begin < this_year:
        _version(six_good, sheets.SIX_GOOD_EARLIER, (begin, this_year))
    _version(six_good, sheets.SIX_GOOD_NOW, (max(begin, this_year), None))
    for spec in (sheets.OF_STREETS, sheets.OF_DISTRICTS):
        _version(_scheme(spec, yunzhou), sheets.ABOVE, (begin, None))
    for name in (YULAN.name, JICHUAN.name):
        _version(_scheme(sheets.SHORT, cities[name]), sheets.SHORT_SHEET, (begin, None))
    draft = _scheme(sheets.CROSS_CHECK, yunzhou)
    _version(draft, sheets.CROSS_CHECK_SHEET, (this_year, None), is_published=False)


def _scheme(spec: SchemeSpec, place: Place) -> RatingScheme:
    return RatingScheme.objects.create(
        name=spec.name, level=spec.level, jurisdiction_id=place.pk, description=spec.description
    )


def _version(
    scheme: RatingScheme,
    sheet: SheetSpec,
    valid: tuple[dt.date, dt.date | None],
    *,
    is_published: bool = True,
) -> RatingSchemeVersion:
    """The content first: a published version takes no more."""
    version = RatingSchemeVersion.objects.create(
        scheme=scheme, valid=valid, peer_class=sheet.peer_class, note=sheet.note
    )
    clauses = {
        clause.label: clause
        for clause in Clause.objects.filter(document__jurisdiction=scheme.jurisdiction_id)
    }
    for position, group in enumerate(sheet.groups, 1):
        row = RatingGroup.objects.create(
            scheme_version=version,
            position=position,
            name=group.name,
            full_mark=Decimal(group.full_mark),
            is_bonus=group.is_bonus,
        )
        RatingItem.objects.bulk_create(
            RatingItem(
                group=row,
                position=number,
                name=item.name,
                full_mark=Decimal(item.full_mark),
                rule=item.rule,
                not_applicable=item.not_applicable,
                clause=clauses.get(item.clause or group.clause),
                building_classes=list(item.classes) or None,
                evidence=item.evidence,
                method=item.method,
            )
            for number, item in enumerate(group.items, 1)
        )
    _grades_and_vetoes(version, sheet)
    if is_published:
        RatingItem.objects.filter(group__scheme_version=version).keep_bases()
        version.published_at = timezone.now()
        version.save(update_fields=["published_at"])
    return version


def _grades_and_vetoes(version: RatingSchemeVersion, sheet: SheetSpec) -> None:
    RatingGrade.objects.bulk_create(
        RatingGrade(scheme_version=version, name=STAR_NAMES[stars], stars=stars, least=Decimal(least))
        for stars, least in sheet.stars.items()
    )
    RatingVeto.objects.bulk_create(
        RatingVeto(
            scheme_version=version,
            position=position,
            name=veto.name,
            value=veto.value,
            operator=veto.operator,
            target=Decimal(veto.target),
            effect=veto.effect,
        )
        for position, veto in enumerate(sheet.vetoes, 1)
    )
