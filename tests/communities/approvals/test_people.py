"""Who decides when somebody is away, has left or hands a case on; urging; freezes."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError

from communities.actions import approvals
from communities.base.actions import save
from communities.base.roles import Action
from communities.choices import ApprovalVerb, OrganisationKind
from communities.models import (
    ApprovalCase,
    ApprovalDelegation,
    ApprovalFreeze,
    ApprovalStep,
    ExemptionRequest,
    Organisation,
    RoleAssignment,
    User,
)
from tests import factories
from tests.communities.approvals.conftest import fresh
from tests.conftest import World

PASS = ApprovalVerb.PASS
Users = dict[str, User]


def delegate(giver: User, receiver: User, first: str, last: str, **kwargs: object) -> ApprovalDelegation:
    row = ApprovalDelegation(
        giver=giver,
        receiver=receiver,
        valid=(dt.date.fromisoformat(first), dt.date.fromisoformat(last)),
        reason="出差",
        **kwargs,
    )
    save(row, by=giver, needs=Action.APPROVE)
    return row


def test_who_is_away_is_stood_for(world: World, case: ApprovalCase, users: Users) -> None:
    clerk = users["street_clerk"]
    other = factories.user("other", "street_clerk", world.street)
    RoleAssignment.objects.filter(user=other).update(role="community_worker")  # no approver himself
    lists = ApprovalCase.objects
    assert not lists.to_do(other).exists()
    delegate(clerk, other, "2026-11-24", "2026-11-27")
    assert not lists.to_do(other).exists()  # tomorrow
    with time_machine.travel("2026-11-24 09:00+08:00"):
        assert list(lists.to_do(other)) == [case]
        assert list(lists.to_do(clerk)) == [case]
        approvals.decide(case, verb=PASS, by=other)
    opinion = case.opinions.get(verb="pass")
    assert (opinion.user, opinion.for_whom) == (other, clerk)


def test_what_was_entrusted_ends_and_is_not_entrusted_further(
    world: World, case: ApprovalCase, users: Users
) -> None:
    clerk = users["street_clerk"]
    one = factories.user("one", "standards_officer", world.street)
    two = factories.user("two", "community_worker", world.street)
    delegate(clerk, one, "2026-11-23", "2026-11-24")
    delegate(one, two, "2026-11-23", "2026-12-31")
    lists = ApprovalCase.objects
    assert lists.to_do(one).exists()
    assert not lists.to_do(two).exists()
    with time_machine.travel("2026-11-24 00:01+08:00"):
        assert not lists.to_do(one).exists()
    delegate(clerk, two, "2026-11-23", "2026-11-25", kinds=["exemption"])
    assert lists.to_do(two).exists()
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    assert not lists.to_do(two).exists()


def test_nobody_stands_for_another_on_his_own_case(
    world: World, request_: ExemptionRequest, users: Users
) -> None:
    worker = users["community_worker"]
    delegate(users["street_clerk"], worker, "2026-11-23", "2026-12-01")
    case = approvals.submit(request_, by=worker)
    assert not ApprovalCase.objects.to_do(worker).exists()
    with pytest.raises(PermissionDenied):
        approvals.decide(case, verb=PASS, by=worker)


def test_delegations_need_ends_and_another(users: Users) -> None:
    clerk, officer = users["street_clerk"], users["district_officer"]
    with pytest.raises(ValidationError, match="不能委托给自己"):
        delegate(clerk, clerk, "2026-11-23", "2026-11-24")
    open_ended = ApprovalDelegation(giver=clerk, receiver=officer, valid=(None, None), reason="长期")
    with pytest.raises(ValidationError, match="写明起止日期"):
        save(open_ended, by=clerk, needs=Action.APPROVE)
    delegate(clerk, officer, "2026-11-23", "2026-11-30")
    with pytest.raises(ValidationError, match="已经委托给同一个人"):
        delegate(clerk, officer, "2026-11-29", "2026-12-30")
    assert ApprovalDelegation.objects.visible_to(officer).count() == 1
    assert not ApprovalDelegation.objects.visible_to(officer, Action.APPROVE).exists()


def test_handed_on_and_taken_back(world: World, case: ApprovalCase, users: Users) -> None:
    clerk, officer = users["street_clerk"], users["district_officer"]
    colleague = factories.user("colleague", "street_clerk", world.street)
    for wrong in (users["community_worker"], users["stranger"], users["auditor"]):
        with pytest.raises(ValidationError, match="这个人不能办理"):
            approvals.hand_on(fresh(case), to=wrong, by=clerk, remark="请代办")
    with pytest.raises(PermissionDenied):
        approvals.hand_on(fresh(case), to=officer, by=officer, remark="我来")
    case = approvals.hand_on(fresh(case), to=officer, by=clerk, remark="情况复杂")
    for user in (clerk, colleague):
        assert not ApprovalCase.objects.to_do(user).exists()
        with pytest.raises(PermissionDenied):
            approvals.decide(fresh(case), verb=PASS, by=user)
    assert list(ApprovalCase.objects.to_do(officer)) == [case]
    case = approvals.hand_on(fresh(case), to=colleague, by=colleague, remark="收回自办")
    assert not ApprovalCase.objects.to_do(officer).exists()
    assert approvals.decide(case, verb=PASS, by=colleague).position == 2


def test_urged_once_a_day_and_no_decision_becomes_stale(case: ApprovalCase, users: Users) -> None:
    held, worker = fresh(case), users["community_worker"]
    approvals.urge(case, by=worker, remark="请尽快")
    with pytest.raises(ValidationError, match="今天已经催办"):
        approvals.urge(case, by=worker)
    with pytest.raises(PermissionDenied):
        approvals.urge(case, by=users["street_clerk"])
    with time_machine.travel("2026-11-24 08:00+08:00"):
        assert approvals.urge(case, by=worker).urged == 2
    assert approvals.decide(held, verb=PASS, by=users["street_clerk"]).urged == 2


def test_in_a_freeze_nothing_moves_and_terms_wait(
    world: World, request_: ExemptionRequest, users: Users
) -> None:
    freeze = ApprovalFreeze.objects.create(
        jurisdiction=world.city, valid=(dt.date(2026, 11, 24), dt.date(2026, 11, 27)), reason="年终封账"
    )
    case = approvals.submit(request_, by=users["community_worker"])
    assert case.due_on == dt.date(2026, 12, 1)  # three working days: 27, 30 November, 1 December
    with time_machine.travel("2026-11-25 09:00+08:00"):
        for act in (
            lambda: approvals.decide(fresh(case), verb=PASS, by=users["street_clerk"]),
            lambda: approvals.withdraw(fresh(case), by=users["community_worker"]),
            lambda: approvals.urge(fresh(case), by=users["community_worker"]),
        ):
            with pytest.raises(ValidationError, match="年终封账，2026-11-26"):
                act()
        ApprovalFreeze.objects.filter(pk=freeze.pk).update(kinds=["other"])
        approvals.decide(fresh(case), verb=PASS, by=users["street_clerk"])


def test_open_turns_follow_those_who_come_and_go(world: World, case: ApprovalCase, users: Users) -> None:
    turn = case.turns.get(state="open")
    assert approvals.settle_open_turns() == 0
    RoleAssignment.objects.filter(user=users["street_clerk"]).update(deleted_at=dt.datetime.now(dt.UTC))
    assert approvals.settle_open_turns() == 1
    turn.refresh_from_db()
    assert (turn.stand_in_role, turn.stand_in_place, turn.is_stuck) == (
        "district_officer",
        world.district,
        False,
    )
    RoleAssignment.objects.filter(role__in=("district_officer", "city_officer", "standards_officer")).update(
        deleted_at=dt.datetime.now(dt.UTC)
    )
    assert approvals.settle_open_turns() == 1
    turn.refresh_from_db()
    assert (turn.stand_in_role, turn.is_stuck) == ("", True)
    newcomer = factories.user("newcomer", "street_clerk", world.street)
    assert approvals.settle_open_turns() == 1
    assert list(ApprovalCase.objects.to_do(newcomer)) == [case]


def test_a_step_of_one_kind_of_organisation(world: World, request_: ExemptionRequest, users: Users) -> None:
    ApprovalStep.objects.filter(position=1).update(organisation_kind=OrganisationKind.FINANCE)
    office = Organisation.objects.create(name="财政所", kind=OrganisationKind.FINANCE, division=world.street)
    accountant = factories.user("accountant", "street_clerk", world.street, organisation=office)
    case = approvals.submit(request_, by=users["community_worker"])
    assert not ApprovalCase.objects.to_do(users["street_clerk"]).exists()
    assert list(ApprovalCase.objects.to_do(accountant)) == [case]
    User.objects.filter(pk=accountant.pk).update(is_active=False)
    approvals.settle_open_turns()  # nobody of that kind: any clerk of the street stands in
    assert list(ApprovalCase.objects.to_do(users["street_clerk"])) == [case]
