"""Signing in and out, and the first accounts and tokens."""

from __future__ import annotations

import datetime as dt
import ipaddress
import uuid

from django.contrib.auth import authenticate, login, logout
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.base import drafts
from communities.base.actions import save
from communities.base.roles import ROLES
from communities.choices import ChangeVerb, Level
from communities.models import ApiToken, ChangeRecord, Division, RoleAssignment, SignInRecord, User
from portal.accounts import sessions
from portal.accounts.passwords import one_time_password
from portal.proxies import client_address

SUCCESS, FAILURE, LOCKED, SIGNED_OUT, DISPLACED = "success", "failure", "locked", "signed_out", "displaced"


def sign_in(request: HttpRequest, *, username: str, password: str) -> User | None:
    """Check a password and open a session under a new key; None when it does not hold.

    An account has so many sessions and no more: beyond them its oldest ends.
    Guesses at one name are evaluated one after the other, so that a hundred at once count like a hundred in a
    row: the lock is taken before the lock-out is asked and given back after the failure is written.
    """
    with transaction.atomic():
        take_turn(username)
        user = authenticate(request, username=username, password=password)
        if user is None:
            outcome = FAILURE if getattr(request, "password_was_checked", False) else LOCKED
            record(request, username=username, outcome=outcome)
            return None
    login(request, user)
    sessions.begin(request.session)
    ended = sessions.enrol(request.session, user)
    record(request, username=username, outcome=SUCCESS)
    for _session in range(ended):
        record(request, username=username, outcome=DISPLACED)
    return user


def sign_out(request: HttpRequest) -> None:
    """End the session of whoever is signed in; what he has not saved goes with it."""
    if isinstance(request.user, User):
        record(request, username=request.user.username, outcome=SIGNED_OUT)
        drafts.forget_all(request.user)
    logout(request)


def take_turn(username: str) -> None:
    """Wait until nobody else is trying this name, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sign-in {username}"])


def record(request: HttpRequest, *, username: str, outcome: str) -> None:
    """One line for the auditor."""
    SignInRecord.objects.create(
        username=username[:150],
        user=User.objects.filter(username=username).first(),
        outcome=outcome,
        address=address_of(request),
        agent=request.headers.get("User-Agent", "").replace("\x00", "")[:200],
    )


def address_of(request: HttpRequest) -> str | None:
    """The address by the rule of trusted proxies, if it is one."""
    try:
        return str(ipaddress.ip_address(client_address(request)))
    except ValueError:
        return None


@transaction.atomic
def create_administrator(
    *, username: str, name: str, role: str, password: str | None = None, by: User | None = None
) -> tuple[User, str]:
    """An account with one role over the whole country, and its one-time password.

    Raises ValidationError (the name is taken, the role is no administrator's).
    """
    if role not in ROLES or not ROLES[role].is_administrator:
        raise ValidationError(_("「%(role)s」不是管理员角色。") % {"role": role})
    password = password or one_time_password()
    user = User(username=username, name=name, must_change_password=True)
    user.set_password(password)
    act, reason = uuid.uuid4(), _("命令行创建管理员")
    save(user, by=by, reason=reason, act=act)
    root = Division.objects.get(level=Level.COUNTRY)
    since = timezone.localdate()
    assignment = RoleAssignment(user=user, role=role, division=root, valid=(since, None))
    save(assignment, by=by, reason=reason, act=act)
    return user, password


@transaction.atomic
def issue_token(
    *, user: User, role: str | None = None, name: str = "", lifetime: dt.timedelta = ApiToken.LIFETIME
) -> tuple[ApiToken, str]:
    """A token with the rights of one role that the user holds today, and its key, which is shown once.

    Raises ValidationError (account not in use, role not held, several roles and none chosen, bad lifetime).
    """
    if not user.may_sign_in:
        raise ValidationError(_("该账号已停用或过期。"))
    if not dt.timedelta() < lifetime <= ApiToken.LIFETIME:
        raise ValidationError(_("有效期须在 1 至 %(days)d 天之间。") % {"days": ApiToken.LIFETIME.days})
    held = sorted({code for code, _path in user.held_roles()})
    if role is None and len(held) == 1:
        role = held[0]
    if role not in held:
        raise ValidationError(
            _("请指定该用户现有的一个角色:%(roles)s。") % {"roles": "、".join(held) or _("无")}
        )
    prefix, key = ApiToken.new_key()
    token = ApiToken.objects.create(
        user=user,
        role=role,
        name=name or _("命令行创建"),
        prefix=prefix,
        digest=ApiToken.digest_of(key),
        expires_at=timezone.now() + lifetime,
    )
    ChangeRecord.objects.create(
        verb=ChangeVerb.CREATE,
        model=ApiToken._meta.label,
        object_id=user.public_id,
        object_label=str(token)[:200],
        division_id=user.scope_division_id(),
        after={
            "user": user.username,
            "role": role,
            "name": token.name,
            "expires_at": token.expires_at.isoformat(),
        },
    )
    return token, key
