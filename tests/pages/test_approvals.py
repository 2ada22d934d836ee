"""A request on its way through the browser: submitted, returned, submitted again, passed; and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.actions import approvals
from communities.base.querysets import today
from communities.models import (
    ApprovalCase,
    ApprovalDelegation,
    Exemption,
    ExemptionRequest,
    HolidaySchedule,
    RoleAssignment,
)
from tests import factories
from tests.conftest import World
from tests.factories import approvals as factory
from tests.pages.conftest import Reader

pytestmark = pytest.mark.django_db

TO_DO = "/approvals/"


def text_of(answer: Any) -> str:
    return answer.content.decode()


def version_in(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def tabs(client: Client) -> dict[str, int]:
    found = re.findall(r"<span>([^<]+)</span><b>(\d+)</b>", text_of(client.get(TO_DO)))
    return {name: int(number) for name, number in found}


@pytest.fixture
def request_(world: World) -> ExemptionRequest:
    factory.route(world.district)
    return factory.request(world.community)


@pytest.fixture
def case(request_: ExemptionRequest, world: World) -> ApprovalCase:
    return approvals.submit(request_, by=world.users["community_worker"])


def act(client: Client, case: ApprovalCase, name: str, **sent: str) -> Any:
    url = reverse("approval-detail", args=[case.public_id])
    version = sent.pop("version", None) or version_in(text_of(client.get(url)))
    return client.post(reverse(f"approval-{name}", args=[case.public_id]), {"version": version, **sent})


def submit(client: Client, row: ExemptionRequest) -> Any:
    page = text_of(client.get(reverse("exemption-request-detail", args=[row.public_id])))
    url = reverse("exemption-request-submit", args=[row.public_id])
    return client.post(url, {"version": version_in(page), "remark": "请审核"})


def test_the_whole_way(world: World, request_: ExemptionRequest, as_role: Reader) -> None:
    worker, clerk, officer = (
        as_role(role) for role in ("community_worker", "street_clerk", "district_officer")
    )
    answer = submit(worker, request_)
    case = ApprovalCase.objects.get()
    url = reverse("approval-detail", args=[case.public_id])
    assert (answer.status_code, answer.url) == (302, url)
    assert (tabs(worker)["待我办理"], tabs(worker)["我申报的"]) == (0, 1)
    assert (tabs(clerk)["待我办理"], tabs(officer)["待我办理"]) == (1, 0)
    assert case.title in text_of(clerk.get("/workbench/"))
    # Fixed while it is being decided: no button, and no way around.
    page = text_of(worker.get(reverse("exemption-request-detail", args=[request_.public_id])))
    assert "/edit/" not in page
    assert "审批中" in page

    assert act(clerk, case, "decide", verb="pass").status_code == 302
    assert (tabs(clerk)["我已办理"], tabs(officer)["待我办理"]) == (1, 1)
    sent = {"verb": "return", "remark": "请补充", "remarks.remedy": "写明期限"}
    assert act(officer, case, "decide", **sent).status_code == 302
    assert "请补充" in text_of(worker.get(url))
    assert "整改打算：写明期限" in text_of(worker.get(url))
    assert case.title in text_of(worker.get("/workbench/"))

    row = ExemptionRequest.objects.get(pk=request_.pk)
    edit = reverse("exemption-request-edit", args=[row.public_id])
    typed = {
        "key": row.key,
        "division": str(row.division.public_id),
        "valid_0": "2026-01-01",
        "valid_1": "2026-12-31",
        "reason": row.reason,
        "remedy": "2027年6月底前购置",
        "version": row.version,
        "change_reason": "按意见补充",
    }
    assert worker.post(edit, typed).status_code == 302
    assert submit(worker, row).status_code == 302
    page = text_of(clerk.get(url))
    assert "<del>明年年底前购置</del>" in page
    assert "2027年6月底前购置" in page
    assert "第 2 轮" in page
    for client in (clerk, officer):
        assert act(client, case, "decide", verb="pass").status_code == 302
    granted = Exemption.objects.get()
    assert granted.decision_number == case.number
    assert "已通过" in text_of(officer.get(url))
    page = text_of(worker.get(reverse("exemption-request-detail", args=[row.public_id])))
    assert reverse("exemption-detail", args=[granted.public_id]) in page


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({"verb": ""}, 422, "请选择同意、退回或不予通过。"),
        ({"verb": "return", "remark": " "}, 422, "请填写原因。"),
        ({"verb": "refuse"}, 422, "请填写原因。"),
        ({"verb": "return", "remark": "说" * 501}, 422, "意见不能超过 500 字。"),
        ({"verb": "pass", "remarks.remedy": "好"}, 422, "逐项意见只在退回时填写。"),
        (
            {"verb": "return", "remark": "看看", "remarks.nothing": "好"},
            422,
            "申报内容中没有这一项：nothing。",
        ),
        ({"verb": "pass", "version": "999"}, 409, "已有新的办理情况"),
        ({"verb": "pass", "version": "x"}, 400, "页面已失效"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    case: ApprovalCase, as_role: Reader, sent: dict[str, str], status: int, message: str
) -> None:
    answer = act(as_role("street_clerk"), case, "decide", **sent)
    assert answer.status_code == status
    page = text_of(answer)
    assert message in page
    if status != 400:
        for text in (sent.get("remark", "").strip(), sent.get("remarks.remedy", "")):
            assert text in page
    assert not case.opinions.exclude(verb="submit").exists()


def test_who_is_not_to_decide_is_told_so(world: World, case: ApprovalCase, as_role: Reader) -> None:
    for role in ("community_worker", "district_officer", "api_client"):
        client = as_role(role)
        page = text_of(client.get(reverse("approval-detail", args=[case.public_id])))
        assert "提交意见" not in page
        answer = act(client, case, "decide", verb="pass", version=str(case.version))
        assert answer.status_code == 403
        assert "这一步现在不由您办理。" in text_of(answer)
    answer = act(as_role("district_officer"), case, "withdraw", version=str(case.version))
    assert (answer.status_code, "只有申报人" in text_of(answer)) == (403, True)


def test_urged_withdrawn_handed_on(world: World, case: ApprovalCase, as_role: Reader) -> None:
    worker, clerk = as_role("community_worker"), as_role("street_clerk")
    assert act(worker, case, "urge").status_code == 302
    assert "已催办 1 次" in text_of(clerk.get(TO_DO))
    answer = act(worker, case, "urge")
    assert (answer.status_code, "今天已经催办过" in text_of(answer)) == (422, True)
    answer = act(clerk, case, "hand-on", remark="请代办")
    assert (answer.status_code, "请选择转交给谁。" in text_of(answer)) == (422, True)
    officer = world.users["district_officer"]
    assert act(clerk, case, "hand-on", to=str(officer.public_id), remark="请代办").status_code == 302
    assert tabs(as_role("district_officer"))["待我办理"] == 1
    assert act(worker, case, "withdraw", remark="要改").status_code == 302
    case.refresh_from_db()
    assert case.state == "withdrawn"


def test_many_at_once_each_for_itself(world: World, as_role: Reader) -> None:
    factory.route(world.district)
    worker, clerk = world.users["community_worker"], as_role("street_clerk")
    cases = [
        approvals.submit(factory.request(world.community, reason=f"第{n}件"), by=worker) for n in range(3)
    ]
    page = text_of(clerk.get(TO_DO))
    assert "批量办理" in page
    assert {str(case.public_id) for case in cases} == set(clerk.get("/approvals/chosen/").json()["ids"])
    page = text_of(clerk.post("/approvals/bulk/", {"row": [str(case.public_id) for case in cases]}))
    rows = re.findall(r'name="row" value="([^"]+)"', page)
    assert "共 3 件" in page
    wrong = clerk.post("/approvals/bulk/", {"step": "decide", "row": rows, "verb": "return"})
    assert (wrong.status_code, "请填写原因" in text_of(wrong)) == (422, True)
    approvals.withdraw(cases[1], by=worker)
    answer = clerk.post("/approvals/bulk/", {"step": "decide", "row": rows, "verb": "pass"})
    page = text_of(answer)
    assert (page.count("已办理</span>"), page.count("没有办理：")) == (2, 1)
    assert "已有新的办理情况" in page
    assert sorted(ApprovalCase.objects.values_list("position", flat=True)) == [1, 2, 2]


def test_lists_cost_the_same_at_any_length(world: World, as_role: Reader) -> None:
    factory.route(world.district)
    worker = world.users["community_worker"]

    def cost(client: Client, url: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    urls = (TO_DO, "/approvals/all/", "/exemption-requests/", "/workbench/")
    client = as_role("street_clerk")
    approvals.submit(factory.request(world.community, reason="一"), by=worker)
    before = [cost(client, url) for url in urls]
    for n in range(20):
        approvals.submit(factory.request(world.community, reason=f"{n}"), by=worker)
    assert [cost(client, url) for url in urls] == before


def test_what_was_submitted_cannot_be_edited_or_removed(
    world: World, case: ApprovalCase, request_: ExemptionRequest, as_role: Reader
) -> None:
    worker = as_role("community_worker")
    request_.refresh_from_db()
    sent = {"version": request_.version, "reason": "不要了"}
    answer = worker.post(reverse("exemption-request-remove", args=[request_.public_id]), sent)
    assert "正在审批，不能修改或删除" in text_of(answer)
    assert ExemptionRequest.objects.live().filter(pk=request_.pk).exists()


def test_nothing_is_submitted_without_a_route(world: World, as_role: Reader) -> None:
    row = factory.request(world.community)
    worker = as_role("community_worker")
    page = text_of(worker.get(submit(worker, row).url))
    assert "没有申报：本地区还没有这一事项的审批流程" in page


def test_a_colleague_decides_while_one_is_away(world: World, case: ApprovalCase, as_role: Reader) -> None:
    other = factories.user("other", "street_clerk", world.street, name="另一办事员")
    page = text_of(as_role("street_clerk").get("/approval-delegations/new/"))
    assert "另一办事员" in page
    assert f'<option value="{world.users["street_clerk"].public_id}"' not in page
    day = today()
    typed = {"receiver": str(other.public_id), "valid_0": day, "valid_1": day, "reason": "出差"}
    answer = as_role("street_clerk").post("/approval-delegations/new/", typed)
    assert answer.status_code == 302, text_of(answer)
    row = ApprovalDelegation.objects.get()
    assert (row.giver, row.receiver, row.kinds) == (world.users["street_clerk"], other, [])
    # Whom it concerns reads it; nobody else does, and only the giver writes it.
    for role, status, writes in (("street_clerk", 200, True), ("district_officer", 404, False)):
        answer = as_role(role).get(reverse("approval-delegation-detail", args=[row.public_id]))
        assert (answer.status_code, "/edit/" in text_of(answer)) == (status, writes)


def test_an_open_end_is_told_at_the_field(world: World, as_role: Reader) -> None:
    other = factories.user("other", "street_clerk", world.street)
    typed = {"receiver": str(other.public_id), "valid_0": "2026-01-01", "reason": "出差"}
    answer = as_role("street_clerk").post("/approval-delegations/new/", typed)
    assert answer.status_code == 422
    assert '<a href="#id_valid_1">委托期间 结束日期</a>' in text_of(answer)


def test_routes_are_written_with_their_steps(world: World, as_role: Reader) -> None:
    writer = as_role("standards_officer")
    typed = {
        "kind": "exemption",
        "jurisdiction": str(
            RoleAssignment.objects.get(user=world.users["standards_officer"]).division.public_id
        ),
        "valid_0": "2026-01-01",
        "steps-lines": "2",
        "steps-0-position": "1",
        "steps-0-name": "街道初审",
        "steps-0-level": "street",
        "steps-0-role": "street_clerk",
        "steps-0-needed": "1",
        "steps-0-working_days": "3",
        "steps-0-subject_levels": ["community", "street"],
        "steps-1-position": "1",
        "steps-1-name": "区级审定",
        "steps-1-level": "district",
        "steps-1-role": "district_officer",
        "steps-1-needed": "2",
        "steps-1-working_days": "5",
        "steps-1-amount_from": "100000",
        "steps-1-amount_below": "50000",
    }
    answer = writer.post("/approval-routes/new/", typed)
    assert answer.status_code == 422
    assert "金额的下限须小于上限。" in text_of(answer)
    answer = writer.post(
        "/approval-routes/new/", typed | {"steps-0-working_days": "300", "steps-0-needed": "0"}
    )
    assert answer.status_code == 422
    for message in ("不能大于 250。", "不能小于 1。"):
        assert message in text_of(answer)
    answer = writer.post("/approval-routes/new/", typed | {"steps-1-amount_below": ""})
    assert "同一流程的步骤顺序不能相同。" in text_of(answer)
    typed |= {"steps-1-amount_below": "", "steps-1-position": "2"}
    answer = writer.post("/approval-routes/new/", typed)
    assert answer.status_code == 302, text_of(answer)
    page = text_of(writer.get(answer.url))
    assert "街镇级、社区级" in page
    assert "金额不低于 100,000.00 元" in page


def test_holidays_are_written_by_the_highest_only(world: World, as_role: Reader) -> None:
    assert "国办发明电〔2025〕7号" in text_of(as_role("street_clerk").get("/holiday-schedules/"))
    lower = factories.user("lower_standards", "standards_officer", world.street)
    client = Client()
    client.force_login(lower)
    assert "/holiday-schedules/new/" not in text_of(client.get("/holiday-schedules/"))
    assert client.get("/holiday-schedules/new/").status_code == 403
    year = HolidaySchedule.objects.get(year=2026)
    assert client.get(reverse("holiday-schedule-edit", args=[year.public_id])).status_code == 404
    typed = {
        "year": "2027",
        "number": "国办发明电〔2026〕1号",
        "days-lines": "1",
        "days-0-day": "2027-01-01",
        "days-0-name": "元旦",
    }
    answer = as_role("standards_officer").post("/holiday-schedules/new/", typed)
    assert answer.status_code == 302, text_of(answer)
    assert "星期五" in text_of(as_role("standards_officer").get(answer.url))
