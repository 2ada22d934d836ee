"""T10: each act on a case in each state by each role, in a freeze too: exactly the allowed ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from communities.actions import approvals
from communities.base.actions import OutOfScope
from communities.choices import ApprovalVerb
from communities.models import ApprovalCase, ApprovalFreeze, ExemptionRequest, Organisation, User
from tests import factories
from tests.communities.approvals.conftest import fresh
from tests.conftest import World
from tests.factories import approvals as factory

PASS, RETURN, REFUSE = ApprovalVerb.PASS, ApprovalVerb.RETURN, ApprovalVerb.REFUSE
SUBMITTER, PEER = "community_worker", "peer"
DECIDE = ("pass", "return", "refuse", "hand_on")
MINE = ("withdraw", "urge")
# Whoever keeps the registers of the place may submit again what was given back.
KEEPERS = (SUBMITTER, PEER, "street_clerk", "district_officer", "city_officer", "api_client")
ALLOWED: dict[str, set[tuple[str, str]]] = {
    "new": {("submit", role) for role in KEEPERS},
    "at street": {*product(DECIDE, ["street_clerk"]), *product(MINE, [SUBMITTER, PEER])},
    "at district": {*product(DECIDE, ["district_officer"]), *product(MINE, [SUBMITTER, PEER])},
    "returned": {("submit", role) for role in KEEPERS},
    "withdrawn": {("submit", role) for role in KEEPERS},
    "passed": set(),
    "refused": set(),
    "frozen": set(),
    "frozen and new": set(),
}


@pytest.fixture
def users(world: World) -> dict[str, User]:
    """The cast, and somebody of the submitter's own office."""
    office = Organisation.objects.create(name="一社区居委会", kind="committee", division=world.community)
    User.objects.filter(username=SUBMITTER).update(organisation=office)
    people = world.users | {
        PEER: factories.user(PEER, "community_worker", world.community, organisation=office)
    }
    return {name: User.objects.get(pk=user.pk) for name, user in people.items()}


def brought_to(state: str, row: ExemptionRequest, users: dict[str, User]) -> None:
    clerk, officer = users["street_clerk"], users["district_officer"]
    if not state.endswith("new"):
        case = approvals.submit(row, by=users[SUBMITTER])
        if state == "returned":
            approvals.decide(case, verb=RETURN, by=clerk, remark="补正")
        if state == "withdrawn":
            approvals.withdraw(case, by=users[SUBMITTER])
        if state in {"at district", "passed", "refused"}:
            case = approvals.decide(case, verb=PASS, by=clerk)
        if state in {"passed", "refused"}:
            approvals.decide(case, verb=PASS if state == "passed" else REFUSE, by=officer, remark="定")
    if state.startswith("frozen"):
        ApprovalFreeze.objects.create(
            jurisdiction=row.division, valid=(dt.date(2026, 11, 1), dt.date(2026, 12, 1)), reason="封账"
        )


def acts(row: ExemptionRequest, helper: User) -> dict[str, Callable[[User], Any]]:
    def case() -> ApprovalCase:
        found = fresh(row).case
        if found is None:
            raise ValidationError("nothing was submitted")
        return found

    return {
        "submit": lambda by: approvals.submit(fresh(row), by=by),
        "pass": lambda by: approvals.decide(case(), verb=PASS, by=by),
        "return": lambda by: approvals.decide(case(), verb=RETURN, by=by, remark="补正"),
        "refuse": lambda by: approvals.decide(case(), verb=REFUSE, by=by, remark="不符"),
        "hand_on": lambda by: approvals.hand_on(case(), to=helper, by=by, remark="代办"),
        "withdraw": lambda by: approvals.withdraw(case(), by=by),
        "urge": lambda by: approvals.urge(case(), by=by),
    }


@pytest.mark.parametrize("state", ALLOWED)
def test_exactly_what_is_allowed(world: World, users: dict[str, User], state: str) -> None:
    factory.route(world.district)
    row = factory.request(world.community)
    brought_to(state, row, users)
    helper = factories.user("helper", "city_officer", world.city)
    done = set()
    for (name, act), (role, user) in product(acts(row, helper).items(), users.items()):
        try:
            with transaction.atomic():
                act(user)
                done.add((name, role))
                transaction.set_rollback(True)
        except (PermissionDenied, OutOfScope, ValidationError):
            pass
    assert done == ALLOWED[state]
