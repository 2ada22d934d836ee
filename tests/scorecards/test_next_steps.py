"""What a place could do next, and what that would earn."""

from __future__ import annotations

from decimal import Decimal

from communities.base.actions import save
from communities.models import Division, Period, Premises
from portal.scorecards.scoring.explaining import explain
from portal.scorecards.scoring.next_steps import next_steps
from tests.scorecards import sheets
from tests.scorecards.conftest import measure
from tests.scorecards.small_town import cards_of, run_of, sample, work_off


def test_next_steps_lead_where_they_say(town: dict[str, Division], quarter: Period) -> None:
    version = sample(town)
    measure(quarter)
    work_off()
    card = cards_of(run_of(version, quarter))["1号社区"]
    steps = next_steps(explain(card, by=None))
    told = [(step.step.code, step.gain, step.total_after, str(step.grade_after)) for step in steps]
    # 8 of 20 m² is the smaller gap; the office has 40 of 100 m², and meets or does not.
    assert told == [
        ("area_per_100_households", 2400, 4000, "一星"),
        ("office_compliance.of_judged", 6000, 7600, "三星"),
    ]
    assert steps[0].text == "每百户社区用房面积由 8 平方米 提高到 20 平方米"


def test_a_step_moves_whatever_counts_the_same_things(town: dict[str, Division], quarter: Period) -> None:
    share = {"rule": sheets.threshold("one_door_coverage", "100"), "full_mark": Decimal(10)}
    number = {"rule": sheets.threshold("communities.with_one_door", "1"), "full_mark": Decimal(5)}
    version = sheets.version(town["city"], {"服务": ("10", [share]), "窗口": ("5", [number])})
    measure(quarter)
    work_off()
    run = run_of(version, quarter)
    (step,) = {step.total_after for step in next_steps(explain(cards_of(run)["1号社区"], by=None))}
    room = Premises.objects.get(division_now=town["c1"])
    room.is_one_door = True
    save(room, by=None)
    work_off()
    assert cards_of(run)["1号社区"].total == step == 1500
