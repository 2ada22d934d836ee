"""What approvers and submitters do with an open case."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.actions.approvals.rounds import sealed
from communities.actions.approvals.routes import open_turn, require_thawed
from communities.base.actions import StaleVersion, require_scope
from communities.base.approvals import SUBJECTS, Approvable
from communities.base.places import ancestor_ids
from communities.base.records import record_change
from communities.base.roles import Action
from communities.choices import APPROVAL_DECISIONS, ApprovalState, ApprovalVerb, TurnState
from communities.models import (
    ApprovalCase,
    ApprovalDelegation,
    ApprovalOpinion,
    ApprovalTurn,
    Principal,
    User,
)

# What becomes of the case and of its present turn.
ENDS = {
    ApprovalVerb.PASS: (ApprovalState.PASSED, TurnState.PASSED),
    ApprovalVerb.RETURN: (ApprovalState.RETURNED, TurnState.RETURNED),
    ApprovalVerb.REFUSE: (ApprovalState.REFUSED, TurnState.REFUSED),
    ApprovalVerb.WITHDRAW: (ApprovalState.WITHDRAWN, TurnState.DROPPED),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one case of many: None, or why it was left as it is."""

    case: ApprovalCase
    error: ValidationError | StaleVersion | PermissionDenied | None = None


@transaction.atomic
def decide(
    case: ApprovalCase,
    *,
    verb: ApprovalVerb,
    by: Any,
    remark: str = "",
    remarks: Mapping[str, str] | None = None,
) -> ApprovalCase:
    """Pass, return or refuse at the present step; ``remarks`` are by field, for what is returned.

    The last agreement at the last step passes the case, and does what the subject's kind says. ``case.version``
    must be the version that was read. Raises StaleVersion, OutOfScope, PermissionDenied for who is not to decide
    now, ValidationError.
    """
    if verb not in APPROVAL_DECISIONS:
        raise ValueError(f"{verb} is no decision")
    stored, turn = _held(case, by)
    principal = _principal(turn, by)
    if principal is None:
        raise PermissionDenied(_("这一步现在不由您办理。"))
    remark = remark.strip()
    if verb != ApprovalVerb.PASS and not remark:
        raise _wrong("remark", _("请填写原因。"), "required")
    row = subject_of(stored)
    told = _remarks(stored, remarks or {})
    if verb == ApprovalVerb.PASS:
        if told:
            raise _wrong("remarks", _("逐项意见只在退回时填写。"), "not_returned")
        _require_as_submitted(stored, row)
    _opine(stored, verb, by, remark=remark, remarks=told, for_whom=principal.user)
    if verb == ApprovalVerb.PASS and _agreed(turn) < turn.needed:
        return _written(case, stored, copy(stored), by, remark)
    before = copy(stored)
    following = _following(turn) if verb == ApprovalVerb.PASS else None
    if following is not None:
        _end(turn, TurnState.PASSED)
        open_turn(stored, following)
        return _written(case, stored, before, by, remark)
    _close(stored, turn, verb)
    written = _written(case, stored, before, by, remark)
    if verb == ApprovalVerb.PASS:
        SUBJECTS[stored.kind].passed(row, by=by)
    return written


def decide_many(
    cases: Iterable[ApprovalCase], *, verb: ApprovalVerb, by: Any, remark: str = ""
) -> list[Outcome]:
    """Decide on each of some cases by itself: what one is refused for does not hold up the others."""
    outcomes = []
    for case in cases:
        try:
            outcomes.append(Outcome(decide(case, verb=verb, by=by, remark=remark)))
        except (ValidationError, StaleVersion, PermissionDenied) as error:
            outcomes.append(Outcome(case, error))
    return outcomes


@transaction.atomic
def withdraw(case: ApprovalCase, *, by: Any, remark: str = "") -> ApprovalCase:
    """Take back what was submitted, to change it or to leave it.

    Raises StaleVersion, OutOfScope, PermissionDenied for who did not submit it, ValidationError.
    """
    stored, turn = _held(case, by)
    if not may_answer_for(stored, by):
        raise PermissionDenied(_("只有申报人或同一单位的人员可以撤回。"))
    _opine(stored, ApprovalVerb.WITHDRAW, by, remark=remark.strip())
    before = copy(stored)
    _close(stored, turn, ApprovalVerb.WITHDRAW)
    return _written(case, stored, before, by, remark.strip())


@transaction.atomic
def hand_on(case: ApprovalCase, *, to: User, by: Any, remark: str) -> ApprovalCase:
    """Hand the present step to one person, who alone decides then. Those whose step it is may take it back.

    Raises StaleVersion, OutOfScope, PermissionDenied, ValidationError where the other may not decide on it.
    """
    stored, turn = _held(case, by)
    if not may_hand_on(turn, by):
        raise PermissionDenied(_("这一步现在不由您办理。"))
    if not remark.strip():
        raise _wrong("remark", _("请填写原因。"), "required")
    sees = any(span.covers(stored.division.path_now) for span in to.spans(Action.APPROVE))
    if not sees or to.pk == stored.submitter_id:
        raise _wrong("to", _("这个人不能办理这一件。"), "may_not_decide")
    before = copy(stored)
    turn.handed_to = to
    turn.save(update_fields=["handed_to"])
    _opine(stored, ApprovalVerb.HAND_ON, by, remark=remark.strip(), to=to)
    return _written(case, stored, before, by, remark.strip())


@transaction.atomic
def urge(case: ApprovalCase, *, by: Any, remark: str = "") -> ApprovalCase:
    """Remind those whose turn it is; once a day. The version stays: nobody's decision becomes stale by it.

    Raises OutOfScope, PermissionDenied, ValidationError.
    """
    stored, _turn = _held(case, by, any_version=True)
    if not may_answer_for(stored, by):
        raise PermissionDenied(_("只有申报人或同一单位的人员可以催办。"))
    day = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    if stored.opinions.filter(verb=ApprovalVerb.URGE, at__gte=day).exists():
        raise ValidationError(_("今天已经催办过，请明天再催。"), code="urged_today")
    _opine(stored, ApprovalVerb.URGE, by, remark=remark.strip())
    stored.urged += 1
    stored.save(update_fields=["urged"])
    case.urged = stored.urged
    return case


def candidates(case: ApprovalCase, *, but: User) -> list[User]:
    """To whom a case may be handed on, by name: those who may decide and see it, but who submitted it."""
    deciding = User.objects.deciding_at(ancestor_ids(case.division.path_now))
    return list(deciding.exclude(pk__in=(case.submitter_id, but.pk)).select_related("organisation"))


def may_answer_for(case: ApprovalCase, user: Any) -> bool:
    """Whether the user submitted the case, or works where it was submitted and keeps the registers there."""
    if case.submitter_id == user.pk:
        return True
    return (
        case.organisation_id is not None
        and user.organisation_id == case.organisation_id
        and any(span.covers(case.division.path_now) for span in user.spans(Action.EDIT_REGISTERS))
    )


def may_hand_on(turn: ApprovalTurn, by: User) -> bool:
    """Whether the turn is the user's, or would be, had it not been handed on."""
    if turn.case.submitter_id == by.pk:
        return False
    if turn.handed_to_id == by.pk:
        return True
    posts = ApprovalTurn.objects.reach_of(Principal(by), handed=False)
    return ApprovalTurn.objects.filter(posts, pk=turn.pk).exists() or _principal(turn, by) is not None


def subject_of(case: ApprovalCase) -> Approvable:
    """The thing that is decided on."""
    model: Any = apps.get_model(SUBJECTS[case.kind].model)
    found: Approvable = model._default_manager.get(case=case)
    return found


def _wrong(name: str, message: Any, code: str) -> ValidationError:
    """A refusal told at one of the things that were said."""
    return ValidationError({name: ValidationError(message, code=code)})


def _held(case: ApprovalCase, by: Any, *, any_version: bool = False) -> tuple[ApprovalCase, ApprovalTurn]:
    """The case as it stands and its present turn, held until the transaction ends."""
    held = ApprovalCase.objects.select_for_update(of=("self",), no_key=True)
    stored = held.select_related("division", "organisation", "submitter").get(pk=case.pk)
    require_scope(stored, by, Action.VIEW)
    if stored.version != case.version and not any_version:
        raise StaleVersion(stored)
    if not stored.is_open:
        told = _("这一件%(state)s，不能再办理。")
        raise ValidationError(told, code="not_open", params={"state": stored.get_state_display()})
    require_thawed(stored.kind, stored.division)
    return stored, ApprovalTurn.objects.get(case=stored, state=TurnState.OPEN)


def _principal(turn: ApprovalTurn, by: User) -> Principal | None:
    """In whose place the user may decide at the turn: his own first."""
    if not ApprovalTurn.objects.waiting_for(by).filter(pk=turn.pk).exists():
        return None
    for principal in ApprovalDelegation.objects.principals_of(by):
        if ApprovalTurn.objects.filter(ApprovalTurn.objects.reach_of(principal), pk=turn.pk).exists():
            return principal
    return None


def _remarks(case: ApprovalCase, remarks: Mapping[str, str]) -> dict[str, str]:
    """What was said of single fields. Raises ValidationError for a field that was not submitted."""
    told = {name: text.strip() for name, text in remarks.items() if text.strip()}
    values = case.rounds.get(number=case.round).values
    unknown = sorted(set(told) - set(values))
    if unknown:
        wrong = _("申报内容中没有这一项：%(names)s。") % {"names": "、".join(unknown)}
        raise _wrong("remarks", wrong, "unknown")
    too_long = [name for name, text in told.items() if len(text) > ApprovalOpinion.REMARK]
    if too_long:
        raise _wrong("remarks", _("意见不能超过 500 字。"), "too_long")
    return told


def _require_as_submitted(case: ApprovalCase, row: Approvable) -> None:
    """Raises ValidationError where the thing is not what was submitted, however that came about."""
    if row.deleted_at is not None or sealed(row) != case.rounds.get(number=case.round).sealed:
        raise ValidationError(
            _("申报内容在申报后被改动，不能同意；请退回，由申报人重新申报。"), code="altered"
        )


def _agreed(turn: ApprovalTurn) -> int:
    """How many people have passed the turn."""
    given = ApprovalOpinion.objects.filter(
        case=turn.case_id, round=turn.round, position=turn.position, verb=ApprovalVerb.PASS
    )
    return given.values("user").distinct().count()


def _opine(case: ApprovalCase, verb: ApprovalVerb, by: Any, **told: Any) -> None:
    if told.get("for_whom") == by:
        told["for_whom"] = None
    if len(told["remark"]) > ApprovalOpinion.REMARK:
        raise _wrong("remark", _("意见不能超过 500 字。"), "too_long")
    ApprovalOpinion.objects.create(
        case=case, round=case.round, position=case.position, user=by, verb=verb, **told
    )


def _following(turn: ApprovalTurn) -> ApprovalTurn | None:
    return (
        ApprovalTurn.objects.select_related("place")
        .filter(case=turn.case_id, round=turn.round, position__gt=turn.position)
        .order_by("position")
        .first()
    )


def _end(turn: ApprovalTurn, state: TurnState) -> None:
    turn.state, turn.ended_at = state, timezone.now()
    turn.save(update_fields=["state", "ended_at"])


def _close(case: ApprovalCase, turn: ApprovalTurn, verb: ApprovalVerb) -> None:
    """The round is over; turns that were not reached are dropped."""
    case.state, ended = ENDS[verb]
    case.due_on, case.is_due_certain = None, True
    if case.state in {ApprovalState.PASSED, ApprovalState.REFUSED}:
        case.decided_at = timezone.now()
    _end(turn, ended)
    ApprovalTurn.objects.filter(case=case, round=case.round, state=TurnState.WAITING).update(
        state=TurnState.DROPPED
    )


def _written(
    case: ApprovalCase, stored: ApprovalCase, before: ApprovalCase, by: Any, remark: str
) -> ApprovalCase:
    """Write the case with a new version and a change record."""
    stored.version += 1
    stored.save()
    stored.refresh_from_db()
    record_change(stored, before, by=by, reason=remark[:200], act=uuid.uuid4())
    case.version, case.state = stored.version, stored.state
    return stored
