"""What follows from a decision on a request for exemption."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.utils.translation import gettext_lazy as _

from communities.base.actions import save
from communities.base.approvals import Subject, declare
from communities.base.records import record_change
from communities.base.roles import Action
from communities.models import Exemption, ExemptionRequest


def grant(request: ExemptionRequest, *, by: Any) -> Exemption:
    """Make the exemption that was asked for, under the number of its case, as of the body that decided last.

    Called in the transaction of the decision.
    """
    case: Any = request.case
    body = by.organisation.name if by.organisation is not None else str(by)
    exemption = Exemption(
        key=request.key,
        division=request.division,
        committee=request.committee,
        valid=request.valid,
        reason=request.reason,
        decision_number=case.number,
        decided_by=body[:100],
        review_on=None,
    )
    save(exemption, by=by, reason=case.title, needs=Action.APPROVE)
    before = copy(request)
    request.exemption, request.version = exemption, request.version + 1
    request.save(update_fields=["exemption", "version", "updated_at"])
    record_change(request, before, by=by, reason=case.title, act=case.public_id)
    return exemption


declare(Subject("exemption", _("达标豁免"), "communities.ExemptionRequest", grant))
