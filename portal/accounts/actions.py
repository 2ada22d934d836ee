"""Signing in and out, one's own password and second factor, and the first accounts and tokens."""

from __future__ import annotations

import copy
import datetime as dt
import ipaddress
import time
import uuid

from axes.utils import reset as lift_lockout_of
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from communities.base import drafts
from communities.base.actions import save
from communities.base.records import record_change
from communities.base.roles import ROLES
from communities.choices import ChangeVerb, Level
from communities.models import ApiToken, ChangeRecord, Division, RoleAssignment, SignInRecord, User
from portal.accounts import passwords, second_factor, sessions
from portal.proxies import client_address

SUCCESS, FAILURE, LOCKED, SIGNED_OUT, DISPLACED = "success", "failure", "locked", "signed_out", "displaced"
WRONG_CODE, ENDED, PASSWORD_SET = "wrong_code", "ended", "password_set"
SECOND_ADDED, SECOND_REMOVED = "second_added", "second_removed"

# Between the password and the code: who has shown the first, for so long. Never the password itself.
HALF_WAY = "half_way"
HALF_WAY_SECONDS = 300
BACKEND = "portal.accounts.backends.AccountBackend"


# ---------------------------------------------------------------- signing in and out


def sign_in(request: HttpRequest, *, username: str, password: str) -> User | None:
    """Check a password; None when it does not hold.

    Then a session is open, unless the account has a second factor: :func:`half_way` tells that its code is
    still to come.
    """
    user = prove(request, username=username, password=password)
    if user is None:
        return None
    if second_factor.is_enrolled(user):
        request.session.cycle_key()
        request.session[HALF_WAY] = {
            "user": user.pk,
            "hash": user.get_session_auth_hash(),
            "at": time.time(),
        }
    else:
        open_session(request, user)
    return user


def half_way(request: HttpRequest) -> User | None:
    """Who has shown his password here a moment ago and still owes a code."""
    noted = request.session.get(HALF_WAY)
    if noted is None or not 0 <= time.time() - noted["at"] <= HALF_WAY_SECONDS:
        return None
    user = User.objects.live().filter(pk=noted["user"]).first()
    if user is None or not user.may_sign_in:
        return None
    return user if constant_time_compare(user.get_session_auth_hash(), noted["hash"]) else None


def second_step(request: HttpRequest, user: User, code: str) -> bool:
    """Check the code of somebody half way and open his session."""
    if prove(request, username=user.username, code=code) is None:
        return False
    request.session.pop(HALF_WAY, None)
    open_session(request, user, with_second=True)
    return True


def prove(request: HttpRequest, *, username: str, **proof: str) -> User | None:
    """Whether a password or a code is right, wherever it is asked for: one count of failures for all doors.

    Guesses at one name are evaluated one after the other, so that a hundred at once count like a hundred in a
    row: the lock is taken before the lock-out is asked and given back after the failure is written.
    """
    with transaction.atomic():
        take_turn(username)
        user = authenticate(request, username=username, **proof)
        if isinstance(user, User):
            return user
        evaluated = getattr(request, "password_was_checked", False)
        wrong = WRONG_CODE if "code" in proof else FAILURE
        record(request, username=username, outcome=wrong if evaluated else LOCKED)
    return None


def open_session(request: HttpRequest, user: User, *, with_second: bool = False) -> None:
    """A session under a new key. An account has so many and no more: beyond them its oldest ends."""
    login(request, user, backend=BACKEND)
    sessions.begin(request.session)
    if with_second:
        request.session[sessions.SECOND] = True
    if passwords.is_due(user) and not user.must_change_password:
        User.objects.filter(pk=user.pk).update(must_change_password=True)
    ended = sessions.enrol(request.session, user, device_of(request))
    record(request, username=user.username, outcome=SUCCESS)
    for _session in range(ended):
        record(request, username=user.username, outcome=DISPLACED)


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


def lift_lockout(user: User) -> None:
    """Forget the failures counted for a user's name."""
    lift_lockout_of(username=user.username)


def record(request: HttpRequest, *, username: str, outcome: str) -> None:
    """One line for the auditor."""
    device = device_of(request)
    SignInRecord.objects.create(
        username=username[:150],
        user=User.objects.filter(username=username).first(),
        outcome=outcome,
        address=device.address,
        agent=device.agent,
    )


def device_of(request: HttpRequest) -> sessions.Device:
    agent = request.headers.get("User-Agent", "").replace("\x00", "")[:200]
    return sessions.Device(address_of(request), agent)


def address_of(request: HttpRequest) -> str | None:
    """The address by the rule of trusted proxies, if it is one."""
    try:
        return str(ipaddress.ip_address(client_address(request)))
    except ValueError:
        return None


# ---------------------------------------------------------------- one's own password and second factor


@transaction.atomic
def set_password(user: User, password: str, *, by: User | None, reason: str) -> User:
    """Give an account a password that its owner chose. Raises ValidationError (the rules of the profile)."""
    stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    validate_password(password, stored)
    before = copy.copy(stored)
    stored.set_password(password)
    stored.must_change_password = False
    stored.version += 1
    stored.save(update_fields=["password", "must_change_password", "version", "updated_at"])
    passwords.remember(stored)
    record_change(stored, before, by=by, reason=reason, act=uuid.uuid4())
    return stored


@transaction.atomic
def change_password(request: HttpRequest, user: User, password: str) -> None:
    """One's own new password: this session goes on under a new key, all others end. Raises ValidationError."""
    stored = set_password(user, password, by=user, reason=_("本人修改密码"))
    sessions.end_all(stored, but=request.session.session_key)
    sessions.carry_on(request.session, stored)
    record(request, username=stored.username, outcome=PASSWORD_SET)


@transaction.atomic
def add_second_factor(request: HttpRequest, user: User, secret: bytes, code: str) -> list[str]:
    """Take an authenticator into use; sessions that were opened without it end. Raises ValidationError."""
    codes = second_factor.enrol(user, secret, code)
    sessions.end_all(user, but=request.session.session_key)
    request.session[sessions.SECOND] = True
    sessions.renew_key(request.session, user)
    record(request, username=user.username, outcome=SECOND_ADDED)
    return codes


@transaction.atomic
def remove_second_factor(request: HttpRequest, user: User) -> None:
    """Give one's own authenticator up, after a code has shown that it is still one's own."""
    second_factor.forget(user)
    request.session.pop(sessions.SECOND, None)
    sessions.renew_key(request.session, user)
    record(request, username=user.username, outcome=SECOND_REMOVED)


# ---------------------------------------------------------------- first accounts and tokens


@transaction.atomic
def create_administrator(
    *, username: str, name: str, role: str, password: str | None = None, by: User | None = None
) -> tuple[User, str]:
    """An account with one role over the whole country, and its one-time password.

    Raises ValidationError (the name is taken, the role is no administrator's).
    """
    if role not in ROLES or not ROLES[role].is_administrator:
        raise ValidationError(_("「%(role)s」不是管理员角色。") % {"role": role})
    password = password or passwords.one_time_password()
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
    *,
    user: User,
    role: str | None = None,
    name: str = "",
    lifetime: dt.timedelta = ApiToken.LIFETIME,
    by: User | None = None,
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
            _("请指定该用户现有的一个角色：%(roles)s。")
            % {"roles": "、".join(str(ROLES[code].name) for code in held if code in ROLES) or _("无")}
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
    after = {"user": user.username, "role": role, "name": token.name}
    record_token(token, ChangeVerb.CREATE, by=by, after=after | {"expires_at": token.expires_at.isoformat()})
    return token, key


@transaction.atomic
def revoke_token(token: ApiToken, *, by: User | None, reason: str = "") -> bool:
    """A token that works no more from now on; whether it still did."""
    now = timezone.now()
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now) == 1
    if revoked:
        record_token(token, ChangeVerb.CHANGE, by=by, after={"revoked_at": now.isoformat()}, reason=reason)
    return revoked


def record_token(
    token: ApiToken, verb: ChangeVerb, *, by: User | None, after: dict[str, str], reason: str = ""
) -> None:
    """What was done to a token, beside its owner's other records."""
    ChangeRecord.objects.create(
        user=by,
        user_name=str(by) if by is not None else "",
        verb=verb,
        model=ApiToken._meta.label,
        object_id=token.user.public_id,
        object_label=str(token)[:200],
        division_id=token.user.scope_division_id(),
        after=after,
        reason=reason,
    )
