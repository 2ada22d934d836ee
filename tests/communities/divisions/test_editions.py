"""Later editions close and open dated records; a second list adds the classes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import time_machine

from communities.actions.division_files import Oddity
from communities.actions.importing import ImportRefused, import_divisions
from communities.base.places import Span
from communities.models import ChangeRecord, DirtyMark, Division, DivisionCode
from tests import factories
from tests.communities.divisions.lists import (
    BEFORE,
    DAY,
    SMALL,
    everything,
    place,
)

pytestmark = pytest.mark.django_db


def test_a_renamed_place_keeps_its_identity_and_gets_a_second_record(small: Any) -> None:
    community = place("970101001001")
    report = small(("东社区居委会", "东方社区居委会"), on=DAY)
    assert (report.renamed, report.created) == (1, 0)
    renamed = place("970101001001")
    assert (renamed.pk, renamed.public_id, renamed.version) == (community.pk, community.public_id, 2)
    assert (renamed.name_now, renamed.initials) == ("东方社区居委会", "dfsqjwh")
    assert renamed.records.as_of(BEFORE).get().name == "东社区居委会"
    assert renamed.records.as_of(DAY).get().name == "东方社区居委会"
    assert DirtyMark.objects.get().division == renamed


def test_marks_stand_on_the_place_above_all_that_changed(small: Any) -> None:
    small(("东社区居委会", "东方社区居委会"), ("西社区居委会", "西方社区居委会"), on=DAY)
    assert DirtyMark.objects.get().division == place("970101001000")


def test_differences_need_a_day(small: Any) -> None:
    before = everything()
    with pytest.raises(ImportRefused, match="970101001001 东社区居委会 → 东方社区居委会"):
        small(("东社区居委会", "东方社区居委会"))
    assert everything() == before


def test_a_day_before_what_is_recorded_is_refused(small: Any) -> None:
    small(("东社区居委会", "东方社区居委会"), on=DAY)
    before = everything()
    with pytest.raises(ImportRefused, match="在该日之后已有记录"):
        small(("东社区居委会", "东海社区居委会"), on=BEFORE)
    assert everything() == before


def test_the_same_day_again_corrects_the_record_in_place(small: Any) -> None:
    small(("东社区居委会", "东方社区居委会"), on=DAY)
    small(("东社区居委会", "东海社区居委会"), on=DAY)
    names = place("970101001001").records.order_by("valid").values_list("name", flat=True)
    assert sorted(names) == sorted(["东社区居委会", "东海社区居委会"])


@time_machine.travel("2024-06-30 12:00+08:00")
def test_a_day_to_come_is_refused(small: Any) -> None:
    with pytest.raises(ImportRefused, match="晚于今天"):
        small(on=DAY)


def test_a_new_code_is_a_new_place_from_the_day_on(small: Any) -> None:
    report = small(("970101002000,", "970101001003,北社区居委会,village\n970101002000,"), on=DAY)
    assert (report.created, report.renamed) == (1, 0)
    new = place("970101001003")
    assert new.parent_now == place("970101001000")
    assert not new.records.as_of(BEFORE).exists()
    assert new.codes.as_of(DAY).get().code == "970101001003"


def test_what_is_gone_is_told_and_stays_unless_asked_otherwise(small: Any) -> None:
    report = small(("970101001002,西社区居委会,village\n", ""), on=DAY)
    assert list(report.findings) == [(Oddity.GONE, 1, ["970101001002 西社区居委会"])]
    assert not report.has_changes
    assert not place("970101001002").is_closed


def test_what_is_gone_is_closed_on_request(small: Any) -> None:
    report = small(("970101001002,西社区居委会,village\n", ""), on=DAY, close_missing=True)
    assert report.closed == 1
    gone = place("970101001002")
    assert gone.is_closed
    assert gone.records.as_of(BEFORE).exists()
    assert not gone.records.as_of(DAY).exists()
    assert not gone.codes.as_of(DAY).exists()
    assert ChangeRecord.objects.latest("pk").after["closed"] == 1


def test_closing_needs_a_day(small: Any) -> None:
    with pytest.raises(ImportRefused, match="--on"):
        small(close_missing=True)


def test_a_place_in_use_is_not_closed_nor_is_what_lies_above_it(small: Any) -> None:
    factories.committee(place("970101002001"))
    report = small(
        ("970101002000,乙街道,township\n970101002001,南社区居委会,village\n", ""),
        ("970101001002,西社区居委会,village\n", ""),
        on=DAY,
        close_missing=True,
    )
    told = {oddity: examples for oddity, _n, examples in report.findings}
    assert told[Oddity.STILL_IN_USE] == ["970101002000 乙街道", "970101002001 南社区居委会"]
    assert list(Division.objects.filter(is_closed=True)) == [place("970101001002")]


def test_a_list_of_one_street_says_nothing_about_others(small: Any, written: Any) -> None:
    part = "970101001000,甲街道,township\n970101001001,东社区居委会,village\n"
    report = import_divisions(written(part), on=DAY, close_missing=True)
    assert report.closed == 1
    assert list(Division.objects.filter(is_closed=True)) == [place("970101001002")]
    assert Oddity.NO_PARENT not in {oddity for oddity, *_rest in report.findings}


def test_a_code_used_again_after_abolition_is_another_place(small: Any) -> None:
    first = place("970101001002")
    small(("970101001002,西社区居委会,village\n", ""), on=DAY, close_missing=True)
    later = DAY + dt.timedelta(days=366)
    report = small(("西社区居委会", "新西社区居委会"), on=later)
    assert report.created == 1
    second = Division.objects.get(code_now="970101001002", is_closed=False)
    assert second.pk != first.pk
    codes = DivisionCode.objects.filter(code="970101001002")
    assert codes.as_of(BEFORE).get().division == first
    assert codes.as_of(later).get().division == second
    with pytest.raises(DivisionCode.DoesNotExist):
        codes.as_of(DAY).get()


def test_a_code_is_not_used_again_without_a_day(small: Any) -> None:
    small(("970101001002,西社区居委会,village\n", ""), on=DAY, close_missing=True)
    with pytest.raises(ImportRefused, match="970101001002"):
        small()


def test_a_parent_that_appears_later_takes_its_places_over(written: Any) -> None:
    county = "970101000000,甲区,county\n"
    import_divisions(written(SMALL.replace(county, "")))
    street, community = place("970101001000"), place("970101001001")
    assert street.parent_now == place("970100000000")
    # The list of the new county names one street only; the communities below come along.
    report = import_divisions(
        written(county + "970101001000,甲街道,township\n970101002000,乙街道,township\n"), on=DAY
    )
    assert report.created == 1
    new = place("970101000000")
    moved, below = place("970101001000"), place("970101001001")
    assert (moved.parent_now, below.parent_now) == (new, moved)
    assert Span.below(new.path_now).covers(below.path_now)
    assert below.records.as_of(BEFORE).get().path == community.path_now
    assert below.records.as_of(DAY).get().path == below.path_now
    assert moved.records.as_of(BEFORE).get().parent == street.parent_now


def test_class_codes_fill_what_was_unknown_and_need_a_day_to_change(small: Any, written: Any) -> None:
    def listed(value: str) -> Path:
        return written(
            f"970101001001,{value}\n970101001002,999\n970109001001,220\n",
            name="classes.csv",
            header="code,class\n",
        )

    report = small(classes=listed("111"))
    assert report.classified == 1
    told = {oddity: examples for oddity, _n, examples in report.findings}
    assert told == {
        Oddity.UNKNOWN_CLASS: ["第 3 行 970101001002 999"],
        Oddity.CLASS_WITHOUT_PLACE: ["第 4 行 970109001001 220"],
    }
    record = place("970101001001").records.get()
    assert (record.urban_rural_class, record.valid.lower) == ("111", None)
    assert not small().has_changes
    assert not small(classes=listed("111")).has_changes
    with pytest.raises(ImportRefused):
        small(classes=listed("121"))
    small(classes=listed("121"), on=DAY)
    records = place("970101001001").records
    assert records.as_of(BEFORE).get().urban_rural_class == "111"
    assert records.as_of(DAY).get().urban_rural_class == "121"
