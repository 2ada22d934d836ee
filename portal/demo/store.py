"""From the plan to rows, table by table, in large batches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from django.db import connection, models

from communities.base.pinyin import initials, sort_key
from communities.base.places import label
from communities.choices import BuildingClass, CodeScheme, CommunityKind, CommunityState, Level
from communities.models import (
    Committee,
    CommitteePlacement,
    CommunityRecord,
    Division,
    DivisionCode,
    DivisionRecord,
    Exemption,
    HouseholdCount,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    PremisesPlacement,
)
from portal.demo.copying import insert
from portal.demo.plan import CityPlan, CommunityPlan, ExemptionPlan, Place, PlaceRecord, Room

ALWAYS = (None, None)


def take_ids(model: type[models.Model], count: int) -> Iterator[int]:
    """As many new ids of a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return iter([pk for (pk,) in cursor.fetchall()])


def square_metres(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


# ---------------------------------------------------------------- places


def store_places(places: Sequence[Place], root: Division) -> None:
    """Places from the top down, with their records and codes of all times."""
    ids = take_ids(Division, len(places))
    for place in places:
        place.pk = next(ids)
        place.path = (place.parent.path if place.parent else root.path_now) + label(place.pk)
    insert(Division, (_division(place, root) for place in places))
    insert(DivisionRecord, (record for place in places for record in _records(place, root)))
    insert(DivisionCode, (code for place in places for code in _codes(place)))


def _division(place: Place, root: Division) -> Division:
    return Division(
        pk=place.pk,
        level=place.level,
        path_now=place.path,
        parent_now_id=place.parent.pk if place.parent else root.pk,
        name_now=place.name,
        kind_now=place.kind,
        code_now=place.code,
        sort_key=sort_key(place.name),
        initials=initials(place.name),
    )


def _records(place: Place, root: Division) -> Iterator[DivisionRecord]:
    """One record per name and kind; a change of code alone makes none."""
    names = [(record.until, record.name, record.kind) for record in place.earlier]
    stages = [stage for stage in names if stage[1:] != (place.name, place.kind)]
    days = [place.since, *(until for until, _, _ in stages), None]
    facts = [*((name, kind) for _, name, kind in stages), (place.name, place.kind)]
    for valid, (name, kind) in zip(pairwise(days), facts, strict=True):
        yield DivisionRecord(
            division_id=place.pk,
            valid=valid,
            name=name,
            kind=kind,
            parent_id=place.parent.pk if place.parent else root.pk,
            path=place.path,
            location_class=place.location_class,
            urban_rural_class=place.urban_rural_class,
        )


def _codes(place: Place) -> Iterator[DivisionCode]:
    stages = [(record.until, record.code) for record in place.earlier if record.code != place.code]
    days = [place.since, *(until for until, _ in stages), None]
    for valid, code in zip(pairwise(days), [*(code for _, code in stages), place.code], strict=True):
        yield DivisionCode(
            division_id=place.pk, scheme=CodeScheme.STATISTICAL, level=place.level, code=code, valid=valid
        )


# ---------------------------------------------------------------- communities and committees


def store_communities(communities: Sequence[CommunityPlan]) -> None:
    insert(CommunityRecord, (_community_record(c, r) for c in communities for r in community_records(c)))
    _store_committees(communities)
    _store_rooms(communities)
    insert(
        PremisesNilStatement,
        (
            PremisesNilStatement(
                division_id=c.place.pk,
                committee_id=nil.body.pk if nil.body else None,
                kind=nil.kind,
                stated_on=nil.stated_on,
                note="社区申报：暂无此类用房",
            )
            for c in communities
            for nil in c.nils
        ),
    )
    insert(
        HouseholdCount,
        (
            HouseholdCount(
                division_id=c.place.pk,
                source=count.source,
                definition=count.definition,
                counted_on=count.counted_on,
                households=count.households,
                residents=count.residents,
            )
            for c in communities
            for count in c.counts
        ),
    )


def community_records(community: CommunityPlan) -> Iterator[PlaceRecord]:
    """Stages of kind and building class, cut at the days of renovation and conversion."""
    cuts = sorted({day for day in (community.renovated_on, community.converted_on) if day is not None})
    for since, until in pairwise([community.place.since, *cuts, None]):
        yet = since or dt.date.min
        before_renovation = community.renovated_on is not None and yet < community.renovated_on
        before_conversion = community.converted_on is not None and yet < community.converted_on
        yield PlaceRecord(
            since,
            until,
            CommunityKind.OUTSKIRTS_RURAL if before_conversion else community.kind,
            BuildingClass.OLD if before_renovation else community.building_class,
            community.state,
        )


def _community_record(community: CommunityPlan, record: PlaceRecord) -> CommunityRecord:
    return CommunityRecord(
        division_id=community.place.pk,
        valid=(record.since, record.until),
        kind=record.kind,
        building_class=record.building_class,
        state=record.state if record.until is None else CommunityState.ACTIVE,
    )


def _store_committees(communities: Sequence[CommunityPlan]) -> None:
    bodies = [body for community in communities for body in community.bodies]
    ids = take_ids(Committee, len(bodies))
    for body in bodies:
        body.pk = next(ids)
    insert(
        Committee,
        (
            Committee(
                pk=body.pk,
                name=body.name,
                kind=body.kind,
                division_now_id=body.community.place.pk,
                valid=(body.founded, body.ended),
                term_number=body.term_number,
                elected_on=body.elected_on,
                expires_on=body.expires_on,
            )
            for body in bodies
        ),
    )
    insert(
        CommitteePlacement,
        (CommitteePlacement(thing_id=b.pk, division_id=b.community.place.pk, valid=ALWAYS) for b in bodies),
    )


# ---------------------------------------------------------------- rooms


def _store_rooms(communities: Sequence[CommunityPlan]) -> None:
    rooms = [(community, room) for community in communities for room in community.rooms]
    ids = take_ids(Premises, len(rooms))
    for _, room in rooms:
        room.pk = next(ids)
    insert(Premises, (_premises(community, room) for community, room in rooms))
    insert(
        PremisesPlacement,
        (PremisesPlacement(thing_id=r.pk, division_id=c.place.pk, valid=ALWAYS) for c, r in rooms),
    )
    insert(
        PremisesFunctionArea,
        (
            PremisesFunctionArea(premises_id=room.pk, function=function, area=square_metres(area))
            for _, room in rooms
            for function, area in room.functions.items()
        ),
    )


def _premises(community: CommunityPlan, room: Room) -> Premises:
    return Premises(
        pk=room.pk,
        name=room.name,
        kind=room.kind,
        division_now_id=community.place.pk,
        committee_id=room.body.pk if room.body else None,
        area=square_metres(room.area),
        tenure=room.tenure,
        address=room.address,
        floor=room.floor,
        condition=room.condition,
        obtained_on=room.obtained,
        lost_on=room.lost,
        lost_reason=room.reason,
        is_temporary=room.temporary_until is not None,
        temporary_until=room.temporary_until,
        is_zoned=bool(room.functions),
        has_open_counter=room.has_open_counter,
        is_one_door=room.is_one_door,
    )


# ---------------------------------------------------------------- exemptions


def store_exemptions(city: CityPlan) -> None:
    rows = ((c, exemption) for c in city.communities for exemption in c.exemptions)
    insert(Exemption, (_exemption(city, community, exemption) for community, exemption in rows))


def _exemption(city: CityPlan, community: CommunityPlan, plan: ExemptionPlan) -> Exemption:
    short = city.place.name.removesuffix("市")
    return Exemption(
        key=plan.key,
        division_id=community.place.pk,
        committee_id=plan.body.pk if plan.body else None,
        valid=(plan.since, plan.until),
        reason=plan.reason,
        decision_number=f"{short}民函〔{plan.since.year}〕{plan.number}号",
        decided_by=f"{city.place.name}民政局",
        review_on=plan.review_on,
    )


def store_city(city: CityPlan, root: Division) -> None:
    """One city with everything that stands in it. Its province must be stored before."""
    store_places([place for place in city.places if place.level > Level.PROVINCE], root)
    store_communities(city.communities)
    store_exemptions(city)
