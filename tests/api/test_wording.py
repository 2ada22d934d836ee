"""Filters and bodies that are no rows say what forms and workbooks say, with all that is wrong in one answer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from communities import forms
from communities.actions import imports
from communities.base.workbooks.sheets import REASONS
from communities.choices import PremisesKind
from tests.api.conftest import API
from tests.conftest import World
from tests.rules.test_vectors import THRESHOLD

pytestmark = pytest.mark.django_db

TRY = f"{API}/rating-rules/try/"
# Sentences that only the frameworks' own translations have.
FOREIGN_WORDS = re.compile("字段|选项|期望|期待|确保|该值|有效的")
UNKNOWN = "不认识的字段。"


def told(answer: Any) -> dict[str, str]:
    assert answer.status_code == 400, answer.content
    found = {each["attr"]: each["detail"] for each in answer.json()["errors"]}
    assert not [text for text in found.values() if FOREIGN_WORDS.search(text) and text != UNKNOWN]
    return found


def on_page(world: World, name: str, text: str, form: Any = forms.PremisesForm) -> str:
    """What the form says of one field."""
    [message] = form({name: text}, user=world.users["district_officer"]).errors[name]
    return str(message)


def test_a_run_that_is_asked_for_wrongly(world: World, officer: APIClient) -> None:
    required = on_page(world, "name", "")
    assert told(officer.post(f"{API}/runs/", {})) == {"kind": required, "period": required}
    found = told(officer.post(f"{API}/runs/", {"kind": "zz", "period": "2026Q4-12", "colour": 1}))
    assert found == {
        "colour": UNKNOWN,
        "kind": "「zz」不在可选范围内，可填：measure、score。",
        "period": "最多 7 个字，现有 9 个。",
    }
    assert told(officer.post(f"{API}/runs/", {"kind": None, "period": []}))["kind"] == required
    assert told(officer.post(f"{API}/runs/", ["kind"])) == {"non_field_errors": "请提交一个对象。"}


def test_a_choice_reads_as_on_the_page(world: World, officer: APIClient) -> None:
    """The same sentence; a body takes codes alone, so it is codes that are listed."""
    page = on_page(world, "kind", "zz")
    over_api = told(officer.post(f"{API}/runs/", {"kind": "zz", "period": "2026Q4"}))["kind"]
    assert page.partition("可填：")[0] == over_api.partition("可填：")[0] == "「zz」不在可选范围内，"


def test_a_rule_that_is_tried_wrongly(world: World, officer: APIClient) -> None:
    good = {"rule": THRESHOLD, "full_mark": "10", "cases": [{"v": "1"}]}

    def tried(**changes: Any) -> dict[str, str]:
        return told(officer.post(TRY, good | changes))

    wrong = tried(
        rule="1 + 1", full_mark="x", least="1.234", rounding_places=3, rounding_mode="zz", cases="v", colour=1
    )
    assert wrong == {
        "colour": UNKNOWN,
        "rule": "应为对象。",
        "full_mark": on_page(world, "area", "x"),
        "least": on_page(world, "area", "1.234"),
        "rounding_places": "不能大于 2。",
        "rounding_mode": "「zz」不在可选范围内，可填：half_up、down、up。",
        "cases": "请提交一个列表。",
    }
    assert tried(cases=[]) == {"cases": "至少须有 1 项。"}
    assert tried(cases=[{}] * 201) == {"cases": "最多 200 项。"}
    assert tried(cases=["v"]) == {"cases.0": "请提交一个对象。"}
    assert tried(full_mark="0") == {"full_mark": "不能小于 0.01。"}
    assert tried(rounding_places="x") == {"rounding_places": on_page(world, "households", "x", COUNT)}
    assert tried(names={"v": {"name": "名" * 51, "colour": 1}}) == {
        "names.v.colour": UNKNOWN,
        "names.v.name": "最多 50 个字，现有 51 个。",
    }
    assert tried(names=[], rule=None) == {"names": "请提交一个对象。", "rule": "请填写此项。"}


COUNT = forms.HouseholdCountForm


def test_an_upload_that_is_sent_wrongly(world: World, officer: APIClient) -> None:
    def sent(**body: Any) -> dict[str, str]:
        return told(officer.post(f"{API}/imports/", body, format="multipart"))

    required = on_page(world, "name", "")
    page = officer.post(f"/imports/new/?resource=premises&place={world.street.public_id}").content.decode()
    no_file = "请选择要上传的文件。"
    assert no_file in page
    assert sent() == {"resource": required, "division": required, "file": no_file}
    found = sent(resource="zz", division="x", file="text", colour="red")
    words = "、".join(sorted(imports.resources()))
    assert found == {
        "colour": UNKNOWN,
        "resource": f"「zz」不在可选范围内，可填：{words}。",
        "division": "请填写编号(UUID)，例如 0190a0a0-0000-7000-8000-000000000000。",
        "file": no_file,
    }
    empty = SimpleUploadedFile("a.xlsx", b"")
    assert sent(resource="premises", division=str(world.street.public_id), file=empty) == {
        "file": str(REASONS["empty_file"])
    }
    asked = told(officer.get(f"{API}/imports/template/?resource=zz"))
    assert asked == {"resource": f"「zz」不在可选范围内，可填：{words}。", "division": required}


def test_filters_that_are_asked_wrongly(world: World, officer: APIClient) -> None:
    found = told(officer.get(f"{API}/premises/?kind=zz&division=x&as_of=2026&q={'长' * 51}"))
    kinds = "、".join(PremisesKind.values)
    assert found == {
        "kind": f"「zz」不在可选范围内，可填：{kinds}。",
        "division": "请填写编号(UUID)，例如 0190a0a0-0000-7000-8000-000000000000。",
        "as_of": on_page(world, "obtained_on", "2026"),
        "q": "最多 50 个字，现有 51 个。",
    }
