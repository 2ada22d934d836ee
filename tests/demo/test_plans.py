"""The plan alone, on many anchor days: what must hold of every room, committee and exemption."""

from __future__ import annotations

import datetime as dt

import pytest

from portal.demo.cities import plan_province
from portal.demo.plan import CityPlan, CommunityPlan
from portal.demo.timeline import Timeline, years_after

ANCHORS = [
    dt.date(2015, 1, 1),
    dt.date(2020, 2, 29),
    dt.date(2026, 4, 1),
    dt.date(2026, 9, 30),
    dt.date(2042, 12, 10),
]


@pytest.mark.parametrize("anchor", ANCHORS, ids=str)
def test_a_plan_holds_together(anchor: dt.date) -> None:
    for city in plan_province(Timeline(anchor)).cities.values():
        for community in city.communities:
            check_rooms(community, anchor)
            check_bodies(community, anchor)
            assert all(e.until is None or e.since < e.until for e in community.exemptions)
        assert_figures(city, anchor)


def check_rooms(community: CommunityPlan, anchor: dt.date) -> None:
    for room in community.rooms:
        assert room.lost is None or room.lost <= anchor
        assert room.obtained is None or room.obtained <= anchor
        assert room.obtained is None or room.lost is None or room.obtained < room.lost
        assert sum(room.functions.values()) <= room.area
        if community.place.since:
            assert room.obtained
            assert room.obtained >= community.place.since
        if room.body is not None:
            assert room.body.community is community
            assert room.body.founded is None or (room.obtained and room.obtained >= room.body.founded)
            assert room.body.ended is None or (room.lost and room.lost <= room.body.ended)


def check_bodies(community: CommunityPlan, anchor: dt.date) -> None:
    for body in community.bodies:
        assert community.place.since is None or (body.founded and body.founded >= community.place.since)
        assert body.elected_on is None or body.elected_on <= anchor
        assert body.elected_on is None or (body.expires_on and body.expires_on > body.elected_on)


def assert_figures(city: CityPlan, anchor: dt.date) -> None:
    if city.place.name != "云州市":
        return
    held = [room for community in city.communities for room in community.held(anchor)]
    assert sum(room.area for room in held if room.kind != "activity") == 1_403 * 166_00
    assert len([body for community in city.communities for body in community.judged(anchor)]) == 1_403


def test_the_29th_of_february_has_a_neighbour() -> None:
    assert years_after(dt.date(2024, 2, 29), 1) == dt.date(2025, 2, 28)
    assert years_after(dt.date(2024, 2, 29), 4) == dt.date(2028, 2, 29)


@pytest.mark.parametrize("anchor", [dt.date(2014, 12, 31), dt.date(2100, 1, 1)])
def test_days_out_of_range(anchor: dt.date) -> None:
    with pytest.raises(ValueError, match="须在"):
        Timeline(anchor)
