"""Rows for tests, one function per model with sensible defaults; a test states only what it is about."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from importlib import import_module
from itertools import count
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password

from communities.actions.divisions import create_division
from communities.base.places import label
from communities.choices import (
    BuildingClass,
    CommitteeKind,
    CommunityKind,
    CountDefinition,
    CountSource,
    DivisionKind,
    DocumentKind,
    Force,
    Level,
    Operator,
    PremisesKind,
    Tenure,
)
from communities.models import (
    Clause,
    Committee,
    CommunityRecord,
    Division,
    DivisionRecord,
    Exemption,
    HolidaySchedule,
    HouseholdCount,
    Period,
    PolicyDocument,
    Premises,
    PremisesNilStatement,
    RoleAssignment,
    Threshold,
    User,
)

PASSWORD = "correct-horse-battery-9"
FOREVER = (None, None)
_numbers = count(1)

_DEFAULT_KIND = {
    Level.PROVINCE: DivisionKind.PROVINCE,
    Level.CITY: DivisionKind.PREFECTURE_CITY,
    Level.DISTRICT: DivisionKind.DISTRICT,
    Level.STREET: DivisionKind.STREET,
    Level.COMMUNITY: DivisionKind.RESIDENTS_COMMUNITY,
}


def root() -> Division:
    """全国; planted again where a test that commits has emptied the tables."""
    found = Division.objects.filter(level=Level.COUNTRY).first()
    if found is None:
        found = Division.objects.create(
            level=Level.COUNTRY, path_now="", name_now="全国", kind_now=DivisionKind.COUNTRY
        )
        Division.objects.filter(pk=found.pk).update(path_now=label(found.pk))
        found.refresh_from_db()
        DivisionRecord.objects.create(
            division=found, valid=FOREVER, name="全国", kind=DivisionKind.COUNTRY, path=found.path_now
        )
    return found


def holidays() -> None:
    """The published schedules; entered again, as by their migration, where the tables were emptied."""
    if not HolidaySchedule.objects.exists():
        import_module("communities.migrations.0019_holidays").enter(apps, None)


def division(name: str, level: Level, parent: Division, **kwargs: Any) -> Division:
    kwargs.setdefault("code", f"99{next(_numbers):010d}")
    return create_division(
        name=name, level=level, kind=kwargs.pop("kind", _DEFAULT_KIND[level]), parent=parent, **kwargs
    )


def community(
    name: str, parent: Division, building_class: str = BuildingClass.RENOVATED, **kwargs: Any
) -> Division:
    place = division(name, Level.COMMUNITY, parent, **kwargs)
    CommunityRecord.objects.create(
        division=place, valid=FOREVER, kind=CommunityKind.URBAN, building_class=building_class
    )
    return place


def committee(place: Division, name: str = "", **kwargs: Any) -> Committee:
    kwargs.setdefault("kind", CommitteeKind.RESIDENTS)
    kwargs.setdefault("valid", FOREVER)
    row = Committee.objects.create(name=name or f"{place.name_now}居委会", division_now=place, **kwargs)
    row.placements.create(division=place, valid=FOREVER)
    return row


def premises(
    place: Division, kind: str = PremisesKind.OFFICE, area: str = "120.00", **kwargs: Any
) -> Premises:
    kwargs.setdefault("tenure", Tenure.OWNED)
    kwargs.setdefault("name", f"{place.name_now}用房")
    row = Premises.objects.create(division_now=place, kind=kind, area=Decimal(area), **kwargs)
    row.placements.create(division=place, valid=FOREVER)
    return row


def household_count(place: Division, households: int = 1000, **kwargs: Any) -> HouseholdCount:
    kwargs.setdefault("source", CountSource.POLICE)
    kwargs.setdefault("definition", CountDefinition.REGISTERED)
    kwargs.setdefault("counted_on", dt.date(2026, 1, 1))
    return HouseholdCount.objects.create(
        division=place, households=households, residents=kwargs.pop("residents", households * 3), **kwargs
    )


def nil_statement(place: Division, **kwargs: Any) -> PremisesNilStatement:
    kwargs.setdefault("kind", PremisesKind.ACTIVITY)
    kwargs.setdefault("stated_on", dt.date(2026, 1, 1))
    return PremisesNilStatement.objects.create(division=place, **kwargs)


def exemption(place: Division, key: str = "premises.office.area", **kwargs: Any) -> Exemption:
    kwargs.setdefault("valid", FOREVER)
    kwargs.setdefault("reason", "危房改造")
    kwargs.setdefault("decision_number", "1")
    kwargs.setdefault("decided_by", "民政局")
    return Exemption.objects.create(key=key, division=place, **kwargs)


def document(jurisdiction: Division, title: str = "社区用房建设标准", **kwargs: Any) -> PolicyDocument:
    kwargs.setdefault("issuer", "民政局")
    kwargs.setdefault("kind", DocumentKind.CITY)
    kwargs.setdefault("valid", FOREVER)
    return PolicyDocument.objects.create(jurisdiction=jurisdiction, title=title, **kwargs)


def clause(jurisdiction: Division, label: str = "第一条", **kwargs: Any) -> Clause:
    return Clause.objects.create(
        document=kwargs.pop("document", None) or document(jurisdiction),
        label=label,
        text=kwargs.pop("text", "条款内容。"),
    )


def threshold(key: str, jurisdiction: Division, low: str | None = "100", **kwargs: Any) -> Threshold:
    kwargs.setdefault("operator", Operator.AT_LEAST)
    kwargs.setdefault("unit", "平方米")
    kwargs.setdefault("valid", FOREVER)
    kwargs.setdefault("force", Force.DEFAULT)
    if "clause" not in kwargs:
        kwargs["clause"] = clause(jurisdiction)
    return Threshold.objects.create(
        key=key, jurisdiction=jurisdiction, low=Decimal(low) if low is not None else None, **kwargs
    )


def period(
    code: str = "2026Q3",
    first: dt.date = dt.date(2026, 7, 1),
    end: dt.date = dt.date(2026, 10, 1),
    **kwargs: Any,
) -> Period:
    kwargs.setdefault("kind", "quarter")
    row = Period.objects.create(code=code, span=(first, end), **kwargs)
    row.refresh_from_db()  # a range object instead of the pair
    return row


@cache
def password_hash() -> str:
    """The real hasher costs half a second: once for all users."""
    return make_password(PASSWORD)


def user(username: str, role: str | None = None, place: Division | None = None, **kwargs: Any) -> User:
    kwargs.setdefault("name", username)
    row = User.objects.create(username=username, password=password_hash(), **kwargs)
    if role is not None and place is not None:
        RoleAssignment.objects.create(user=row, role=role, division=place, valid=FOREVER)
    return row
