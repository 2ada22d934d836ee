"""From submission to decision: steps, agreement, return and new rounds, and what keeps a case from it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from communities.actions import approvals
from communities.base import actions
from communities.base.actions import OutOfScope, StaleVersion
from communities.base.approvals import SUBJECTS
from communities.choices import ApprovalVerb, Level
from communities.models import (
    ApprovalCase,
    ApprovalOpinion,
    ApprovalStep,
    ApprovalTurn,
    ChangeRecord,
    Exemption,
    ExemptionRequest,
    User,
)
from tests import factories
from tests.communities.approvals.conftest import fresh
from tests.conftest import World
from tests.factories import approvals as factory

PASS, RETURN, REFUSE = ApprovalVerb.PASS, ApprovalVerb.RETURN, ApprovalVerb.REFUSE
Users = dict[str, User]


def test_street_then_district_and_the_exemption_stands(
    case: ApprovalCase, request_: ExemptionRequest, users: Users
) -> None:
    assert (case.state, case.round, case.position, case.title) == ("open", 1, 1, "一社区 居委会办公用房面积")
    assert (case.due_on.isoformat(), case.is_due_certain) == ("2026-11-26", True)
    case = approvals.decide(case, verb=PASS, by=users["street_clerk"], remark="情况属实")
    assert (case.state, case.position, case.due_on.isoformat()) == ("open", 2, "2026-11-30")
    assert not Exemption.objects.exists()
    case = approvals.decide(case, verb=PASS, by=users["district_officer"])
    assert (case.state, case.due_on) == ("passed", None)
    exemption = Exemption.objects.get()
    assert fresh(request_).exemption == exemption
    assert (exemption.division, exemption.reason) == (request_.division, "老旧小区改造")
    assert exemption.decision_number == case.number == f"审批2026-{case.pk:06d}"
    assert list(case.turns.values_list("name", "state")) == [("街道初审", "passed"), ("区级审定", "passed")]
    assert [each.verb for each in case.opinions.all()] == ["submit", "pass", "pass"]
    told = ChangeRecord.objects.filter(model="communities.ApprovalCase").order_by("pk")
    assert [record.after.get("state") for record in told] == ["open", None, "passed"]


def test_what_is_open_or_decided_stays_as_it_was_submitted(
    case: ApprovalCase, request_: ExemptionRequest, users: Users
) -> None:
    for _state in ("open", "passed"):
        row = fresh(request_)
        row.reason = "另有原因"
        with pytest.raises(ValidationError, match=r"不能修改|不能再修改"):
            actions.save(row, by=users["community_worker"])
        with pytest.raises(ValidationError, match=r"不能修改或删除|不能再修改或删除"):
            actions.remove(fresh(request_), by=users["community_worker"], reason="误填")
        with pytest.raises(ValidationError):
            approvals.submit(fresh(request_), by=users["community_worker"])
        case = fresh(case)
        if case.is_open:
            case = approvals.decide(case, verb=PASS, by=users["street_clerk"])
            approvals.decide(case, verb=PASS, by=users["district_officer"])


def test_returned_with_remarks_and_submitted_anew(
    case: ApprovalCase, request_: ExemptionRequest, users: Users
) -> None:
    with pytest.raises(ValidationError, match="请填写原因"):
        approvals.decide(case, verb=RETURN, by=users["street_clerk"], remark=" ")
    with pytest.raises(ValidationError, match="没有这一项：colour"):
        approvals.decide(
            fresh(case), verb=RETURN, by=users["street_clerk"], remark="补正", remarks={"colour": "红"}
        )
    case = approvals.decide(
        fresh(case), verb=RETURN, by=users["street_clerk"], remark="补正", remarks={"remedy": "写明地点"}
    )
    assert case.state == "returned"
    assert case.opinions.last().remarks == {"remedy": "写明地点"}
    assert set(case.turns.values_list("state", flat=True)) == {"returned", "dropped"}
    row = fresh(request_)
    row.remedy = "明年年底前在长街购置"
    actions.save(row, by=users["community_worker"])
    again = approvals.submit(fresh(request_), by=users["community_worker"], remark="已补正")
    assert (again.pk, again.round, again.state, again.position) == (case.pk, 2, "open", 1)
    (difference,) = approvals.differences(again)
    assert (difference.name, difference.before, difference.after) == (
        "remedy", "明年年底前购置", "明年年底前在长街购置"
    )  # fmt: skip
    case = approvals.decide(again, verb=PASS, by=users["street_clerk"])
    assert (
        approvals.decide(case, verb=REFUSE, by=users["district_officer"], remark="不符合").state == "refused"
    )
    assert not Exemption.objects.exists()


def test_whoever_read_an_older_version_is_told(case: ApprovalCase, users: Users) -> None:
    late = fresh(case)
    approvals.decide(case, verb=PASS, by=users["street_clerk"])
    with pytest.raises(StaleVersion):
        approvals.decide(late, verb=PASS, by=users["district_officer"])
    with pytest.raises(StaleVersion):
        approvals.withdraw(late, by=users["community_worker"])


def test_what_was_altered_behind_the_engine_is_not_passed(
    case: ApprovalCase, request_: ExemptionRequest, users: Users
) -> None:
    ExemptionRequest.objects.filter(pk=request_.pk).update(valid=("2026-01-01", "2036-01-01"))
    with pytest.raises(ValidationError, match="在申报后被改动"):
        approvals.decide(case, verb=PASS, by=users["street_clerk"])
    approvals.decide(fresh(case), verb=RETURN, by=users["street_clerk"], remark="内容有变")


def test_a_decision_whose_consequence_fails_is_not_made(
    case: ApprovalCase, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = approvals.decide(case, verb=PASS, by=users["street_clerk"])

    def fail(row: Any, *, by: Any) -> None:
        raise ValidationError("做不到")

    subject = SUBJECTS["exemption"]
    monkeypatch.setitem(SUBJECTS, "exemption", type(subject)(subject.code, subject.name, subject.model, fail))
    with pytest.raises(ValidationError, match="做不到"):
        approvals.decide(case, verb=PASS, by=users["district_officer"])
    assert (fresh(case).state, fresh(case).position) == ("open", 2)
    assert not case.opinions.filter(position=2).exists()


def test_so_many_must_agree(world: World, request_: ExemptionRequest, users: Users) -> None:
    ApprovalStep.objects.filter(position=1).update(needed=2)
    colleague = factories.user("colleague", "street_clerk", world.street)
    case = approvals.submit(request_, by=users["community_worker"])
    case = approvals.decide(case, verb=PASS, by=colleague)
    assert (case.position, case.state) == (1, "open")
    with pytest.raises(PermissionDenied):
        approvals.decide(case, verb=PASS, by=colleague)
    assert approvals.decide(case, verb=PASS, by=users["street_clerk"]).position == 2


def test_nobody_decides_on_his_own_and_the_next_above_stands_in(
    request_: ExemptionRequest, users: Users
) -> None:
    case = approvals.submit(request_, by=users["street_clerk"])
    turn = case.turns.get(state="open")
    assert (turn.stand_in_role, turn.stand_in_place.name_now, turn.is_stuck) == (
        "district_officer",
        "甲区",
        False,
    )
    with pytest.raises(PermissionDenied, match="不由您办理"):
        approvals.decide(case, verb=PASS, by=users["street_clerk"])
    assert list(ApprovalCase.objects.to_do(users["district_officer"])) == [case]
    assert approvals.decide(case, verb=PASS, by=users["district_officer"]).position == 2


def test_steps_hang_on_amount_and_level(world: World) -> None:
    step = ApprovalStep(amount_from=Decimal(100), amount_below=Decimal(500), subject_levels=[Level.COMMUNITY])
    asked = {
        amount: step.is_asked(Decimal(amount), Level.COMMUNITY)
        for amount in ("99.99", "100", "499.99", "500")
    }
    assert list(asked.values()) == [False, True, True, False]
    assert step.is_asked(None, Level.COMMUNITY)
    assert not step.is_asked(Decimal(200), Level.STREET)


def test_without_a_route_or_a_step_nothing_is_submitted(world: World, users: Users) -> None:
    row = factory.request(world.community)
    with pytest.raises(ValidationError, match="还没有这一事项的审批流程"):
        approvals.submit(row, by=users["community_worker"])
    factory.route(world.city, factory.STREET | {"subject_levels": [Level.STREET]})
    with pytest.raises(ValidationError, match="没有适用的步骤"):
        approvals.submit(row, by=users["community_worker"])
    factory.route(world.district)  # the nearest place decides
    assert approvals.submit(row, by=users["community_worker"]).turns.count() == 2
    assert not ExemptionRequest.objects.filter(case__isnull=True).exists()


def test_only_in_ones_places(world: World, request_: ExemptionRequest, users: Users) -> None:
    with pytest.raises(OutOfScope):
        approvals.submit(request_, by=users["stranger"])
    case = approvals.submit(request_, by=users["community_worker"])
    for role in ("stranger", "auditor", "nobody"):
        with pytest.raises(OutOfScope):
            approvals.decide(fresh(case), verb=PASS, by=users[role])
        assert not ApprovalCase.objects.to_do(users[role]).exists()
        assert not ApprovalCase.objects.visible_to(users[role]).exists()


def test_many_are_decided_each_by_itself(world: World, request_: ExemptionRequest, users: Users) -> None:
    mine = approvals.submit(request_, by=users["community_worker"])
    own = approvals.submit(factory.request(world.neighbour), by=users["street_clerk"])
    done = approvals.submit(factory.request(world.neighbour, reason="另一件"), by=users["district_officer"])
    approvals.withdraw(fresh(done), by=users["district_officer"])
    outcomes = approvals.decide_many([mine, own, fresh(done)], verb=PASS, by=users["street_clerk"])
    assert [type(each.error) for each in outcomes] == [type(None), PermissionDenied, ValidationError]
    assert fresh(mine).position == 2


def test_opinions_and_rounds_stay(case: ApprovalCase) -> None:
    for rows in (ApprovalOpinion.objects.filter(case=case), case.rounds.all()):
        for write in (lambda rows=rows: rows.delete(), lambda rows=rows: rows.update(case=case)):
            with pytest.raises(IntegrityError), transaction.atomic():
                write()


def test_the_lists_of_a_person(case: ApprovalCase, users: Users) -> None:
    clerk, officer, worker = (
        users[name] for name in ("street_clerk", "district_officer", "community_worker")
    )
    lists = ApprovalCase.objects
    assert (list(lists.to_do(clerk)), list(lists.to_do(officer)), list(lists.to_do(worker))) == (
        [case],
        [],
        [],
    )
    approvals.decide(case, verb=PASS, by=clerk)
    assert (list(lists.to_do(clerk)), list(lists.to_do(officer))) == ([], [case])
    assert (list(lists.done_by(clerk)), list(lists.done_by(officer))) == ([case], [])
    assert list(lists.submitted_by(worker)) == [case]
    assert not lists.overdue().exists()
    ApprovalCase.objects.filter(pk=case.pk).update(due_on="2026-11-22")
    assert list(lists.overdue()) == [case]
    assert ApprovalTurn.objects.filter(case=case, state="open").count() == 1
