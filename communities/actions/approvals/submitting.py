"""Submitting a row for a decision, for the first time and again."""

from __future__ import annotations

import uuid
from copy import copy
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.actions.approvals.rounds import sealed, submitted_values
from communities.actions.approvals.routes import open_turn, require_thawed, steps_for, turns_of
from communities.base.actions import StaleVersion, require_scope, with_names
from communities.base.approvals import SUBJECTS, Approvable
from communities.base.querysets import today
from communities.base.records import record_change
from communities.base.roles import Action
from communities.choices import ApprovalState, ApprovalVerb
from communities.models import ApprovalCase, ApprovalOpinion, ApprovalRound, ApprovalTurn


@transaction.atomic
def submit(
    row: Approvable, *, by: Any, remark: str = "", needs: Action = Action.EDIT_REGISTERS
) -> ApprovalCase:
    """Submit a row as it stands; what was returned or withdrawn makes a new round of the same case.

    ``row.version`` must be the version that was read. Raises StaleVersion, OutOfScope, PermissionDenied for other
    systems' keys without a person, and ValidationError: while it is being decided or for good once it is, in a
    freeze, without a route.
    """
    if by is None:
        raise PermissionDenied(_("申报须由本人办理。"))
    stored: Approvable = with_names(row).select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    if stored.version != row.version or stored.deleted_at is not None:
        raise StaleVersion(stored)
    require_scope(stored, by, needs)
    stored.require_free()
    act = uuid.uuid4()
    case, before = _case_of(stored, by)
    require_thawed(case.kind, case.division)
    case.title, case.amount = stored.approval_title()[:200], stored.approval_amount()
    case.state, case.submitter, case.organisation = ApprovalState.OPEN, by, by.organisation
    case.submitted_at, case.decided_at, case.urged = timezone.now(), None, 0
    case.round += 1
    turns = turns_of(case, steps_for(case, today()))
    case.save()
    ApprovalTurn.objects.bulk_create(turns)
    open_turn(case, turns[0])
    case.version += 0 if before is None else 1
    case.save()
    ApprovalRound.objects.create(
        case=case,
        number=case.round,
        values=submitted_values(stored),
        sealed=sealed(stored),
        submitter=by,
        submitted_at=case.submitted_at,
    )
    ApprovalOpinion.objects.create(
        case=case, round=case.round, user=by, verb=ApprovalVerb.SUBMIT, remark=remark.strip()
    )
    case.refresh_from_db()
    record_change(case, before, by=by, reason=remark.strip(), act=act)
    if before is None:
        _name_case(row, stored, case, by=by, act=act)
    return case


def _case_of(row: Approvable, by: Any) -> tuple[ApprovalCase, ApprovalCase | None]:
    """The row's case to be written, held, and as it stood; a new one where it has none."""
    if row.case_id is None:
        kind = SUBJECTS[row.approval].code
        return ApprovalCase(kind=kind, division_id=row.approval_division_id(), submitter=by), None
    stored = ApprovalCase.objects.select_for_update(of=("self",), no_key=True).get(pk=row.case_id)
    if stored.is_fixed:
        raise ValidationError(stored.why_fixed, code="submitted")
    return copy(stored), stored


def _name_case(row: Approvable, stored: Approvable, case: ApprovalCase, *, by: Any, act: uuid.UUID) -> None:
    before = copy(stored)
    stored.case, stored.version = case, stored.version + 1
    stored.save(update_fields=["case", "version", "updated_at"])
    record_change(stored, before, by=by, reason="", act=act)
    row.case, row.version = case, stored.version
