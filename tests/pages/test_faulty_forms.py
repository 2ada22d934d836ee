"""U4: twenty faulty forms. What is wrong stands on top, once more at its field, and leads there."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from communities.base.entry import texts
from tests.conftest import World
from tests.pages.conftest import Reader
from tests.pages.test_entry import as_shown, filled

pytestmark = pytest.mark.django_db

CLERK, OFFICER = "street_clerk", "standards_officer"
COUNT = {
    "division": "一社区",
    "source": "公安户籍登记",
    "definition": "registered",
    "counted_on": "2026.6.30",
}
BODY = {"name": "会", "kind": "residents", "division_now": "一社区"}
RULE = {
    "key": "premises.office.area",
    "operator": "ge",
    "low": "80",
    "jurisdiction": "甲区",
    "force": "default",
}
# (role, address, what is sent, number of faults)
FORMS: list[tuple[str, str, dict[str, Any], int]] = [
    (CLERK, "premises", {}, 5),
    (CLERK, "premises", {"name": "房", "kind": "office", "area": "x", "obtained_on": "昨天"}, 5),
    (CLERK, "premises", {"room": True, "area": "-5", "tenure": "palace"}, 2),
    (CLERK, "premises", {"room": True, "is_temporary": "maybe"}, 1),
    (CLERK, "premises", {"room": True, "division_now": "不存在社区"}, 1),
    (CLERK, "premises", {"room": True, "functions-lines": "1", "functions-0-area": "x"}, 2),
    (CLERK, "premises", {"room": True, "functions-lines": "1", "functions-0-function": "reading"}, 1),
    (CLERK, "committees", {}, 3),
    (CLERK, "committees", {"name": "新居委会", "valid_0": "2026-02-30"}, 3),
    (CLERK, "committees", BODY | {"name": "甲" * 200, "term_number": "三"}, 2),
    (CLERK, "committees", BODY | {"valid_0": "2026-02-02", "valid_1": "2026-01-01"}, 1),
    (CLERK, "nil-statements", {}, 3),
    (CLERK, "nil-statements", {"kind": "office", "division": "一社区", "stated_on": "2026/13/01"}, 1),
    (CLERK, "household-counts", {}, 6),
    (CLERK, "household-counts", COUNT | {"households": "1.5", "residents": "很多"}, 2),
    (CLERK, "exemptions", {"key": "nothing"}, 5),
    (OFFICER, "policy-documents", {}, 4),
    (OFFICER, "policy-documents", {"title": "办法", "clauses-lines": "1", "clauses-0-text": "条文"}, 5),
    (OFFICER, "thresholds", {}, 5),
    (OFFICER, "thresholds", RULE | {"clause": "第九条", "low": "1e3", "households_0": "9", "households_1": "1"}, 3),
]  # fmt: skip


def summary(page: str) -> list[tuple[str, str, str]]:
    """(id, label, message) of each line; the summary is announced and takes the focus."""
    found = re.search(r'<section class="alert alert-danger problems"([^>]*)>(.*?)</section>', page, re.DOTALL)
    assert found, "no summary"
    attributes, body = found.groups()
    for needed in ('role="alert"', 'tabindex="-1"', "data-focus"):
        assert needed in attributes
    lines = re.findall(r"<li>(.*?)</li>", body, re.DOTALL)
    return [
        (link.group(1), link.group(2), link.group(3))
        if (link := re.fullmatch(r'<a href="#([^"]+)">(.*?)</a>：(.*)', line, re.DOTALL))
        else ("", "", line)
        for line in lines
    ]


def check(page: str, number: int | None = None) -> None:
    told = summary(page)
    assert number in (None, len(told)), [unescape(message) for _id, _label, message in told]
    assert f"<title>有 {len(told)} 处需要修改" in page
    assert f"有 {len(told)} 处需要修改</h2>" in page
    top, form = page.index('id="problems"'), page.index('class="entry"')
    assert top < form
    below = page[form:]
    for target, label, message in told:
        if not target:
            continue
        control = re.search(rf'<(input|select|textarea)[^>]* id="{re.escape(target)}"', below)
        assert control, f"{target} ({label}) leads nowhere"
        assert re.search(rf'class="wrong"[^>]*>(<i[^>]*></i>)?{re.escape(message)}</p>', below), message


@pytest.mark.parametrize(
    ("form", "ends"),
    [
        ((CLERK, "committees", {"valid_0": "2026-02-30", "valid_1": "2026-01-01"}), ["id_valid_0"]),
        ((CLERK, "committees", {"valid_0": "2026-01-01", "valid_1": "2026-02-30"}), ["id_valid_1"]),
        ((CLERK, "committees", {"valid_0": "昨天", "valid_1": "明天"}), ["id_valid_0", "id_valid_1"]),
        ((CLERK, "committees", {"valid_0": "2026-02-02", "valid_1": "2026-01-01"}), ["id_valid_1"]),
        ((OFFICER, "thresholds", {"households_0": "1", "households_1": "多"}), ["id_households_1"]),
        ((OFFICER, "thresholds", {"households_0": "9", "households_1": "1"}), ["id_households_1"]),
    ],
)
def test_what_is_wrong_with_an_end_leads_to_that_end(
    world: World, as_role: Reader, form: tuple[str, str, dict[str, str]], ends: list[str]
) -> None:
    role, route, sent = form
    page = as_role(role).post(f"/{route}/new/", sent).content.decode()
    targets = [target for target, _label, _message in summary(page)]
    assert [target for target in targets if target[-2:] in {"_0", "_1"}] == ends


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
def test_twenty_faulty_forms(
    world: World, as_role: Reader, form: tuple[str, str, dict[str, Any], int]
) -> None:
    role, route, sent, number = form
    if "room" in sent:
        sent = filled(world, **{name: value for name, value in sent.items() if name != "room"})
    answer = as_role(role).post(f"/{route}/new/", sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    check(page, number)
    # Nothing is typed a second time.
    shown = as_shown(page)
    for name, value in sent.items():
        if name in shown and value:
            as_typed = {
                value,
                str(value)[:200],
                str(texts.day(str(value))),
            }  # a field for days has its own way
            assert unescape(shown[name]) in as_typed or not shown[name]


def test_a_faulty_removal(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    answer = as_role(CLERK).post(
        reverse("premises-remove", args=[room.public_id]), {"version": "1", "reason": " "}
    )
    assert answer.status_code == 422
    check(answer.content.decode(), 1)


def test_a_faulty_change_of_many(world: World, as_role: Reader) -> None:
    marks = [f"{world.premises[name].public_id}:1" for name in ("community", "neighbour")]
    sent = {
        "step": "save",
        "row": marks,
        "change_area": "on",
        "area": "x",
        "change_lost_on": "on",
        "lost_on": "y",
    }
    answer = as_role(CLERK).post("/premises/bulk/", sent)
    assert answer.status_code == 422
    check(answer.content.decode(), 3)
