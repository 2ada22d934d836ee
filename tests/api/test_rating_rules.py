"""Rules over REST: the shapes described, and rules tried on numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from communities.base.rules import SHAPES
from tests.api.conftest import API
from tests.rules.conftest import deduction
from tests.rules.test_vectors import BONUS, PRO_RATA, QUARTERLY, SUM, THRESHOLD, WEIGHTED

TRY = f"{API}/rating-rules/try/"


def tried(client: APIClient, **body: Any) -> Any:
    return client.post(TRY, body, format="json")


def test_every_shape_describes_itself(officer: APIClient) -> None:
    body = officer.get(f"{API}/rating-rules/").json()
    assert [row["shape"] for row in body["results"]] == list(SHAPES)
    assert body["count"] == len(SHAPES)
    for row in body["results"]:
        Draft202012Validator.check_schema(row["schema"])
        assert row["name"]
        assert row["description"]
        assert all(each["title"] for name, each in row["schema"]["properties"].items() if name != "shape")


def test_what_the_schemas_allow_is_what_is_read(officer: APIClient) -> None:
    schemas = {row["shape"]: row["schema"] for row in officer.get(f"{API}/rating-rules/").json()["results"]}
    rules = [rule for rule, *_rest in QUARTERLY.values()] + [THRESHOLD, WEIGHTED]
    for rule in rules:
        Draft202012Validator(schemas[rule["shape"]]).validate(rule)
    for wrong in (THRESHOLD | {"operator": "eq"}, {"shape": "threshold"}, THRESHOLD | {"more": "1"}):
        assert not Draft202012Validator(schemas["threshold"]).is_valid(wrong)
        assert tried(officer, rule=wrong, full_mark="10", cases=[{"v": "1"}]).status_code == 400


def test_the_quarterly_cross_check_item_by_item(officer: APIClient) -> None:
    total = Decimal(0)
    for rule, full, found, points in QUARTERLY.values():
        answer = tried(officer, rule=rule, full_mark=full, cases=[{k: str(v) for k, v in found.items()}])
        assert answer.status_code == 200, answer.json()
        (case,) = answer.json()["cases"]
        assert case["points"] == f"{Decimal(points) / 100:.2f}"
        assert case["explanation"]
        total += Decimal(case["points"])
    assert total == Decimal("73.5")


def test_cases_in_the_order_sent_each_with_its_explanation(officer: APIClient) -> None:
    cases = [
        {"v": "80"},
        {"v": 79.5},
        {"v": {"numerator": "4", "denominator": "5"}},
        {"v": {"numerator": "0", "denominator": "0"}},
        {"v": None},
        {},
    ]
    names = {"v": {"name": "满意率", "unit": "%"}}
    body = tried(officer, rule=THRESHOLD, full_mark="10", cases=cases, names=names).json()
    assert [case["points"] for case in body["cases"]] == ["10.00", "0.00", "0.00", None, "0.00", "0.00"]
    told = [case["explanation"][0]["text"] for case in body["cases"]]
    assert told[0].startswith("满意率 80%")
    assert "不低于 80%" in told[1]
    assert told[3].endswith("本项不适用")
    assert told[4] == told[5]
    assert body["reads"] == ["v"]
    assert body["words"][0].startswith("满意率不低于 80%")


def test_rounding_and_bounds_of_the_item(officer: APIClient) -> None:
    rule = {"shape": "pro_rata", "value": "v", "target": "3"}
    body = tried(
        officer,
        rule=rule,
        full_mark="10",
        rounding_places=0,
        rounding_mode="up",
        most="6",
        cases=[{"v": 1}, {"v": 2}],
    ).json()
    assert [case["points"] for case in body["cases"]] == ["4.00", "6.00"]
    assert [case["explanation"][1:] for case in body["cases"]] == [
        [{"text": "保留 0 位小数进位，计 4 分", "points": "4"}],
        [{"text": "本项最高 6 分，计 6 分", "points": "6"}],
    ]
    assert body["words"][-2:] == ["本项最高得 6 分。", "得分保留 0 位小数，进位。"]


NESTED = {
    "shape": "gate",
    "condition": {"value": "v", "operator": "gt", "target": "0"},
    "rule": deduction(w="1"),
}
REFUSED = ("次数不能小于 0。", "min_value")


@pytest.mark.parametrize(
    ("rule", "case", "refused"),
    [
        (deduction(v="2"), {"v": "-4"}, {"cases[0].v": REFUSED}),
        (deduction(v="2"), {"v": "0"}, {}),
        (BONUS, {"national": -3, "city": "-0.5"}, {"cases[0].national": REFUSED, "cases[0].city": REFUSED}),
        (
            deduction(v="2"),
            {"v": {"numerator": "-4", "denominator": "2"}},
            {"cases[0].v.numerator": REFUSED},
        ),
        (NESTED, {"v": "-1", "w": "0"}, {}),
        (NESTED, {"v": "-1", "w": "-1"}, {"cases[0].w": REFUSED}),
        (
            {"shape": "combined", "how": "best", "parts": [{"rule": deduction(v="2")}, {"rule": PRO_RATA}]},
            {"v": "-1"},
            {"cases[0].v": REFUSED},
        ),
        (PRO_RATA, {"v": "-5"}, {}),
    ],
)
def test_nothing_happens_less_than_never(
    officer: APIClient, rule: dict[str, Any], case: dict[str, Any], refused: dict[str, Any]
) -> None:
    answer = tried(officer, rule=rule, full_mark="10", cases=[case])
    assert answer.status_code == (400 if refused else 200)
    found = {each["attr"]: (each["detail"], each["code"]) for each in answer.json().get("errors", ())}
    assert found == refused


def test_a_sum_of_more_than_the_full_mark_says_where_it_ends(officer: APIClient) -> None:
    case = {"v": "80", "w": "80"}
    body = tried(officer, rule=SUM, full_mark="5", most="5", cases=[case]).json()
    assert body["words"][-1] == "本项最高得 5 分。"
    assert body["cases"][0]["explanation"][-1] == {"text": "本项最高 5 分，计 5 分", "points": "5"}


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"rule": THRESHOLD | {"target": "viele"}}, "rule.target", "invalid"),
        ({"rule": {"shape": "formula"}}, "rule.shape", "invalid_choice"),
        ({"rule": "1 + 1"}, "rule", "invalid"),
        (
            {"rule": {"shape": "combined", "how": "sum", "parts": [{"rule": {"shape": "bonus"}}]}},
            "rule.parts[0].rule.occurrences",
            "required",
        ),
        ({"rule": WEIGHTED | {"parts": [{"rule": THRESHOLD}]}}, "rule.parts", "invalid"),
        ({"cases": [{"v": "1"}, {"w": "1"}]}, "cases[1].w", "unknown"),
        ({"cases": [{"v": "eins"}]}, "cases[0].v", "invalid"),
        ({"cases": [{"v": {"numerator": "1", "denominator": "-1"}}]}, "cases[0].v.denominator", "min_value"),
        ({"cases": []}, "cases", "min_length"),
        ({"full_mark": "0"}, "full_mark", "min_value"),
        ({"rule": THRESHOLD | {"target": "1" * 20}}, "rule.target", "max_digits"),
        ({"rule": THRESHOLD | {"target": "NaN"}}, "rule.target", "invalid"),
    ],
)
def test_faults_name_place_and_reason(
    officer: APIClient, change: dict[str, Any], place: str, code: str
) -> None:
    body = {"rule": THRESHOLD, "full_mark": "10", "cases": [{"v": "1"}]} | change
    answer = tried(officer, **body)
    assert answer.status_code == 400
    found = {(error["attr"], error["code"]) for error in answer.json()["errors"]}
    assert (place, code) in found
    assert all(
        "\u4e00" <= error["detail"][0] <= "\u9fff" or "“" in error["detail"]
        for error in answer.json()["errors"]
    )


def test_a_rule_of_five_floors_is_refused(officer: APIClient) -> None:
    rule: dict[str, Any] = THRESHOLD
    for _floor in range(4):
        rule = {"shape": "combined", "how": "best", "parts": [{"rule": rule}]}
    answer = tried(officer, rule=rule, full_mark="10", cases=[{"v": "1"}])
    assert answer.json()["errors"][0]["code"] == "max_depth"


def test_fields_that_nobody_declared_are_refused(officer: APIClient) -> None:
    body = {"rule": THRESHOLD, "full_mark": "10", "cases": [{"v": "1"}]}
    assert tried(officer, **body).status_code == 200
    answer = tried(officer, **body | {"full_mark": "x", "rule": {"shape": "formula"}}, weight="2")
    assert answer.status_code == 400
    assert [(each["attr"], each["code"]) for each in answer.json()["errors"]] == [
        ("weight", "unknown_field"),
        ("full_mark", "invalid"),
        ("rule.shape", "invalid_choice"),
    ]
