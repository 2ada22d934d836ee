"""Routes and requests for tests; a test states only what it is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

from communities.choices import Level
from communities.models import (
    ApprovalDelegation,
    ApprovalFreeze,
    ApprovalRoute,
    ApprovalStep,
    Division,
    ExemptionRequest,
    User,
)
from tests.factories import FOREVER

STREET = {"name": "街道初审", "role": "street_clerk", "level": Level.STREET, "working_days": 3}
DISTRICT = {"name": "区级审定", "role": "district_officer", "level": Level.DISTRICT, "working_days": 5}


def route(jurisdiction: Division, *steps: dict[str, Any], **kwargs: Any) -> ApprovalRoute:
    """Of a street's and a district's step unless others are named."""
    kwargs.setdefault("kind", "exemption")
    kwargs.setdefault("valid", FOREVER)
    row = ApprovalRoute.objects.create(jurisdiction=jurisdiction, **kwargs)
    for number, step in enumerate(steps or (STREET, DISTRICT), 1):
        ApprovalStep.objects.create(route=row, position=number, **step)
    return row


def request(place: Division, **kwargs: Any) -> ExemptionRequest:
    kwargs.setdefault("key", "premises.office.area")
    kwargs.setdefault("valid", (dt.date(2026, 1, 1), dt.date(2027, 1, 1)))
    kwargs.setdefault("reason", "老旧小区改造")
    kwargs.setdefault("remedy", "明年年底前购置")
    row = ExemptionRequest.objects.create(division=place, **kwargs)
    row.refresh_from_db()
    return row


def freeze(jurisdiction: Division, **kwargs: Any) -> ApprovalFreeze:
    """Long over unless other days are named."""
    kwargs.setdefault("valid", (dt.date(2020, 12, 25), dt.date(2021, 1, 1)))
    kwargs.setdefault("reason", "年终决算")
    row = ApprovalFreeze.objects.create(jurisdiction=jurisdiction, **kwargs)
    row.refresh_from_db()
    return row


def delegation(giver: User, receiver: User, **kwargs: Any) -> ApprovalDelegation:
    """Long over unless other days are named."""
    kwargs.setdefault("valid", (dt.date(2020, 12, 25), dt.date(2021, 1, 1)))
    kwargs.setdefault("reason", "出差")
    row = ApprovalDelegation.objects.create(giver=giver, receiver=receiver, **kwargs)
    row.refresh_from_db()
    return row
