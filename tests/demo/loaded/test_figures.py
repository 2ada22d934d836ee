"""The figures of the demo, counted plainly from its rows."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from django.db.models import Count, F

from communities.models import (
    Committee,
    CommunityRecord,
    Division,
    Exemption,
    HouseholdCount,
    Installation,
    Organisation,
    Period,
    PolicyDocument,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    Threshold,
    User,
)
from portal.demo import actions
from tests.demo.conftest import ANCHOR, settle
from tests.demo.loaded.plainly import OFFICE, OUTCOMES, Plainly, digest, yunzhou

END_OF_2002 = dt.date(2002, 12, 31)
CLOSED = [
    dt.date(2025, 3, 31),
    dt.date(2025, 6, 30),
    dt.date(2025, 9, 30),
    dt.date(2025, 12, 31),
    dt.date(2026, 3, 31),
    dt.date(2026, 6, 30),
    dt.date(2026, 9, 30),
]

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo"), pytest.mark.usefixtures("demo")]


@pytest.fixture(scope="module")
def today(demo: Installation) -> Plainly:
    return yunzhou(ANCHOR)


@pytest.fixture(scope="module")
def in_2002(demo: Installation) -> Plainly:
    return Plainly("云州市", END_OF_2002, office=60, service={})


def places(city: str, level: int):
    path = Division.objects.get(name_now=city).path_now
    return Division.objects.filter(path_now__startswith=path, level=level)


# ---------------------------------------------------------------- 云州市 on the anchor day


def test_size_of_the_city(today: Plainly) -> None:
    assert places("云州市", 3).count() == 16
    assert 290 <= places("云州市", 4).count() <= 310
    assert places("云州市", 5).count() == 1_380
    assert len(today.communities) == 1_380
    assert len(today.committees) == 1_403
    assert Division.objects.get(name_now="云州市").code_now.startswith("99")


def test_some_communities_have_two_committees_and_some_none(today: Plainly) -> None:
    per_place = Counter(Counter(today.committees.values()).values())
    assert per_place == {1: 1_333, 2: 35}
    assert len(today.communities) - 1_333 - 35 == 12


def test_villagers_committees_stand_beside_and_are_not_counted(today: Plainly) -> None:
    villagers = Committee.objects.filter(
        kind="villagers", division_now__path_now__startswith=today.city.path_now
    )
    assert villagers.count() > 30
    assert not set(villagers.values_list("pk", flat=True)) & set(today.committees)


def test_office_compliance(today: Plainly) -> None:
    outcomes = today.office_outcomes()
    assert outcomes["meets"] == 720
    assert sum(outcomes.values()) == 1_403
    assert (Decimal(72_000) / 1_403).quantize(Decimal("0.01")) == Decimal("51.32")
    assert {name for name in OUTCOMES if outcomes[name]} == {"meets", "falls_short", "exempt", "not_reported"}


def test_service_compliance(today: Plainly) -> None:
    outcomes = today.service_outcomes()
    assert outcomes["meets"] == 167
    assert sum(outcomes.values()) == 1_403
    assert (Decimal(16_700) / 1_403).quantize(Decimal("0.01")) == Decimal("11.90")
    assert all(outcomes[name] > 20 for name in OUTCOMES)


def test_mean_area_today_and_in_2002(today: Plainly, in_2002: Plainly) -> None:
    assert today.two_rooms_area() == Decimal("166.00") * 1_403
    assert len(in_2002.committees) > 1_000
    assert in_2002.two_rooms_area() == Decimal("54.20") * len(in_2002.committees)


def test_service_stations(today: Plainly) -> None:
    assert today.communities_with_station() == 1_242


def test_figures_hold_on_later_days(today: Plainly) -> None:
    later = yunzhou(ANCHOR + dt.timedelta(days=400))
    assert later.office_outcomes() == today.office_outcomes()
    assert later.service_outcomes() == today.service_outcomes()
    assert later.two_rooms_area() == today.two_rooms_area()


# ---------------------------------------------------------------- history


def test_periods() -> None:
    assert list(Period.objects.values_list("code", flat=True)) == [
        *("2002", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4")
    ]
    assert list(Period.objects.filter(closed_at__isnull=True).values_list("code", flat=True)) == ["2026Q4"]
    for period in Period.objects.exclude(closed_at=None):
        assert period.last_day < period.closed_at.date() <= ANCHOR


def test_figures_rise_over_the_quarters(today: Plainly) -> None:
    series = [yunzhou(day) for day in CLOSED] + [today]
    office = [Decimal(p.office_outcomes()["meets"]) / len(p.committees) for p in series]
    service = [Decimal(p.service_outcomes()["meets"]) / len(p.committees) for p in series]
    area = [p.two_rooms_area() / len(p.committees) for p in series]
    stations = [Decimal(p.communities_with_station()) / len(p.communities) for p in series]
    for rising in (office, service, area, stations):
        assert rising[0] * Decimal("1.03") < rising[-1]
        assert len(set(rising)) == len(rising)
        assert sum(before < after for before, after in pairwise(rising)) >= 5


def test_2002_is_judged_by_its_own_rule(in_2002: Plainly) -> None:
    in_force = [t for t in Threshold.objects.all() if t.valid.lower <= END_OF_2002]
    assert [(t.key, t.low) for t in in_force] == [(OFFICE, Decimal(60))]
    outcomes = in_2002.office_outcomes()
    assert 0 < outcomes["meets"] < sum(outcomes.values()) // 2
    assert outcomes["falls_short"]
    assert outcomes["not_reported"]
    assert in_2002.service_outcomes() == {"no_standard": len(in_2002.committees)}


def test_districts_differ_and_their_ways_too(today: Plainly) -> None:
    standing = today.office_by_committee()
    paths = dict(Division.objects.filter(level=5).values_list("pk", "path_now"))
    by_district: dict[str, Counter[str]] = {}
    for pk, place in today.committees.items():
        by_district.setdefault(paths[place][:24], Counter())[standing[pk]] += 1
    rates = sorted(Decimal(c["meets"]) / sum(c.values()) for c in by_district.values())
    assert len(rates) == 16
    assert rates[-1] - rates[0] > Decimal("0.15")


def test_some_lose_what_they_had(today: Plainly) -> None:
    last_year = yunzhou(CLOSED[3]).office_by_committee()
    now = today.office_by_committee()
    assert any(was == "meets" and now.get(pk) == "falls_short" for pk, was in last_year.items())


# ---------------------------------------------------------------- variety


def test_kinds_of_rooms(today: Plainly) -> None:
    assert {room.tenure for room in today.held} == {"owned", "rented", "lent", "shared"}
    assert {room.kind for room in today.held} == {"office", "service", "activity"}
    lost = [room for room in today.rooms if room.lost_on]
    assert {"demolition", "lease_ended", "taken_back", "replaced"} <= {room.lost_reason for room in lost}
    temporary = [room for room in today.held if room.is_temporary]
    assert len(temporary) > 20
    assert any(room.temporary_until < ANCHOR for room in temporary)
    assert any(room.temporary_until > ANCHOR for room in temporary)
    assert PremisesNilStatement.objects.filter(kind="service", committee=None).exists()
    assert PremisesNilStatement.objects.filter(kind="office").exclude(committee=None).exists()


def test_rows_obey_the_rules_of_the_ground() -> None:
    """The checks in Python, which COPY went past, on every row of a sample and on all relations."""
    assert (
        not Premises.objects.exclude(committee=None)
        .exclude(committee__division_now=F("division_now"))
        .exists()
    )
    for model in (Exemption, PremisesNilStatement):
        rows = model.objects.exclude(committee=None)
        assert rows.exists()
        assert not rows.exclude(committee__division_now=F("division")).exists()
    for model in (
        Premises,
        PremisesFunctionArea,
        Committee,
        CommunityRecord,
        HouseholdCount,
        Exemption,
        Threshold,
    ):
        for row in model.objects.order_by("pk")[:25]:
            row.full_clean(validate_constraints=False)
    assert not Premises.objects.annotate(n=Count("placements")).exclude(n=1).exists()
    assert not Committee.objects.annotate(n=Count("placements")).exclude(n=1).exists()


def test_exemptions_are_documented_and_one_meets_all_the_same(today: Plainly) -> None:
    assert not Exemption.objects.filter(decision_number="").exists()
    exempt, _ = today.exempt(OFFICE)
    standing = today.office_by_committee()
    assert Counter(standing[pk] for pk in exempt)["meets"] >= 1
    in_force = [e for e in Exemption.objects.all() if e.valid.upper is None or e.valid.upper > ANCHOR]
    assert all(e.review_on for e in in_force)
    assert len(in_force) < Exemption.objects.count()


def test_renovation_changes_the_building_class() -> None:
    changed = CommunityRecord.objects.filter(building_class="renovated", valid__startswith__gt=CLOSED[0])
    assert changed.count() > 20
    assert CommunityRecord.objects.filter(
        division__in=changed.values("division"), building_class="old"
    ).exists()


def test_households_come_from_several_sources() -> None:
    sources = HouseholdCount.objects.values_list("source", "definition").distinct()
    assert {("police", "registered"), ("grid", "resident"), ("census", "resident")} <= set(sources)
    at_one_place = HouseholdCount.objects.values("division").annotate(n=Count("source", distinct=True))
    assert at_one_place.filter(n__gte=3).count() > 1_000
    assert HouseholdCount.objects.filter(counted_on__lte=END_OF_2002).count() > 1_000
    assert not HouseholdCount.objects.filter(counted_on__gt=ANCHOR).exists()


def test_terms_of_committees() -> None:
    rows = Committee.objects.filter(kind="residents", valid__upper_inf=True)
    assert rows.filter(expires_on__gt=ANCHOR).count() > 1_300
    assert rows.filter(expires_on__lte=ANCHOR).exists()
    assert not rows.filter(elected_on__gt=ANCHOR).exists()


# ---------------------------------------------------------------- the small cities


@pytest.mark.parametrize(("city", "share"), [("榆岚市", None), ("霁川市", 20)])
def test_a_small_city_has_its_own_standards(city: str, share: int | None) -> None:
    plainly = Plainly(city, ANCHOR, office=80, service={}, share=share)
    assert places(city, 3).count() == 2
    assert 12 <= len(plainly.communities) <= 20
    office, shares = plainly.office_outcomes(), plainly.share_outcomes()
    together = office + plainly.service_outcomes() + shares
    assert all(together[name] for name in OUTCOMES)
    assert set(office) == {"meets", "falls_short", "exempt", "not_reported"}
    if share:
        assert set(shares) == {"meets", "falls_short", "exempt", "not_reported"}
    # Somebody stands otherwise than he would in 云州市: that is what proves the jurisdiction.
    assert Plainly(city, ANCHOR, office=100, service={}).office_outcomes() != office


def test_rule_books() -> None:
    in_force = [t for t in Threshold.objects.select_related("jurisdiction") if t.valid.upper is None]
    assert sorted(
        (t.jurisdiction.name_now, t.key, t.operator, t.low or t.high, t.building_classes) for t in in_force
    ) == [
        ("云州市", "premises.office.area", "ge", 100, None),
        ("云州市", "premises.service.area", "ge", 200, ["renovated"]),
        ("云州市", "premises.service.area", "ge", 400, ["new"]),
        ("榆岚市", "premises.office.area", "ge", 80, None),
        ("演示省", "premises.office.area", "ge", 70, None),
        ("霁川市", "premises.office.area", "ge", 80, None),
        ("霁川市", "premises.office.share", "le", 20, None),
    ]
    for document in PolicyDocument.objects.all():
        assert document.number
        assert document.issuer
        for clause in document.clauses.all():
            assert clause.text in document.text


# ---------------------------------------------------------------- names


def test_names_are_chinese_and_unique_within_their_place() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]+")
    for model, field in (
        (Division, "name_now"),
        (Committee, "name"),
        (Premises, "name"),
        (Organisation, "name"),
        (User, "name"),
    ):
        names = model.objects.values_list(field, flat=True)
        assert [name for name in names if not chinese.fullmatch(name)] == []
    twins = Division.objects.values("parent_now", "name_now").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twins.exists()
    twins = Committee.objects.values("division_now", "name").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twins.exists()


def test_paths_follow_the_tree_and_codes_are_unique() -> None:
    for level in (1, 2, 3, 4, 5):
        for place in Division.objects.filter(level=level).select_related("parent_now")[:50]:
            assert place.path_now.startswith(place.parent_now.path_now)
            assert place.parent_now.level == level - 1
            assert place.code_now[: [0, 2, 4, 6, 9, 12][level]] == place.code_now.rstrip("0").ljust(
                [0, 2, 4, 6, 9, 12][level], "0"
            )
    codes = list(Division.objects.filter(level__gt=0).values_list("code_now", flat=True))
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"99\d{10}", code) for code in codes)


# ---------------------------------------------------------------- the same day, the same rows; other days


@pytest.mark.parametrize(
    "anchor",
    [ANCHOR, dt.date(2024, 2, 29), pytest.param(dt.date(2026, 7, 1), marks=pytest.mark.prove)],
    ids=["again", "leap day", "first of a quarter"],
)
def test_any_anchor(demo: Installation, anchor: dt.date) -> None:
    before = digest()
    with transaction.atomic():
        actions.reload(anchor, file=None)
        settle()
        assert Installation.demo().anchor_date == anchor
        plainly, in_2002 = yunzhou(anchor), Plainly("云州市", END_OF_2002, office=60, service={})
        assert (len(plainly.communities), len(plainly.committees)) == (1_380, 1_403)
        assert plainly.office_outcomes()["meets"] == 720
        assert plainly.service_outcomes()["meets"] == 167
        assert plainly.two_rooms_area() == Decimal("166.00") * 1_403
        assert in_2002.two_rooms_area() == Decimal("54.20") * len(in_2002.committees)
        assert plainly.communities_with_station() == 1_242
        assert Period.objects.count() == 9
        assert not Premises.objects.filter(lost_on__gt=anchor).exists()
        assert not Premises.objects.filter(obtained_on__gt=anchor).exists()
        after = digest()
        transaction.set_rollback(True)
    if anchor == ANCHOR:
        assert before == after
    else:
        assert before["Premises"] != after["Premises"]
