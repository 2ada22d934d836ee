"""Rating schemes for tests: each function states only what a test is about."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from communities.choices import Level
from communities.models import Division
from portal.scorecards.models import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
)

# From a day on, as a version must be that is to be published.
SINCE = (dt.date(2000, 1, 1), None)
THRESHOLD = {"shape": "threshold", "value": "office_compliance", "operator": "ge", "target": "80"}


def scheme(jurisdiction: Division, name: str = "社区评分表", **kwargs: Any) -> RatingScheme:
    kwargs.setdefault("level", Level.COMMUNITY)
    return RatingScheme.objects.create(jurisdiction=jurisdiction, name=name, **kwargs)


def version(of: RatingScheme, **kwargs: Any) -> RatingSchemeVersion:
    kwargs.setdefault("valid", SINCE)
    row = RatingSchemeVersion.objects.create(scheme=of, **kwargs)
    row.refresh_from_db()  # a range object instead of the pair
    return row


def group(
    of: RatingSchemeVersion, name: str = "组织建设", full_mark: str = "100", **kwargs: Any
) -> RatingGroup:
    return RatingGroup.objects.create(scheme_version=of, name=name, full_mark=Decimal(full_mark), **kwargs)


def item(of: RatingGroup, name: str = "办公用房", full_mark: str = "100", **kwargs: Any) -> RatingItem:
    kwargs.setdefault("rule", dict(THRESHOLD))
    return RatingItem.objects.create(group=of, name=name, full_mark=Decimal(full_mark), **kwargs)


def grade(of: RatingSchemeVersion, name: str = "合格", least: str = "0", **kwargs: Any) -> RatingGrade:
    return RatingGrade.objects.create(scheme_version=of, name=name, least=Decimal(least), **kwargs)


def veto(of: RatingSchemeVersion, name: str = "安全事故", **kwargs: Any) -> RatingVeto:
    kwargs.setdefault("value", "office_compliance")
    kwargs.setdefault("operator", "lt")
    kwargs.setdefault("target", Decimal(1))
    return RatingVeto.objects.create(scheme_version=of, name=name, **kwargs)


def whole_version(jurisdiction: Division, name: str = "社区评分表", **kwargs: Any) -> RatingSchemeVersion:
    """A draft that could be published."""
    made = version(scheme(jurisdiction, name), **kwargs)
    item(group(made))
    grade(made)
    return made


def published_version(jurisdiction: Division, name: str = "现行评分表", **kwargs: Any) -> RatingSchemeVersion:
    """A version that scores."""
    made = whole_version(jurisdiction, name, **kwargs)
    made.published_at = timezone.now()
    made.save(update_fields=["published_at"])
    return made
