"""What the database scores is what the sheet's plain arithmetic gives; runs, refreshing, ranks and sums."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from communities.base.actions import save
from communities.base.places import Span
from communities.choices import Level, Operator
from communities.models import (
    CommunityRecord,
    DirtyMark,
    Division,
    Period,
    Premises,
)
from portal.scorecards.engine.slots import register
from portal.scorecards.models import CurrentRun, MeasureCard, Run, RunKind, ScoreCard, ScoreRollUp, VetoEffect
from portal.scorecards.schemes import publish_version
from portal.scorecards.scores_serializers import explained
from portal.scorecards.scoring.explaining import explain
from portal.scorecards.scoring.inputs import inputs
from portal.scorecards.scoring.reading import dress
from portal.scorecards.scoring.runs import request_score_run
from portal.scorecards.scoring.sheet import Sheet, sheet_of
from portal.scorecards.scoring.statement import RESULT, Subjects, ranked
from portal.scorecards.scoring.whatif import what_if
from portal.scorecards.scoring.writing import Scoring
from tests import factories
from tests.lengths import costly
from tests.rules.test_sql import CODES, POSITIVE, RULES
from tests.scorecards import sheets
from tests.scorecards.conftest import measure
from tests.scorecards.small_town import (
    OFFICE,
    ROOM,
    cards_of,
    run_of,
    sample,
    stored,
    summed,
    work_off,
)

# What the drawn rules call a, b and c.
READ = ("office_compliance", "service_compliance.of_judged", "area_per_100_households")
CUTS = {"五星": "8", "四星": "5", "三星": "2"}


def expected(sheet: Sheet, run: Run) -> dict[int, tuple[Any, ...]]:
    """Points, total, vetoes and grade of each place by the plain arithmetic of the sheet."""
    positions = register(())
    measured = {card.division_id: card.values for card in MeasureCard.objects.filter(run=run)}
    communities = Division.objects.filter(level=Level.COMMUNITY).in_bulk()
    readings = {pk: sheet.readings(measured[pk], positions) for pk in communities}
    classes = {
        record.division_id: (record.building_class, "", record.kind)
        for record in CommunityRecord.objects.all()
    }
    city = {pk: place.path_now[:18] for pk, place in communities.items()}
    earned = {pk: [each.points for each in sheet.earned(readings[pk], classes[pk])] for pk in communities}
    found = {}
    for pk in communities:
        peers = [
            other
            for other in communities
            if city[other] == city[pk] and sheet.peer_class(classes[other]) == sheet.peer_class(classes[pk])
        ]
        beside = {at: [earned[other][at] for other in peers] for at in range(len(sheet.items))}
        score = sheet.score(readings[pk], classes[pk], beside)
        absent = [at for at, points in enumerate(score.raw, 1) if points is None]
        found[pk] = (score.points, absent, score.total, score.grade, score.vetoes)
    totals = {pk: each[2] for pk, each in found.items()}
    for pk, each in found.items():
        rivals = [
            totals[other]
            for other in communities
            if city[other] == city[pk]
            and sheet.peer_class(classes[other]) == sheet.peer_class(classes[pk])
            and totals[other] is not None
        ]
        rank = None if each[2] is None else 1 + sum(rival > each[2] for rival in rivals)
        found[pk] = (*each, rank, len(rivals))
    return found


def with_codes(rule: Any) -> Any:
    """The same rule over inputs of cards."""
    match rule:
        case dict():
            return {
                key: READ[CODES.index(each)] if key == "value" else with_codes(each)
                for key, each in rule.items()
            }
        case list():
            return [with_codes(each) for each in rule]
    return rule


ITEMS = st.fixed_dictionaries(
    {
        "rule": RULES.map(with_codes),
        "full_mark": POSITIVE.map(Decimal),
        "not_applicable": st.sampled_from(["full", "drop", "peers_mean", "zero"]),
        "least": st.sampled_from([Decimal(0), Decimal(-5)]),
        "building_classes": st.sampled_from([None, ["new"], ["renovated", "old"]]),
    }
)
GROUPS = st.lists(
    st.tuples(POSITIVE, st.lists(ITEMS, min_size=1, max_size=3), st.booleans()), min_size=1, max_size=3
)
VETOES = st.lists(
    st.fixed_dictionaries(
        {
            "value": st.sampled_from(READ),
            "operator": st.sampled_from(["ge", "lt"]),
            "target": st.sampled_from([Decimal(0), Decimal(60), Decimal(100)]),
            "effect": st.sampled_from(VetoEffect.values),
        }
    ),
    max_size=3,
)


@costly()
@given(drawn=st.tuples(GROUPS, VETOES, st.sampled_from(["", "building_class"])), data=st.data())
def test_the_statement_gives_what_the_arithmetic_gives(
    town: dict[str, Division], quarter: Period, drawn: Any, data: Any
) -> None:
    """G8 for whole sheets: drawn schemes over drawn cards, values on and beside thresholds, and absent ones."""
    groups, vetoes, peer_class = drawn
    with transaction.atomic():
        version = sheets.version(
            town["province"],
            {f"组{at}": (full, items) for at, (full, items, _bonus) in enumerate(groups)},
            bonus=tuple(f"组{at}" for at, (_full, _items, is_bonus) in enumerate(groups) if is_bonus and at),
            grades=CUTS,
            vetoes=vetoes,
            peer_class=peer_class,
        )
        run = measure(quarter)
        size = len(register(()))
        for card in MeasureCard.objects.filter(run=run):
            cells = st.sampled_from([0, 0, 1, 2, 3, 5, 100, None])
            card.values = data.draw(st.lists(cells, min_size=size, max_size=size))
            card.save(update_fields=["values"])
        sheet = sheet_of(version)
        spans = [Span.below(town["province"].path_now)]
        rows = ranked(Subjects(sheet, run.pk, run.anchor_date, spans, register(()))).rows()
        names = RESULT.split(", ")
        found = {}
        for row in rows:
            told = dict(zip(names, row, strict=True))
            found[told["division_id"]] = tuple(
                told[name] for name in ("points", "absent", "total", "grade", "vetoes", "rank", "peers")
            )
        assert found == expected(sheet, run)
        transaction.set_rollback(True)


def test_a_measuring_run_is_followed_by_the_scores(town: dict[str, Division], quarter: Period) -> None:
    """Each office is 40 m² times its number, of 100; every community has 8 m² for 100 households, of 20."""
    version = sample(town)
    measure(quarter)
    work_off()
    run = run_of(version, quarter)
    assert (run.kind, run.measured.kind, run.job.state) == ("score", "measure", "done")
    cards = cards_of(run)
    assert set(cards) == {f"{n}号社区" for n in range(1, 6)}  # the other city's is not rated by this one
    assert cards["1号社区"].points == [0, 1600]
    assert cards["3号社区"].points == [6000, 1600]
    told = {name: (card.total, card.grade, card.rank, card.peers) for name, card in cards.items()}
    assert told["3号社区"] == told["4号社区"] == (7600, 2, 1, 5)
    assert told["1号社区"] == (1600, None, 4, 5)
    assert stored(run) == {
        pk: each for pk, each in expected(sheet_of(version), run.measured).items() if pk in stored(run)
    }
    sums = {
        each.division.name_now: each
        for each in ScoreRollUp.objects.filter(run=run).select_related("division")
    }
    assert (sums["一街道"].scored, sums["一街道"].total, sums["一街道"].grades) == (3, 10800, [0, 1, 0, 2])
    assert (sums["云州市"].scored, sums["云州市"].total, sums["云州市"].grades) == (5, 26000, [0, 3, 0, 2])
    assert set(sums) == {"一街道", "二街道", "长街区", "云州市", "演示省", "全国"}


def test_ranks_are_among_places_of_one_class(town: dict[str, Division], quarter: Period) -> None:
    version = sample(town, peer_class="building_class")
    measure(quarter)
    work_off()
    told = {name: (card.rank, card.peers) for name, card in cards_of(run_of(version, quarter)).items()}
    assert told == {
        "1号社区": (3, 3), "3号社区": (1, 3), "5号社区": (1, 3), "2号社区": (2, 2), "4号社区": (1, 2)
    }  # fmt: skip


def test_an_edit_changes_the_score_its_rank_and_the_sums_and_full_is_the_same(
    town: dict[str, Division], quarter: Period
) -> None:
    version = sample(town)
    measure(quarter)
    work_off()
    run = run_of(version, quarter)
    before = {card.division_id: card.computed_at for card in ScoreCard.objects.filter(run=run)}
    room = Premises.objects.get(division_now=town["c1"])
    room.area = Decimal(500)
    save(room, by=None)
    work_off()
    assert run_of(version, quarter) == run
    cards = cards_of(run)
    assert (cards["1号社区"].total, cards["1号社区"].grade, cards["1号社区"].rank) == (10000, 1, 1)
    assert cards["2号社区"].rank == 5
    assert cards["2号社区"].computed_at == before[town["c2"].pk]  # of its card only the rank was written
    incremental = stored(run)
    sums = sorted(ScoreRollUp.objects.filter(run=run).values_list("division_id", "scored", "total", "grades"))
    measure(quarter)
    work_off()
    again = run_of(version, quarter)
    assert again != run
    assert stored(again) == incremental
    assert sums == sorted(
        ScoreRollUp.objects.filter(run=again).values_list("division_id", "scored", "total", "grades")
    )
    assert not ScoreCard.objects.filter(run=run).exists()
    assert not MeasureCard.objects.filter(run=run.measured).exists()


def test_where_peers_count_an_edit_reaches_their_scores(town: dict[str, Division], quarter: Period) -> None:
    service = {
        "rule": sheets.threshold("service_compliance.of_judged", "100"),
        "full_mark": Decimal(10),
        "not_applicable": "peers_mean",
    }
    version = sheets.version(town["city"], {"办公": ("60", [OFFICE]), "服务": ("10", [service])})
    factories.threshold("premises.service.area", town["city"], "50", building_classes=["new"])
    for name in ("c1", "c3", "c5"):
        factories.premises(town[name], "service", "60")
    measure(quarter)
    work_off()
    cards = cards_of(run_of(version, quarter))
    assert cards["2号社区"].points == [0, 1000]
    assert cards["2号社区"].absent == [2]
    room = Premises.objects.get(division_now=town["c1"], kind="service")
    room.area = Decimal(10)
    save(room, by=None)
    work_off()
    cards = cards_of(run_of(version, quarter))
    assert cards["1号社区"].points == [0, 0]
    assert cards["2号社区"].points == [0, 667]


def test_a_new_threshold_and_a_closed_place_reach_the_scores(
    town: dict[str, Division], quarter: Period
) -> None:
    version = sample(town)
    measure(quarter)
    work_off()
    factories.threshold(
        "premises.office.area", town["city"], None, operator=Operator.AT_MOST, high=Decimal(60)
    )
    DirtyMark.objects.create(division=town["city"], source="test")
    place = town["c5"]
    place.records.update(valid=(None, dt.date(2026, 8, 1)))
    DirtyMark.objects.create(division=place, source="test")
    work_off()
    run = run_of(version, quarter)
    cards = cards_of(run)
    assert set(cards) == {f"{n}号社区" for n in range(1, 5)}
    assert {name: card.points[0] for name, card in cards.items()} == {
        "1号社区": 6000, "2号社区": 0, "3号社区": 0, "4号社区": 0
    }  # fmt: skip
    assert {card.peers for card in cards.values()} == {4}
    assert ScoreRollUp.objects.get(run=run, division=town["two"]).scored == 1


def test_streets_are_scored_by_their_own_cards(town: dict[str, Division], quarter: Period) -> None:
    version = sample(town, level=Level.STREET)
    measure(quarter)
    work_off()
    cards = cards_of(run_of(version, quarter))
    assert {name: card.points[0] for name, card in cards.items()} == {"一街道": 0, "二街道": 6000}
    assert set(inputs()) >= set(sheet_of(version).codes)


@pytest.mark.parametrize("level", [Level.STREET, Level.DISTRICT, Level.CITY, Level.PROVINCE])
def test_scores_of_higher_places_follow_a_row_and_a_closed_community(
    town: dict[str, Division], quarter: Period, level: Level
) -> None:
    version = sheets.version(
        Division.objects.get(level=Level.COUNTRY),
        {"办公": ("60", [OFFICE]), "用房": ("40", [ROOM])},
        grades={"五星": "90", "三星": "60", "一星": "20"},
        level=level,
    )
    measure(quarter)
    work_off()
    run = run_of(version, quarter)
    before = stored(run)
    with transaction.atomic():
        room = Premises.objects.get(division_now=town["c2"])
        room.area = Decimal(500)
        save(room, by=None)
    work_off()
    changed = stored(run)
    assert changed != before
    town["c2"].records.update(valid=(None, dt.date(2026, 8, 1)))
    DirtyMark.objects.create(division=town["c2"], source="test")
    work_off()
    incremental, sums = stored(run), summed(run)
    assert incremental != changed
    assert run_of(version, quarter) == run
    measure(quarter)
    work_off()
    again = run_of(version, quarter)
    assert again != run
    assert (stored(again), summed(again)) == (incremental, sums)


def test_what_a_draft_would_change_is_told_from_the_cards_and_nothing_is_written(
    town: dict[str, Division], quarter: Period, django_assert_max_num_queries: Any
) -> None:
    version = sample(town)
    measure(quarter)
    work_off()
    draft = sheets.version(
        town["city"],
        {"办公": ("60", [OFFICE]), "用房": ("40", [ROOM | {"rule": ROOM["rule"] | {"target": "8"}}])},
        grades={"五星": "90", "三星": "60", "一星": "20"},
        published=False,
        of=version.scheme,
    )
    before = stored(run_of(version, quarter))
    with CaptureQueriesContext(connection) as asked, django_assert_max_num_queries(20):
        found = what_if(draft, quarter, by=None)
    told = {change.division_id: change for change in found.changes}
    change = told[town["c3"].pk]
    assert (change.total_now, change.total, change.gained) == (7600, 10000, 2400)
    assert (change.grade_now, change.grade, change.rank_now, change.rank, change.peers) == (2, 1, 1, 1, 5)
    assert [number for _grade, number in found.grades_now] == [0, 3, 0, 2]
    assert [number for _grade, number in found.grades] == [3, 0, 2, 0]
    assert (found.mean_now, found.mean) == (5200, 7600)
    assert len(found.most_changed()) == 5
    assert stored(run_of(version, quarter)) == before
    tables = " ".join(query["sql"] for query in asked.captured_queries)
    assert "communities_premises" not in tables
    assert "communities_committee" not in tables


def test_a_draft_with_rules_that_nobody_feeds_is_not_tried(
    town: dict[str, Division], quarter: Period
) -> None:
    draft = sheets.version(
        town["city"],
        {"检查": ("10", [{"rule": sheets.threshold("visit.mess", "1"), "full_mark": Decimal(10)}])},
        published=False,
    )
    with pytest.raises(ValidationError, match="尚无测算结果"):
        what_if(draft, quarter, by=None)
    measure(quarter)
    with pytest.raises(ValidationError, match="该数据来源尚未建立"):
        what_if(draft, quarter, by=None)
    with pytest.raises(ValidationError, match="还没有发布"):
        request_score_run(draft, quarter, by=None)


def test_a_version_that_is_ended_leaves_its_scores_to_the_next(
    town: dict[str, Division], quarter: Period
) -> None:
    """A place has one score of a scheme in a period: of the version in force on the anchor day."""
    old = sample(town, valid=(dt.date(2026, 1, 1), None))
    measure(quarter)
    work_off()
    assert run_of(old, quarter)
    old.valid = DateRange(dt.date(2026, 1, 1), dt.date(2026, 8, 1))
    save(old, by=None)
    new = sheets.version(
        town["city"],
        {"办公": ("60", [OFFICE])},
        of=old.scheme,
        valid=(dt.date(2026, 8, 1), None),
        grades={"合格": "10"},
        published=False,
    )
    publish_version(new, by=None)
    work_off()  # asks for the run
    work_off()
    assert not CurrentRun.objects.filter(kind=RunKind.SCORE, scheme_version=old).exists()
    cards = ScoreCard.objects.current().filter(division=town["c1"])
    assert [card.scheme_version for card in cards] == [new]


def test_nothing_of_a_published_version_is_rewritten(town: dict[str, Division], quarter: Period) -> None:
    version = sample(town)
    version.note = "另一种说法"
    with pytest.raises(ValidationError, match="已经发布"):
        save(version, by=None)
    with pytest.raises(IntegrityError, match="published"), transaction.atomic():
        type(version).objects.filter(pk=version.pk).update(note="另一种说法")
    measure(quarter)
    work_off()
    quarter.closed_at = timezone.now()
    quarter.save(update_fields=["closed_at"])
    version.refresh_from_db()
    version.valid = DateRange(None, dt.date(2026, 7, 1))
    with pytest.raises(ValidationError, match="按这一版评分"):
        save(version, by=None)


def test_the_explanation_lists_rows_above_and_below_the_line(
    town: dict[str, Division], quarter: Period
) -> None:
    version = sample(town)
    measure(quarter)
    work_off()
    card = cards_of(run_of(version, quarter))["2号社区"]
    dress([card])
    get_resolver().url_patterns  # noqa: B018 - registers are named by their addresses
    told = explained(explain(card, by=None))
    (office,), (room,) = (group["items"] for group in told["groups"])
    assert [row["part"] for row in office["inputs"][0]["rows"]] == [None]
    parts = [(row["part"], row["register"], row["amount"]) for row in room["inputs"][0]["rows"]]
    assert parts == [("numerator", "premises", "80.00"), ("denominator", "household-count", "1000")]
    assert room["inputs"][0]["rows_count"] == 2


def test_when_the_anchor_passes_its_end_a_versions_scores_go(
    town: dict[str, Division], quarter: Period
) -> None:
    """The nightly round moves the anchor of an open period: what is in force no more leaves it."""
    old = sample(town, valid=(None, dt.date(2026, 8, 16)))
    measure(quarter)
    work_off()
    assert run_of(old, quarter)
    with time_machine.travel("2026-08-16 12:00+08:00", tick=True):
        measure(quarter)
        work_off()
    assert not CurrentRun.objects.filter(kind=RunKind.SCORE).exists()
    assert not ScoreCard.objects.current().exists()


def test_places_in_no_city_are_ranked_among_themselves(town: dict[str, Division], quarter: Period) -> None:
    county = factories.division("直管县", Level.DISTRICT, town["province"])
    street = factories.division("县街道", Level.STREET, county)
    for number, area in ((7, "200"), (8, "50")):
        place = factories.community(f"{number}号社区", street)
        factories.premises(place, area=area, committee=factories.committee(place))
        factories.household_count(place, 1000)
    peers_mean = OFFICE | {"name": "均分", "not_applicable": "peers_mean", "building_classes": None}
    version = sheets.version(town["province"], {"办公": ("60", [peers_mean])})
    measure(quarter)
    work_off()
    cards = cards_of(run_of(version, quarter))
    assert {cards[f"{n}号社区"].peers for n in (7, 8)} == {2}
    assert [cards[f"{n}号社区"].rank for n in (7, 8)] == [1, 2]
    assert {card.division.name_now for card in Scoring(run_of(version, quarter)).peers_of(cards["7号社区"])} == {
        "7号社区", "8号社区"
    }  # fmt: skip
    room = Premises.objects.get(division_now__name_now="8号社区")
    room.area = Decimal(300)
    save(room, by=None)
    work_off()
    assert [cards_of(run_of(version, quarter))[f"{n}号社区"].rank for n in (7, 8)] == [1, 1]
