"""A session ends after idle minutes, and at the latest some hours after it began."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse

STARTED = "started"
SEEN = "seen"
# A request that nobody asked for by hand (progress polls) says so and does not keep the session alive. A
# client that leaves the header out gains nothing that a click would not give.
BACKGROUND_HEADER = "X-Background"
# Being seen is written down this often per idle period, not at each request.
NOTES_PER_IDLE_PERIOD = 15


def begin(session: SessionBase) -> None:
    """Stamp a fresh session."""
    session[STARTED] = session[SEEN] = int(time.time())


def is_over(session: SessionBase, now: float) -> bool:
    """Whether the session has been idle, or alive, too long."""
    idle, age = now - session[SEEN], now - session[STARTED]
    return bool(idle > settings.SESSION_IDLE_SECONDS or age > settings.SESSION_ABSOLUTE_SECONDS)


class SessionLifeMiddleware:
    """Ends sessions that are over; what follows sees an anonymous visitor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            self.look_after(request)
        return self.get_response(request)

    def look_after(self, request: HttpRequest) -> None:
        """End the session, or note now and then that its user is there."""
        session, now = request.session, time.time()
        if STARTED not in session or SEEN not in session:
            begin(session)
        elif is_over(session, now):
            session.flush()
        elif BACKGROUND_HEADER not in request.headers and now - session[SEEN] > note_after():
            session[SEEN] = int(now)


def note_after() -> float:
    """Seconds after which being seen is written down again."""
    return float(settings.SESSION_IDLE_SECONDS / NOTES_PER_IDLE_PERIOD)
