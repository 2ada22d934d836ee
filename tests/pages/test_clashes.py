"""Two editors of one row and its parts: nothing is written over unseen, what was left alone stays as it stands."""

from __future__ import annotations

import pytest
from django.urls import reverse

from communities.models import ChangeRecord, Premises, PremisesFunctionArea
from tests import factories
from tests.conftest import World
from tests.pages.conftest import Reader
from tests.pages.test_entry import as_shown, edit_of

pytestmark = pytest.mark.django_db


def zone(room: Premises, function: str, area: int) -> PremisesFunctionArea:
    return PremisesFunctionArea.objects.create(premises=room, function=function, area=area)


def areas(room: Premises) -> dict[str, int]:
    return {each.function: int(each.area) for each in room.functions.live()}


def test_a_zone_that_both_changed_is_shown(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    zone(room, "service_station", 20)
    clerk, officer = as_role("street_clerk"), as_role("district_officer")
    mine, theirs = (as_shown(each.get(edit_of(room)).content.decode()) for each in (clerk, officer))
    assert officer.post(edit_of(room), theirs | {"functions-0-area": "25"}).status_code == 302
    answer = clerk.post(edit_of(room), mine | {"functions-0-area": "30"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "功能分区「" in text
    assert "面积</th><td>25.00</td><td>30.00" in text
    assert areas(room) == {"service_station": 25}
    assert clerk.post(edit_of(room), as_shown(text)).status_code == 302
    assert areas(room) == {"service_station": 30}


def test_a_zone_left_alone_stays_the_other_writers(world: World, as_role: Reader) -> None:
    """One that was added meanwhile as well, and one that was taken out does not come back."""
    room = world.premises["community"]
    zone(room, "service_station", 20)
    zone(room, "storage", 10)
    clerk, officer = as_role("street_clerk"), as_role("district_officer")
    mine, theirs = (as_shown(each.get(edit_of(room)).content.decode()) for each in (clerk, officer))
    new = {"functions-2-function": "reading", "functions-2-area": "5"}
    changed = theirs | {"functions-0-area": "25", "functions-1-goes": "on"} | new
    assert officer.post(edit_of(room), changed).status_code == 302
    answer = clerk.post(edit_of(room), mine | {"area": "99"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "<td>120.00</td><td>99.00</td>" in text
    assert "功能分区「" not in text
    assert clerk.post(edit_of(room), as_shown(text)).status_code == 302
    assert areas(room) == {"service_station": 25, "reading": 5}


def test_a_zone_taken_out_by_one_and_changed_by_the_other(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    zone(room, "service_station", 20)
    zone(room, "storage", 10)
    clerk, officer = as_role("street_clerk"), as_role("district_officer")
    mine, theirs = (as_shown(each.get(edit_of(room)).content.decode()) for each in (clerk, officer))
    changed = theirs | {"functions-0-goes": "on", "functions-1-area": "12"}
    assert officer.post(edit_of(room), changed).status_code == 302
    answer = clerk.post(edit_of(room), mine | {"functions-0-area": "30", "functions-1-goes": "on"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "<td>没有</td>" in text
    assert "<td>删除</td>" in text
    assert areas(room) == {"storage": 12}
    sent = as_shown(text) | {"functions-1-goes": "on"}
    assert clerk.post(edit_of(room), sent).status_code == 302
    assert areas(room) == {"service_station": 30}


def test_words_of_a_list_left_alone_stay_the_other_writers(world: World, as_role: Reader) -> None:
    """They stand chosen on the page, and come back when it is sent."""
    row = factories.threshold("premises.office.area", world.district)
    url = reverse("threshold-edit", args=[row.public_id])
    one, two = as_role("standards_officer"), as_role("standards_officer")
    page = one.get(url).content.decode()
    mine = {name: text for name, text in as_shown(page).items() if text}
    assert two.post(url, mine | {"building_classes": ["new", "old"]}).status_code == 302
    text = one.post(url, mine | {"low": "90"}).content.decode()
    assert (
        text.count(" selected>", text.index('name="building_classes"'), text.index("location_classes")) == 2
    )


def test_two_zones_change_places(world: World, as_role: Reader) -> None:
    """And a new one takes what a third gives up; what is really there twice is refused at its line."""
    room, clerk = world.premises["community"], as_role("street_clerk")
    zone(room, "service_station", 20)
    zone(room, "storage", 10)
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    swapped = {"functions-0-function": "storage", "functions-1-function": "service_station"}
    assert clerk.post(edit_of(room), shown | swapped).status_code == 302
    assert areas(room) == {"storage": 20, "service_station": 10}
    assert {each.version for each in room.functions.live()} == {2}
    records = ChangeRecord.objects.filter(model="communities.PremisesFunctionArea", verb="change")
    assert {(tuple(each.before), tuple(each.after)) for each in records} == {(("function",), ("function",))}
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    twice = {"functions-0-function": "reading", "functions-1-function": "reading"}
    answer = clerk.post(edit_of(room), shown | twice)
    assert answer.status_code == 422
    assert "同一用房的同一功能只能登记一次。" in answer.content.decode()
    assert areas(room) == {"storage": 20, "service_station": 10}


def test_zones_change_places_over_the_api(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    one, two = zone(room, "service_station", 20), zone(room, "storage", 10)
    sent = [
        {"function": "service_station", "area": "5"},
        {"id": str(one.public_id), "function": "storage", "area": "20"},
        {"id": str(two.public_id), "function": "reading", "area": "10"},
    ]
    answer = as_role("street_clerk").patch(
        f"/api/v1/premises/{room.public_id}/",
        {"functions": sent},
        content_type="application/json",
        headers={"if-match": '"1"'},
    )
    assert answer.status_code == 200, answer.content.decode()
    assert areas(room) == {"service_station": 5, "storage": 20, "reading": 10}
