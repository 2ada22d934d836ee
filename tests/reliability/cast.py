"""Run inside a portal under test: the cast of ``tests.conftest``, a period, a session and a token, as JSON."""

from __future__ import annotations

import datetime as dt
import json
import sys

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.utils import timezone  # noqa: E402

from communities.models import ApiToken, User  # noqa: E402
from tests import factories  # noqa: E402
from tests.conftest import build_users, build_world  # noqa: E402


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "portal.accounts.backends.AccountBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key or ""


def token_of(user: User) -> str:
    prefix, key = ApiToken.new_key()
    ApiToken.objects.create(
        user=user,
        role=user.role_assignments.get().role,
        name="test",
        prefix=prefix,
        digest=ApiToken.digest_of(key),
        expires_at=timezone.now() + dt.timedelta(days=1),
    )
    return key


def main() -> None:
    world = build_world()
    users = build_users(world)
    factories.threshold("premises.office.area", world.city)
    start = timezone.localdate().replace(day=1)
    end = (start + dt.timedelta(days=32)).replace(day=1)
    period = factories.period(f"{start:%Y-%m}", start, end, kind="month")
    json.dump(
        {
            "session": session_of(users["district_officer"]),
            "token": token_of(users["district_officer"]),
            "period": period.code,
            "community": str(world.community.public_id),
            "committee": str(world.committees["community"].public_id),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
