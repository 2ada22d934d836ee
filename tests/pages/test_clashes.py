"""Two editors of one row and its parts: nothing is written over unseen, what was left alone stays as it stands."""

from __future__ import annotations

import pytest
from django.urls import reverse

from communities.models import Premises, PremisesFunctionArea
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
