"""Decisions over REST: the same rules as the pages, with the version that was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities.actions import approvals
from communities.models import ApprovalCase, Exemption, ExemptionRequest, User
from tests.api.conftest import API, ids
from tests.conftest import World
from tests.factories import approvals as factory

pytestmark = pytest.mark.django_db

CASES = f"{API}/approvals/"
REQUESTS = f"{API}/exemption-requests/"
Clients = Callable[[User], APIClient]


@pytest.fixture
def request_(world: World) -> ExemptionRequest:
    factory.route(world.district)
    return factory.request(world.community)


@pytest.fixture
def case(request_: ExemptionRequest, world: World) -> ApprovalCase:
    return approvals.submit(request_, by=world.users["community_worker"])


def post(client: APIClient, url: str, act: str, **body: Any) -> Any:
    tag = client.get(url).headers["ETag"]
    return client.post(f"{url}{act}/", body, HTTP_IF_MATCH=tag)


def codes(answer: Any) -> list[tuple[str | None, str]]:
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def test_the_whole_way(world: World, request_: ExemptionRequest, client_of: Clients) -> None:
    roles = ("community_worker", "street_clerk", "district_officer")
    worker, clerk, officer = (client_of(world.users[role]) for role in roles)
    url = f"{REQUESTS}{request_.public_id}/"
    assert worker.get(url).json()["case"] is None
    assert worker.post(f"{url}submit/", {}).status_code == 428
    answer = post(worker, url, "submit", remark="请审核")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["state"], told["kind"], told["may"]) == (
        "open",
        {"code": "exemption", "name": "达标豁免"},
        ["urge", "withdraw"],
    )
    assert {each["field"] for each in told["submitted"]} >= {"grounds", "remedy", "division", "valid"}
    case = f"{CASES}{told['id']}/"
    assert worker.get(url).json()["case"]["id"] == told["id"]
    assert ids(clerk.get(CASES, {"box": "to_do"})) == [told["id"]]
    assert ids(officer.get(CASES, {"box": "to_do"})) == []
    assert ids(officer.get(CASES)) == [told["id"]]
    assert clerk.get(case).json()["may"] == ["decide", "hand_on"]
    assert post(clerk, case, "decide", verb="pass").status_code == 200
    answer = post(officer, case, "decide", verb="return", remark="请改", remarks={"grounds": "写清楚"})
    assert answer.status_code == 200, answer.content
    assert answer.json()["opinions"][-1]["remarks"] == [{"field": "grounds", "remark": "写清楚"}]
    tag = worker.get(url).headers["ETag"]
    assert worker.patch(url, {"grounds": "写清楚了"}, HTTP_IF_MATCH=tag).status_code == 200
    told = post(worker, url, "submit").json()
    assert [each["former"] for each in told["submitted"] if each["field"] == "grounds"] == ["老旧小区改造"]
    for client in (clerk, officer):
        answer = post(client, case, "decide", verb="pass")
        assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "passed"
    assert worker.get(url).json()["exemption"]["id"] == str(Exemption.objects.get().public_id)


def test_refusals(world: World, case: ApprovalCase, client_of: Clients) -> None:
    clerk, officer = client_of(world.users["street_clerk"]), client_of(world.users["district_officer"])
    url = f"{CASES}{case.public_id}/"
    assert clerk.post(f"{url}decide/", {"verb": "pass"}).status_code == 428
    assert clerk.post(f"{url}decide/", {"verb": "pass"}, HTTP_IF_MATCH='"99"').status_code == 412
    assert post(officer, url, "decide", verb="pass").status_code == 403
    assert codes(post(clerk, url, "decide", verb="return")) == [("remark", "required")]
    assert codes(post(clerk, url, "decide", verb="urge")) == [("verb", "invalid_choice")]
    answer = post(clerk, url, "decide", verb="return", remark="改", remarks={"nothing": "x"})
    assert codes(answer) == [("remarks", "unknown")]
    assert codes(post(clerk, url, "decide", verb="pass", extra=1)) == [("extra", "unknown_field")]
    assert codes(post(clerk, url, "hand-on", to=str(case.public_id), remark="代")) == [
        ("to", "may_not_decide")
    ]
    assert client_of(world.users["stranger"]).get(url).status_code == 404
    assert not case.opinions.exclude(verb="submit").exists()


def test_a_request_that_is_being_decided_is_not_written(
    world: World, case: ApprovalCase, request_: ExemptionRequest, client_of: Clients
) -> None:
    url = f"{REQUESTS}{request_.public_id}/"
    worker = client_of(world.users["community_worker"])
    tag = worker.get(url).headers["ETag"]
    assert codes(worker.patch(url, {"remedy": "别的"}, HTTP_IF_MATCH=tag)) == [
        ("non_field_errors", "submitted")
    ]
    assert codes(worker.delete(url, {"reason": "不要了"}, HTTP_IF_MATCH=tag)) == [
        ("non_field_errors", "submitted")
    ]


def test_many_each_for_itself(world: World, client_of: Clients) -> None:
    factory.route(world.district)
    worker, clerk = world.users["community_worker"], client_of(world.users["street_clerk"])
    cases = [approvals.submit(factory.request(world.community), by=worker) for _n in range(2)]
    unknown = "0190a0a0-0000-7000-8000-000000000000"
    marks = [
        {"id": str(cases[0].public_id), "version": cases[0].version},
        {"id": str(cases[1].public_id), "version": cases[1].version + 5},
        {"id": unknown, "version": 1},
    ]
    answer = clerk.post(f"{CASES}bulk/", {"verb": "pass", "cases": marks})
    assert answer.status_code == 200, answer.content
    told = answer.json()["results"]
    assert [each["is_done"] for each in told] == [True, False, False]
    assert [bool(each["reason"]) for each in told] == [False, True, True]


def test_urged_and_handed_on(world: World, case: ApprovalCase, client_of: Clients) -> None:
    worker, clerk = client_of(world.users["community_worker"]), client_of(world.users["street_clerk"])
    url = f"{CASES}{case.public_id}/"
    answer = worker.post(f"{url}urge/", {})
    assert (answer.status_code, answer.json()["urged"]) == (200, 1)
    assert codes(worker.post(f"{url}urge/", {})) == [("non_field_errors", "urged_today")]
    officer = world.users["district_officer"]
    answer = post(clerk, url, "hand-on", to=str(officer.public_id), remark="请代办")
    assert answer.status_code == 200, answer.content
    assert answer.json()["turns"][0]["handed_to"]["id"] == str(officer.public_id)
    assert answer.json()["may"] == ["hand_on"]


def test_routes_and_schedules_are_written(world: World, client_of: Clients) -> None:
    writer = client_of(world.users["standards_officer"])
    held = world.users["standards_officer"].role_assignments.get().division
    step = {
        "position": 1,
        "name": "区级审定",
        "level": "district",
        "role": "district_officer",
        "needed": 2,
        "working_days": 5,
        "subject_levels": ["community"],
    }
    body = {
        "kind": "exemption",
        "jurisdiction": str(held.public_id),
        "valid": {"from": "2026-01-01", "before": None},
        "steps": [step],
    }
    wrong = writer.post(f"{API}/approval-routes/", body | {"steps": [step | {"role": "auditor"}]})
    assert codes(wrong) == [("steps.0.role", "choice")]
    answer = writer.post(f"{API}/approval-routes/", body)
    assert answer.status_code == 201, answer.content
    told = answer.json()["steps"][0]
    assert {name: told[name] for name in step} == step
    # One route at a time: the second is told where it overlaps.
    assert codes(writer.post(f"{API}/approval-routes/", body)) == [("valid", "invalid")]
    body = {
        "year": 2030,
        "number": "国办发明电〔2029〕1号",
        "days": [{"day": "2030-01-01", "name": "元旦", "is_worked": True}],
    }
    assert codes(writer.post(f"{API}/holiday-schedules/", body)) == [("days.0.is_worked", "invalid")]
    body["days"][0]["is_worked"] = False  # type: ignore[index]
    assert writer.post(f"{API}/holiday-schedules/", body).status_code == 201
