"""What stands around every page: place, period, breadcrumb, navigation.

Place and period live in the address (``?place=&period=``) and hold over pages. Each page says for which action
it reads the place: figures may be compared across one's own city, rows only in one's own scope.
"""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from communities.base.held import AS_OF, with_query
from communities.base.places import ancestor_ids
from communities.base.roles import Action
from communities.choices import Level
from communities.models import Division, Installation, Period
from portal.menu import Section, menu_for
from portal.scorecards.reading import computed_periods

SIGHT_COOKIE = "sight"
DEMO_KEY = "is-demo"
DEMO_SECONDS = 30
SIGHTS = {"large": _("大字"), "contrast": _("高对比度")}


def line_to(path: str) -> list[Division]:
    """The places on a path. One query."""
    return list(Division.objects.filter(pk__in=ancestor_ids(path)).order_by("path_now"))


class Frame:
    """The frame of one request; everything is asked for once and only when a page shows it."""

    user: Any

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = request.user
        otherwise = Action.COMPARE if self.user.may(Action.COMPARE) else Action.VIEW
        self.action: Action = getattr(request, "place_action", otherwise)
        self.shows_period = False

    @property
    def place_target(self) -> str | None:
        """Where choosing another place leads, the period kept; None: the page at hand takes ``?place=`` itself."""
        target: str | None = getattr(self.request, "place_target", None)
        return None if target is None else target + self.query(place="")

    def place_url(self, place: Division) -> str:
        """The page at hand, or its register, for another place."""
        target: str | None = getattr(self.request, "place_target", None)
        if target is not None:
            return target + self.query(place=place.public_id)
        return with_query(self.request.path, self.request.GET, place=str(place.public_id))

    @cached_property
    def may_pick(self) -> bool:
        """Administrators work for the whole platform: there is no place for them to choose."""
        return self.user.may(Action.COMPARE) or self.user.may(Action.VIEW)

    # -- place ---------------------------------------------------------------------------------------

    @cached_property
    def asked_place(self) -> Division | None:
        """The place in the address, if the user may read it for the page's action."""
        text = self.request.GET.get("place", "")
        try:
            public_id = uuid.UUID(text)
        except ValueError:
            return None
        return Division.objects.visible_to(self.user, self.action).filter(public_id=public_id).first()

    @cached_property
    def place(self) -> Division | None:
        """The place in whose name the page speaks: the one asked for, else the user's own."""
        path = self.user.home_path()
        if self.asked_place is not None or path is None:
            return self.asked_place
        # The line down to one's own place is drawn on every page, and ends with it: one query for both.
        self.__dict__["line"] = line_to(path)
        return self.line[-1] if self.line else None

    def require_place(self, action: Action) -> Division:
        """The place for a page that needs one. Raises Http404 for a foreign or unknown one."""
        self.action = action
        if self.request.GET.get("place") and self.asked_place is None:
            raise Http404
        if self.place is None or not self.may(action):
            raise Http404
        return self.place

    def stand_at(self, place: Division) -> None:
        """A page about one place says so itself."""
        self.__dict__["asked_place"] = place
        self.__dict__["place"] = place
        self.__dict__.pop("line", None)

    def may(self, action: Action) -> bool:
        """Whether the user holds ``action`` at the place."""
        return self.place is not None and any(s.covers(self.place.path_now) for s in self.user.spans(action))

    @cached_property
    def line(self) -> list[Division]:
        """From the root down to the place itself."""
        return line_to(self.place.path_now) if self.place is not None else []

    @property
    def lineage(self) -> list[Division]:
        """From the province down to the place itself; the root only where it is the place."""
        return [step for step in self.line if step.level != Level.COUNTRY or step == self.line[-1]]

    @property
    def crumbs(self) -> list[tuple[Division, bool]]:
        """(place, whether it may be opened) for each step of the breadcrumb."""
        spans = self.user.spans(self.action)
        return [(step, any(span.covers(step.path_now) for span in spans)) for step in self.lineage]

    @property
    def place_line(self) -> str:
        """The place with the places above it, for print and titles: 云州市 东川区 石桥街道."""
        return " ".join(step.name_now for step in self.lineage if step.level >= Level.CITY) or str(
            self.place or ""
        )

    # -- period --------------------------------------------------------------------------------------

    @cached_property
    def periods(self) -> list[Period]:
        """Periods with figures, the latest first."""
        return computed_periods()[::-1]

    @cached_property
    def period(self) -> Period | None:
        """The period in the address, else the latest with figures."""
        asked = self.request.GET.get("period")
        chosen = next((period for period in self.periods if period.code == asked), None)
        return chosen or (self.periods[0] if self.periods else None)

    @property
    def is_register(self) -> bool:
        """Whether the page lists rows of all times until a period is asked for."""
        return getattr(self.request, "follows_period", False)

    @property
    def offers_periods(self) -> bool:
        """Whether the page follows the period, and there is one to choose."""
        return (self.shows_period or self.is_register) and bool(self.periods)

    @property
    def chosen_period(self) -> Period | None:
        """What the period picker stands at: on a register only what the address says."""
        is_asked = not self.is_register or bool(self.request.GET.get("period"))
        return self.period if is_asked else None

    def require_period(self) -> Period | None:
        """The period for a page of figures; None while nothing was computed. Raises Http404 for an unknown one."""
        self.shows_period = True
        asked = self.request.GET.get("period")
        if asked and all(period.code != asked for period in self.periods):
            raise Http404
        return self.period

    # -- links ---------------------------------------------------------------------------------------

    def query(self, **changes: Any) -> str:
        """``?place=&period=`` as it stands in the address, with changes; empty when there is nothing to say."""
        values = {
            "place": str(self.asked_place.public_id) if self.asked_place else "",
            "period": self.request.GET.get("period", ""),
        } | {name: str(value) for name, value in changes.items()}
        text = urlencode({name: value for name, value in values.items() if value})
        return f"?{text}" if text else ""

    @cached_property
    def carried(self) -> str:
        """What the navigation carries on: a place only where its rows may be read too."""
        keeps_place = self.asked_place is not None and self.may(Action.VIEW)
        return self.query() if keeps_place else self.query(place="")

    @cached_property
    def menu(self) -> list[Section]:
        return menu_for(self.user, self.request.path, self.carried, self.query(place=""))

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        """The rest of the address, for the period picker's form; a day chosen before gives way to the period."""
        dropped = {"period", "after", "before", AS_OF}
        return [(k, v) for k, values in self.request.GET.lists() if k not in dropped for v in values]

    @property
    def sight(self) -> list[str]:
        """The reading aids switched on: large type, high contrast."""
        return [part for part in self.request.COOKIES.get(SIGHT_COOKIE, "").split(".") if part in SIGHTS]


def frame_of(request: HttpRequest) -> Frame:
    """The request's frame, made once."""
    frame: Frame | None = getattr(request, "_frame", None)
    if frame is None:
        frame = Frame(request)
        request._frame = frame  # type: ignore[attr-defined] # noqa: SLF001 - one frame per request
    return frame


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"is_demo": is_demo()}
    return {"frame": frame_of(request), "is_demo": is_demo()}


def is_demo() -> bool:
    """Whether every page must say 演示数据; asked of the database twice a minute."""
    known = cache.get(DEMO_KEY)
    if known is None:
        known = Installation.demo() is not None
        cache.set(DEMO_KEY, known, DEMO_SECONDS)
    return bool(known)
