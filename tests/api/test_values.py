"""Indicators and their values, runs, and the rows behind a figure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities.choices import Level
from communities.models import Period, Premises
from portal.scorecards import actions
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.models import Run
from portal.scorecards.serializers import value_row
from tests import factories
from tests.api.conftest import API, measure
from tests.conftest import World

ONE = f"{API}/indicator-values/?indicator=office_compliance"
ROWS = f"{API}/indicator-values/rows/?indicator=office_compliance&period=2026Q1"


def test_the_shape_of_a_value(world: World, officer: APIClient, measured: Period) -> None:
    Premises.objects.filter(pk=world.premises["neighbour"].pk).update(area=Decimal(60))
    measure(measured)
    body = officer.get(f"{ONE}&division={world.district.public_id}&period=2026Q1").json()
    assert body["count"] == 1
    run = Run.objects.get(current__isnull=False)
    row = body["results"][0]
    assert row.pop("computed_at").endswith("+08:00")
    assert row == {
        "indicator": {"code": "office_compliance", "name": "办公用房达标率"},
        "division": {"id": str(world.district.public_id), "code": world.district.code_now, "name": "甲区"},
        "level": "district",
        "period": "2026Q1",
        "numerator": "1",
        "denominator": "2",
        "value": "50.00",
        "unit": "%",
        "outcomes": {"meets": 1, "falls_short": 1, "exempt": 0, "no_standard": 0, "not_reported": 0},
        "rate_of_all": "50.00",
        "rate_of_judged": "50.00",
        "run": str(run.public_id),
    }


def test_what_is_not_judged_has_no_outcomes(world: World, officer: APIClient, measured: Period) -> None:
    url = f"{API}/indicator-values/?indicator=mean_area&division={world.district.public_id}"
    row = officer.get(url).json()["results"][0]
    assert (row["numerator"], row["denominator"], row["value"]) == ("240.00", "2", "120.0")
    assert row["outcomes"] is row["rate_of_all"] is row["rate_of_judged"] is None


def test_nothing_to_divide_by_is_null(world: World, officer: APIClient, measured: Period) -> None:
    url = f"{API}/indicator-values/?indicator=area_per_100_households&division={world.district.public_id}"
    assert officer.get(url).json()["results"][0]["value"] is None


def test_where_no_standard_applies_there_is_no_rate(
    world: World, officer: APIClient, measured: Period
) -> None:
    url = f"{API}/indicator-values/?indicator=office_share_compliance&division={world.district.public_id}"
    (row,) = officer.get(url).json()["results"]
    assert row["outcomes"]["no_standard"] == int(row["denominator"]) == 2
    assert (row["value"], row["rate_of_all"], row["rate_of_judged"]) == (None, None, None)


def test_figures_compare_up_to_ones_own_city(world: World, officer: APIClient, measured: Period) -> None:
    """Totals of the other district are readable, those of another city are not."""
    names = {row["division"]["name"] for row in officer.get(f"{ONE}&period=2026Q1").json()["results"]}
    assert {"甲市", "甲区", "外区", "外社区"} <= names
    assert not names & {"外市", "远外区", "远外社区", "云省", "全国"}
    assert officer.get(f"{ONE}&division={world.other_district.public_id}").status_code == 200
    for place in (world.far_city, world.far_community, world.province):
        assert officer.get(f"{ONE}&division={place.public_id}").status_code == 404


def test_levels_and_periods(world: World, officer: APIClient, measured: Period) -> None:
    measure(factories.period("2025Q4", dt.date(2025, 10, 1), dt.date(2026, 1, 1)))
    body = officer.get(f"{ONE}&level=city").json()
    assert {row["period"] for row in body["results"]} == {"2025Q4", "2026Q1"}
    body = officer.get(f"{ONE}&level=city&period=2026Q1").json()
    assert [row["division"]["name"] for row in body["results"]] == ["甲市"]
    body = officer.get(f"{ONE}&parent={world.city.public_id}&period=2026Q1").json()
    assert [row["division"]["name"] for row in body["results"]] == ["甲区", "外区"]
    assert officer.get(f"{API}/indicator-values/?period=2031Q1").status_code == 400
    assert officer.get(f"{API}/indicator-values/?level=planet").status_code == 400
    assert officer.get(f"{API}/indicator-values/?indicator=beauty").status_code == 400


def test_pages_hold_whole_cards(world: World, officer: APIClient, measured: Period) -> None:
    every = len(INDICATORS)
    url = f"{API}/indicator-values/?page_size={every * 2 + 1}"
    seen = []
    while url:
        body = officer.get(url).json()
        assert len(body["results"]) % every == 0
        assert body["count"] == every * 8
        seen += [(row["division"]["id"], row["indicator"]["code"]) for row in body["results"]]
        url = body["next"]
    assert len(seen) == len(set(seen)) == body["count"]


def test_half_up() -> None:
    """720 of 1,403 reads 51.32, and a half goes up."""
    from types import SimpleNamespace

    from portal.scorecards.figures import assessed

    indicator = INDICATORS["office_compliance"]
    counts = {"meets": 720, "falls_short": 600, "exempt": 30, "no_standard": 0, "not_reported": 53}
    card = SimpleNamespace(
        division=SimpleNamespace(public_id="x", code_now="", name_now="", level_code="city"),
        period=SimpleNamespace(code="2026Q3"),
        run=SimpleNamespace(public_id="y"),
        computed_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    )
    row = value_row(card, assessed(indicator, counts))
    assert (row["value"], row["rate_of_judged"]) == ("51.32", "54.55")
    eighth = counts | {"meets": 1, "falls_short": 799, "exempt": 0, "not_reported": 0}
    assert value_row(card, assessed(indicator, eighth))["value"] == "0.13"


def test_indicators_are_addressed_by_code(world: World, officer: APIClient) -> None:
    body = officer.get(f"{API}/indicators/").json()
    assert [row["code"] for row in body["results"]] == list(INDICATORS)
    assert officer.get(f"{API}/indicators/office_compliance/").json()["unit"] == "%"
    assert officer.get(f"{API}/indicators/nothing/").status_code == 404


def test_a_run_is_asked_for_once(world: World, officer: APIClient) -> None:
    period = factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    first = officer.post(f"{API}/runs/", {"kind": "measure", "period": "2026Q1"})
    assert first.status_code == 202
    body = first.json()
    assert (body["state"], body["progress"]) == ("queued", {"done": 0, "total": 0})
    again = officer.post(f"{API}/runs/", {"kind": "measure", "period": "2026Q1"}).json()
    assert again["id"] == body["id"]
    assert officer.get(f"{API}/runs/{body['id']}/").json() == again
    measure(period)
    done = officer.get(f"{API}/runs/{body['id']}/").json()
    assert (done["state"], done["is_current"]) == ("done", True)
    assert done["progress"]["done"] == done["progress"]["total"] > 0
    fresh = officer.post(f"{API}/runs/", {"kind": "measure", "period": "2026Q1"}).json()
    assert fresh["id"] != body["id"]
    assert [row["id"] for row in officer.get(f"{API}/runs/").json()["results"]] == [fresh["id"], body["id"]]


def test_a_run_finished_while_it_is_answered_is_told_as_it_was_at_one_moment(
    world: World, officer: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    request_run = actions.request_run

    def overtaken(**asked: Any) -> Run:
        run = request_run(**asked)
        assert actions.execute_run(run.public_id)
        return run

    monkeypatch.setattr(actions, "request_run", overtaken)
    told = officer.post(f"{API}/runs/", {"kind": "measure", "period": "2026Q1"}).json()
    then = (told["state"], told["is_current"], told["computed_at"], told["progress"])
    assert then == ("queued", False, None, {"done": 0, "total": 0})
    now = officer.get(f"{API}/runs/{told['id']}/").json()
    assert (now["state"], now["is_current"], now["computed_at"] is None) == ("done", True, False)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"kind": "measure", "period": "2031Q9"}, "period"),
        ({"kind": "dance", "period": "2026Q1"}, "kind"),
        ({"kind": "measure"}, "period"),
        ({"kind": "measure", "period": "2026Q1", "force": True}, "force"),
        ({"kind": "measure", "period": ["2026Q1"]}, "period"),
        ([], None),
        ("text", None),
    ],
)
def test_a_run_of_nothing(world: World, officer: APIClient, body: object, attr: str | None) -> None:
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    answer = officer.post(f"{API}/runs/", body)
    assert answer.status_code == 400
    if attr:
        assert answer.json()["errors"][0]["attr"] == attr
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        '{"kind": "measure", "period": "\\u0000"}',
        '{"kind": "measure", "period": "\\ud800"}',
        '{"kind": ' + "[" * 1000 + "]" * 1000 + "}",
        "[" * 100_000,
        '{"kind": NaN}',
        "{",
        "",
        '{"period": 1e400}',
    ],
)
def test_odd_json(world: World, officer: APIClient, body: str) -> None:
    answer = officer.post(f"{API}/runs/", body, content_type="application/json")
    assert answer.status_code == 400, answer.content[:200]
    assert not Run.objects.exists()


def test_a_body_too_large(world: World, officer: APIClient) -> None:
    answer = officer.post(
        f"{API}/runs/", '{"kind": "' + "x" * 1_000_001 + '"}', content_type="application/json"
    )
    assert answer.status_code == 413


def test_who_may_start_a_run(world: World, client_of) -> None:
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    may = {"city_officer", "district_officer", "standards_officer", "api_client", "stranger"}
    for name, user in world.users.items():
        answer = client_of(user).post(f"{API}/runs/", {"kind": "measure", "period": "2026Q1"})
        assert answer.status_code == (202 if name in may else 403), name


def test_levels_of_the_country_are_for_the_country(world: World, client_of, measured: Period) -> None:
    national = factories.user("national", "city_officer", factories.root())
    body = client_of(national).get(f"{ONE}&level=country").json()
    assert [row["division"]["name"] for row in body["results"]] == ["全国"]
    assert Level.COUNTRY.code == "country"


def test_the_rows_behind_a_figure(world: World, officer: APIClient, measured: Period) -> None:
    url = f"{ROWS}&division={world.district.public_id}"
    body = officer.get(url).json()
    assert (body["count"], body["changed_since"], body["outcomes"]["meets"]) == (2, False, 2)
    row = body["results"][0]
    assert row["subject"]["id"] == str(world.committees["community"].public_id)
    assert (row["outcome"], row["value"], row["low"], row["unit"]) == ("meets", "120.00", "100.00", "平方米")
    assert row["rooms"][0]["id"] == str(world.premises["community"].public_id)
    assert row["threshold"]["document"]["name"].startswith("《")
    first = officer.get(f"{url}&page_size=1").json()
    second = officer.get(first["next"]).json()
    assert [page["results"][0]["subject"]["id"] for page in (first, second)] == [
        each["subject"]["id"] for each in body["results"]
    ]
    assert (first["previous"], second["next"]) == (None, None)
    assert officer.get(second["previous"]).json()["results"] == first["results"]
    assert [row["subject"]["id"] for row in officer.get(f"{url}&ordering=-gap").json()["results"]]
    assert officer.get(f"{url}&outcome=falls_short").json()["results"] == []
    Premises.objects.filter(pk=world.premises["community"].pk).update(area=Decimal(60))
    assert officer.get(f"{url}&outcome=falls_short").json()["changed_since"] is True


def test_rows_stay_in_ones_own_places(world: World, officer: APIClient, measured: Period) -> None:
    """The other district's figure is readable, the rows behind it are not."""
    url = ROWS
    for place in (world.other_district, world.city, world.far_city):
        assert officer.get(f"{url}&division={place.public_id}").status_code == 404
    mine = f"{url}&division={world.district.public_id}"
    foreign = officer.get(f"{mine}&after={world.committees['other_community'].public_id}")
    unknown = officer.get(f"{mine}&after=0190a0a0-0000-7000-8000-000000000000")
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.content == unknown.content
    for query in ("", "&outcome=fine", "&after=1", "&before=1", "&ordering=name", "&as_of=2026-01-01"):
        assert officer.get(f"{url}{query}").status_code == 400
    factories.period("2025Q4", dt.date(2025, 10, 1), dt.date(2026, 1, 1))
    assert officer.get(mine.replace("2026Q1", "2025Q4")).json()["errors"][0]["code"] == "not_computed"
    assert (
        officer.get(mine.replace("office_compliance", "mean_area")).json()["errors"][0]["code"]
        == "not_assessed"
    )


def test_the_rows_behind_a_mean(world: World, officer: APIClient, measured: Period) -> None:
    """They add up to the figure's numerator, and are counted by its denominator."""
    url = f"{API}/indicator-values/sources/?indicator=mean_area&period=2026Q1&division={world.district.public_id}"
    (value,) = officer.get(
        f"{API}/indicator-values/?indicator=mean_area&period=2026Q1&division={world.district.public_id}"
    ).json()["results"]
    top = officer.get(f"{url}&part=numerator").json()
    assert (top["total"], top["unit"], top["changed_since"]) == (value["numerator"], "平方米", False)
    assert sum(Decimal(row["amount"]) for row in top["results"]) == Decimal(top["total"])
    row = top["results"][0]
    assert row["register"] == "premises"
    assert officer.get(f"{API}/premises/{row['id']}/").json()["name"] == row["name"]
    bottom = officer.get(f"{url}&part=denominator").json()
    assert (bottom["count"], bottom["total"], bottom["unit"]) == (2, value["denominator"], "个")
    first = officer.get(f"{url}&part=numerator&page_size=1").json()
    second = officer.get(first["next"]).json()
    assert officer.get(second["previous"]).json()["results"] == first["results"]
    for part, status in (("", 400), ("&part=both", 400), ("&part=numerator&after=1", 400)):
        assert officer.get(f"{url}{part}").status_code == status
    foreign = url.replace(str(world.district.public_id), str(world.other_district.public_id))
    assert officer.get(f"{foreign}&part=numerator").status_code == 404
    assessed = url.replace("mean_area", "office_compliance")
    assert officer.get(f"{assessed}&part=numerator").json()["errors"][0]["code"] == "is_assessed"
