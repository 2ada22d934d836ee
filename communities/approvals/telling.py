"""A case as people and systems read it: what was submitted, which steps it goes through, what they may do now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from communities.actions import approvals
from communities.base.approvals import SUBJECTS
from communities.base.changes import spoken
from communities.base.entry.forms import ENTRIES
from communities.base.querysets import today
from communities.base.working_days import WorkingDays
from communities.choices import ApprovalVerb, TurnState
from communities.models import (
    ApprovalCase,
    ApprovalFreeze,
    ApprovalOpinion,
    ApprovalTurn,
    HolidaySchedule,
    User,
)


@dataclass(frozen=True)
class Submitted:
    """One field of what was submitted; ``former`` is how it read in the round before, where that differs."""

    name: str
    label: Any
    text: str
    former: str | None = None


def model_of(case: ApprovalCase) -> Any:
    """The register of what is decided on."""
    return apps.get_model(SUBJECTS[case.kind].model)


def submitted(case: ApprovalCase) -> list[Submitted]:
    """What was submitted in the last round, and where it differs from the round before. Two queries."""
    rounds = list(case.rounds.order_by("-number")[:2])
    if not rounds:
        return []
    former = {each.name: each.before for each in approvals.differences(case)}
    model = model_of(case)
    found = []
    for name, value in rounds[0].values.items():
        label, field = naming(model, name)
        was = spoken(former[name], field) if name in former else None
        found.append(Submitted(name, label, spoken(value, field), was))
    entry = ENTRIES.get(model._meta.label)
    order = list(entry.base_fields) if entry is not None else []
    return sorted(found, key=lambda each: order.index(each.name) if each.name in order else len(order))


def called(case: ApprovalCase) -> dict[str, str]:
    """What the API calls those fields of the thing that it calls otherwise."""
    entry = ENTRIES.get(model_of(case)._meta.label)
    return dict(entry.api_names) if entry is not None else {}


def naming(model: Any, name: str) -> tuple[Any, Any]:
    """What people call a field of a row or the parts of one kind, and the field itself."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name, None
    if field.is_relation and field.auto_created:
        return field.related_model._meta.verbose_name, None
    return field.verbose_name, field


def turns_told(case: ApprovalCase) -> list[tuple[ApprovalTurn, int]]:
    """The steps of the last round, with who decides there and how many have agreed. Two queries."""
    turns = ApprovalTurn.objects.filter(case=case, round=case.round).order_by("position")
    agreed: dict[int, set[int]] = {}
    given = case.opinions.filter(round=case.round, verb=ApprovalVerb.PASS)
    for position, user in given.values_list("position", "user"):
        agreed.setdefault(position, set()).add(user)
    related = ("place", "stand_in_place", "handed_to")
    return [(turn, len(agreed.get(turn.position, ()))) for turn in turns.select_related(*related)]


def may_do(case: ApprovalCase, user: User) -> frozenset[str]:
    """What the user may do with the case now: ``decide``, ``hand_on``, ``withdraw``, ``urge``."""
    if not case.is_open or ApprovalFreeze.objects.holding(case.kind, case.division, today()).exists():
        return frozenset()
    found = set()
    if ApprovalTurn.objects.waiting_for(user).filter(case=case).exists():
        found.add("decide")
    turn = ApprovalTurn.objects.select_related("case").get(case=case, state=TurnState.OPEN)
    if approvals.may_hand_on(turn, user):
        found.add("hand_on")
    if approvals.may_answer_for(case, user):
        found |= {"withdraw", "urge"}
    return frozenset(found)


def working_days_late(case: ApprovalCase, calendar: WorkingDays | None = None) -> int:
    """By how many working days an open case is past its term; 0 where it is not."""
    if not case.is_overdue or case.due_on is None:
        return 0
    known = calendar or HolidaySchedule.objects.working_days()
    return max(known.between(case.due_on, today()), 0)


def opinions_told(case: ApprovalCase) -> Iterator[tuple[ApprovalOpinion, list[tuple[Any, str]]]]:
    """What was done with the case, in order, remarks on single fields under their names."""
    model = model_of(case)
    for opinion in case.opinions.select_related("user", "for_whom", "to").order_by("pk"):
        yield opinion, [(naming(model, name)[0], text) for name, text in opinion.remarks.items()]
