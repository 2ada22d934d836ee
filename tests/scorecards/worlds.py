"""Small worlds and edits drawn at random, all written through ``actions.save``.

Values crowd around what decides: the anchor day and its neighbours, areas on and beside thresholds.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import strategies as st

from communities.base.actions import save
from communities.choices import (
    BuildingClass,
    CommitteeKind,
    CommunityKind,
    CountDefinition,
    CountSource,
    Force,
    Level,
    LocationClass,
    LossReason,
    Operator,
    PremisesFunction,
    PremisesKind,
    Tenure,
)
from communities.models import (
    Committee,
    CommunityRecord,
    Division,
    Exemption,
    HouseholdCount,
    PreferredCountSource,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    Threshold,
)
from tests import factories

DAY = dt.date(2026, 8, 15)
KEYS = {
    "premises.office.area": ["80", "100", "120.5"],
    "premises.service.area": ["100", "200"],
    "premises.office.share": ["20", "50"],
}
AREAS = ["0.01", "79.99", "80", "99.99", "100", "100.01", "120.5", "200", "400"]


@dataclass
class SmallWorld:
    """A city with a district and one whose town stands right below it; five communities; empty registers."""

    places: list[Division]
    communities: list[Division]
    clause: Any


def small_world() -> SmallWorld:
    province = factories.division("省", Level.PROVINCE, factories.root())
    city = factories.division("市", Level.CITY, province)
    district = factories.division("区", Level.DISTRICT, city)
    street = factories.division("街", Level.STREET, district, location_class=LocationClass.CENTRAL)
    empty = factories.division("空街", Level.STREET, district)
    bare_city = factories.division("无区市", Level.CITY, province)
    town = factories.division("镇", Level.STREET, bare_city)
    classes = list(BuildingClass)
    communities = [
        factories.community(f"社区{n}", parent, classes[n % 3], location_class=location)
        for n, (parent, location) in enumerate(
            [
                (street, LocationClass.CENTRAL),
                (street, ""),
                (street, ""),
                (town, LocationClass.RURAL),
                (town, ""),
            ]
        )
    ]
    bare = factories.division("无档案社区", Level.COMMUNITY, town)
    places = [province, city, district, street, empty, bare_city, town, *communities, bare]
    return SmallWorld(places, [*communities, bare], factories.clause(province))


days = st.sampled_from(
    [None, DAY - dt.timedelta(900), *(DAY + dt.timedelta(n) for n in (-1, 0, 1)), DAY + dt.timedelta(400)]
)
areas = st.sampled_from(AREAS).map(Decimal)
index = st.integers(0, 10_000)


@st.composite
def spans(draw: Any) -> tuple[dt.date | None, dt.date | None]:
    low, high = draw(days), draw(days)
    if low is not None and high is not None and low >= high:
        return low, None
    return low, high


def some(kind: Any) -> Any:
    """No condition, or a few of the kind's values."""
    return st.none() | st.lists(
        st.sampled_from([one.value for one in kind]), min_size=1, max_size=2, unique=True
    )


room = st.fixed_dictionaries(
    {
        "act": st.just("room"),
        "at": index,
        "kind": st.sampled_from(list(PremisesKind)),
        "area": areas,
        "span": spans(),
        "names": st.booleans(),
        "body": index,
        "zoned": st.booleans(),
    }
)
committee = st.fixed_dictionaries(
    {
        "act": st.just("committee"),
        "at": index,
        "kind": st.sampled_from([CommitteeKind.RESIDENTS, CommitteeKind.RESIDENTS, CommitteeKind.VILLAGERS]),
        "span": spans(),
    }
)
said = st.fixed_dictionaries(
    {
        "act": st.sampled_from(["nil", "exempt"]),
        "at": index,
        "kind": st.sampled_from(list(PremisesKind)),
        "key": st.sampled_from(list(KEYS)),
        "span": spans(),
        "names": st.booleans(),
        "body": index,
    }
)
threshold = st.fixed_dictionaries(
    {
        "act": st.just("threshold"),
        "at": index,
        "key": st.sampled_from(list(KEYS)),
        "operator": st.sampled_from([Operator.AT_LEAST, *Operator]),
        "bound": index,
        "span": spans(),
        "force": st.sampled_from([Force.DEFAULT, *Force]),
        "building": some(BuildingClass),
        "location": some(LocationClass),
        "community": some(CommunityKind),
        "households": st.none() | st.sampled_from([(None, 1000), (1000, 2000), (1000, None)]),
        "step": st.none() | st.sampled_from([("10", 500), ("0.5", 3)]),
    }
)
count = st.fixed_dictionaries(
    {
        "act": st.just("count"),
        "at": index,
        "source": st.sampled_from([CountSource.POLICE, CountSource.GRID]),
        "on": days.filter(bool),
        "households": st.sampled_from([0, 1, 499, 500, 501, 999, 1000, 2000]),
    }
)
preference = st.fixed_dictionaries(
    {
        "act": st.just("preference"),
        "at": index,
        "source": st.sampled_from([CountSource.POLICE, CountSource.GRID]),
        "span": spans(),
    }
)
change = st.fixed_dictionaries(
    {
        "act": st.sampled_from(["area", "move room", "move committee", "lose", "delete", "renovate", "lift"]),
        "which": index,
        "at": index,
        "area": areas,
        "day": days.filter(bool),
    }
)
rows = st.one_of(room, room, room, committee, committee, said, threshold, threshold, count, preference)
edits = st.one_of(rows, change)


def write(world: SmallWorld, edit: dict[str, Any]) -> bool:
    """Write one edit; False when a row rule refuses it or there is nothing to change."""
    row = ACTS[edit["act"]](world, edit)
    if row is None:
        return False
    try:
        save(row, by=None)
    except ValidationError:
        return False
    if edit["act"] == "room" and edit["zoned"]:
        area = min(row.area, Decimal("0.01"))
        save(
            PremisesFunctionArea(premises=row, function=PremisesFunction.SERVICE_STATION, area=area), by=None
        )
    return True


def pick(rows: Any, which: int) -> Any:
    listed = list(rows)
    return listed[which % len(listed)] if listed else None


def body_of(place: Division, edit: dict[str, Any]) -> Committee | None:
    return (
        pick(Committee.objects.filter(division_now=place).order_by("pk"), edit["body"])
        if edit["names"]
        else None
    )


def new_room(world: SmallWorld, edit: dict[str, Any]) -> Premises:
    place = pick(world.communities, edit["at"])
    low, high = edit["span"]
    return Premises(
        name="用房",
        kind=edit["kind"],
        division_now=place,
        committee=body_of(place, edit | {"names": edit["names"] or edit["kind"] == PremisesKind.OFFICE}),
        area=edit["area"],
        tenure=Tenure.OWNED,
        obtained_on=low,
        lost_on=high,
        lost_reason=LossReason.DEMOLITION if high else "",
    )


def new_committee(world: SmallWorld, edit: dict[str, Any]) -> Committee:
    return Committee(
        name="居委会", kind=edit["kind"], division_now=pick(world.communities, edit["at"]), valid=edit["span"]
    )


def new_said(world: SmallWorld, edit: dict[str, Any]) -> Any:
    place = pick(world.communities, edit["at"])
    body = body_of(place, edit)
    if edit["act"] == "nil":
        on = edit["span"][0] or DAY
        return PremisesNilStatement(division=place, committee=body, kind=edit["kind"], stated_on=on)
    return Exemption(
        key=edit["key"], division=place, committee=body, valid=edit["span"], reason="老城", decision_number="1",
        decided_by="局",
    )  # fmt: skip


def new_threshold(world: SmallWorld, edit: dict[str, Any]) -> Threshold:
    bound = Decimal(pick(KEYS[edit["key"]], edit["bound"]))
    operator = edit["operator"]
    minimum = operator in {Operator.AT_LEAST, Operator.MORE_THAN, Operator.BETWEEN}
    low = bound if minimum else None
    high = bound + 20 if operator == Operator.BETWEEN else None if minimum else bound
    step, per = edit["step"] or (None, None)
    return Threshold(
        key=edit["key"], operator=operator, low=low, high=high, unit="x", valid=edit["span"], force=edit["force"],
        jurisdiction=pick(world.places, edit["at"]), clause=world.clause, building_classes=edit["building"],
        location_classes=edit["location"], community_kinds=edit["community"], households=edit["households"],
        step=step and Decimal(step), step_households=per,
    )  # fmt: skip


def new_count(world: SmallWorld, edit: dict[str, Any]) -> HouseholdCount:
    return HouseholdCount(
        division=pick(world.communities, edit["at"]), source=edit["source"],
        definition=CountDefinition.REGISTERED, counted_on=edit["on"], households=edit["households"], residents=1,
    )  # fmt: skip


def new_preference(world: SmallWorld, edit: dict[str, Any]) -> PreferredCountSource:
    return PreferredCountSource(
        jurisdiction=pick(world.places, edit["at"]), source=edit["source"],
        definition=CountDefinition.REGISTERED, valid=edit["span"],
    )  # fmt: skip


def changed_area(world: SmallWorld, edit: dict[str, Any]) -> Premises | None:
    row = pick(Premises.objects.order_by("pk"), edit["which"])
    if row is not None:
        row.area = edit["area"]
    return row


def moved_room(world: SmallWorld, edit: dict[str, Any]) -> Premises | None:
    row = pick(Premises.objects.filter(committee=None).order_by("pk"), edit["which"])
    if row is not None:
        row.division_now = pick(world.communities, edit["at"])
    return row


def moved_committee(world: SmallWorld, edit: dict[str, Any]) -> Committee | None:
    """One without rooms: rooms that name a committee must stand where it does."""
    row = pick(Committee.objects.filter(premises=None).order_by("pk"), edit["which"])
    if row is not None:
        row.division_now = pick(world.communities, edit["at"])
    return row


def lost_room(world: SmallWorld, edit: dict[str, Any]) -> Premises | None:
    row = pick(Premises.objects.order_by("pk"), edit["which"])
    if row is not None:
        row.lost_on, row.lost_reason = edit["day"], LossReason.DEMOLITION
    return row


def deleted(world: SmallWorld, edit: dict[str, Any]) -> Any:
    model = pick(
        [Premises, Committee, Threshold, Exemption, PremisesNilStatement, HouseholdCount], edit["at"]
    )
    row = pick(model.objects.live().order_by("pk"), edit["which"])
    if row is not None:
        row.deleted_at = timezone.now()
    return row


def renovated(world: SmallWorld, edit: dict[str, Any]) -> CommunityRecord | None:
    row = pick(CommunityRecord.objects.order_by("pk"), edit["which"])
    if row is not None:
        row.building_class = pick(list(BuildingClass), edit["at"])
    return row


def lifted(world: SmallWorld, edit: dict[str, Any]) -> Threshold | None:
    row = pick(Threshold.objects.order_by("pk"), edit["which"])
    if row is not None:
        row.valid = (None, edit["day"])
    return row


ACTS = {
    "room": new_room,
    "committee": new_committee,
    "nil": new_said,
    "exempt": new_said,
    "threshold": new_threshold,
    "count": new_count,
    "preference": new_preference,
    "area": changed_area,
    "move room": moved_room,
    "move committee": moved_committee,
    "lose": lost_room,
    "delete": deleted,
    "renovate": renovated,
    "lift": lifted,
}
