"""A page of 1, 25 or 100 rows costs the same number of queries."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from communities.choices import Level
from communities.models import ChangeRecord, PremisesFunctionArea
from tests import factories
from tests.api.conftest import API, measure
from tests.conftest import World

ROWS = 100
LISTS = [
    "divisions/?level=community",
    "divisions/?level=community&as_of=2026-01-01",
    "communities/?",
    "communities/?as_of=2026-01-01",
    "committees/?",
    "committees/?as_of=2026-01-01",
    "premises/?",
    "premises/?as_of=2026-01-01",
    "premises/?ordering=-area",
    "policy-documents/?",
    "thresholds/?",
    "indicator-values/?indicator=office_compliance&level=community",
    "indicator-values/?level=community",
    "runs/?",
    "changes/?",
]
# The most that any of them may cost, session and scope included.
CEILING = 12


@pytest.fixture
def crowd(world: World) -> World:
    """A hundred rows of each kind below 甲街道."""
    for number in range(ROWS):
        place = factories.community(f"社区{number}", world.street)
        body = factories.committee(place)
        room = factories.premises(place, committee=body)
        PremisesFunctionArea.objects.create(premises=room, function="health", area=10)
        clause = factories.clause(
            world.district, document=factories.document(world.district, f"办法{number}")
        )
        factories.threshold("premises.service.area", world.district, clause=clause)
        ChangeRecord.objects.create(
            verb="change",
            model="communities.Premises",
            object_id=room.public_id,
            object_label=room.name,
            division=place,
            transaction=number,
        )
    for year in range(1900, 1900 + 3):
        measure(factories.period(str(year), dt.date(year, 1, 1), dt.date(year + 1, 1, 1), kind="year"))
    return world


def queries(client: APIClient, url: str, size: int) -> tuple[int, int]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = client.get(f"{API}/{url}&page_size={size}")
    assert answer.status_code == 200, answer.content
    return len(captured), len(answer.json()["results"])


def test_the_same_for_1_25_and_100_rows(crowd: World, officer: APIClient) -> None:
    officer.get(f"{API}/me/")
    for url in LISTS:
        counts = {size: queries(officer, url, size) for size in (1, 25, 100)}
        assert len({number for number, _rows in counts.values()}) == 1, f"{url}: {counts}"
        assert counts[100][0] <= CEILING, f"{url}: {counts}"
        if not url.startswith(("runs", "indicator-values/?level")):
            assert [rows for _number, rows in counts.values()] == [1, 25, 100], f"{url}: {counts}"


def test_details_do_not_grow_either(crowd: World, officer: APIClient) -> None:
    room = crowd.premises["community"]
    for path in (f"premises/{room.public_id}/", f"divisions/{crowd.street.public_id}/"):
        with CaptureQueriesContext(connection) as captured:
            assert officer.get(f"{API}/{path}").status_code == 200
        assert len(captured) <= 9, path
    assert Level.COMMUNITY.code == "community"
