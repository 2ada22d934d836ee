"""The life of a session: idle and absolute end, so many per account, a new key when roles change."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from communities.models import User
from portal.accounts.models import OpenSession

STARTED = "started"
SEEN = "seen"
ROLES = "roles"
SECOND = "second"  # whether the second factor was shown
# A request that nobody asked for by hand (progress polls) says so and does not keep the session alive. A
# client that leaves the header out gains nothing that a click would not give.
BACKGROUND_HEADER = "X-Background"
# Being seen is written down this often per idle period, not at each request.
NOTES_PER_IDLE_PERIOD = 15


@dataclass(frozen=True)
class Device:
    """Whence somebody signs in: the address by the rule of trusted proxies, and what the browser calls itself."""

    address: str | None = None
    agent: str = ""


def begin(session: SessionBase) -> None:
    """Stamp a fresh session."""
    session[STARTED] = session[SEEN] = time.time()


@transaction.atomic
def enrol(session: SessionBase, user: User, device: Device) -> int:
    """Count a session among its user's and end the oldest beyond the limit; how many were ended.

    Sign-ins of one account wait here for one another, so that many at once leave no more than one after the other.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    session[ROLES] = roles_digest(user)
    session.save()
    list_session(session, user, device)
    others = user.open_sessions.living().exclude(pk=session.session_key).order_by("-began_at", "-pk")
    surplus = list(others.values_list("pk", flat=True)[max(settings.SESSIONS_PER_ACCOUNT - 1, 0) :])
    Session.objects.filter(pk__in=surplus).delete()
    return len(surplus)


def list_session(session: SessionBase, user: User, device: Device) -> None:
    began_at = dt.datetime.fromtimestamp(session[STARTED], tz=dt.UTC)
    OpenSession.objects.update_or_create(
        session_id=session.session_key,
        defaults={"user": user, "began_at": began_at, "address": device.address, "agent": device.agent},
    )


def renew_key(session: SessionBase, user: User) -> None:
    """Go on under a new key: the old one is dead, the session stays the same in lists."""
    listed = OpenSession.objects.filter(pk=session.session_key).first()
    session.cycle_key()
    if listed is None:
        list_session(session, user, Device())
        return
    OpenSession.objects.create(
        session_id=str(session.session_key),
        public_id=listed.public_id,
        user=user,
        began_at=listed.began_at,
        address=listed.address,
        agent=listed.agent,
    )


def carry_on(session: SessionBase, user: User) -> None:
    """Keep this one session through a change of the password, which ends all others."""
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    renew_key(session, user)


@transaction.atomic
def end_all(user: User, *, but: str | None = None) -> int:
    """End the user's sessions, all or all but the one with a key; how many were living."""
    rows = user.open_sessions.exclude(pk=but) if but else user.open_sessions.all()
    living = rows.living().count()
    Session.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).delete()
    return int(living)


@transaction.atomic
def end_one(user: User, public_id: str) -> bool:
    """End one of the user's sessions by its id in lists; whether there was such a one."""
    key = user.open_sessions.filter(public_id=public_id).values_list("pk", flat=True).first()
    Session.objects.filter(pk=key).delete()
    return key is not None


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


class RoleChangeMiddleware:
    """Gives a session a new key when its user's roles are others than at its last request.

    A key that leaked while the user could do little is worth nothing once he can do more. What the pages ask of
    the user's roles afterwards is the same query, kept on the user.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and isinstance(request.user, User):
            renew_for_roles(request.session, request.user)
        return self.get_response(request)


def renew_for_roles(session: SessionBase, user: User) -> None:
    """A new key if the roles have changed; the old one is dead."""
    digest = roles_digest(user)
    known = session.get(ROLES)
    if known == digest:
        return
    session[ROLES] = digest
    if known is not None:
        renew_key(session, user)


def roles_digest(user: User) -> str:
    """The roles that the user holds today, and where, as one word."""
    held = ";".join(sorted(f"{code} {path}" for code, path in user.held_roles()))
    return hashlib.sha256(held.encode()).hexdigest()[:16]
