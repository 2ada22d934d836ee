"""Place and period that hold over pages: both stand in the address and go along with its links."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

HELD = ("place", "period")
# The parameter of dated registers for the day on which they are shown.
AS_OF = "as_of"


@dataclass(frozen=True)
class ShownDay:
    """The day on which a register is shown; ``period`` where it is the anchor of the period asked for."""

    day: dt.date
    period: Any | None


def held_query(request: HttpRequest) -> str:
    """``?place=&period=`` as they stand in the address; empty when neither does."""
    text = urlencode({name: value for name in HELD if (value := request.GET.get(name))})
    return f"?{text}" if text else ""


def asked_period(request: HttpRequest) -> Any | None:
    """The period in the address, if there is one. Raises Http404 for an unknown one."""
    code = request.GET.get("period")
    if not code:
        return None
    if "\x00" in code:  # PostgreSQL takes no such text, not even to say that there is none
        raise Http404
    period: Any = apps.get_model("communities", "Period")
    return get_object_or_404(period.objects.live(), code=code)


def with_query(path: str, query: QueryDict, **changes: str | None) -> str:
    """An address with parameters set, or taken away where None; a changed list starts at its first page."""
    query = query.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    text = query.urlencode()
    return f"{path}?{text}" if text else path
