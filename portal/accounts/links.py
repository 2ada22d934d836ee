"""One-time links: how somebody gets into an account whose password he does not know.

Whoever administers accounts makes one and hands it over. Its code stands behind the ``#`` of the address, which a
browser sends to nobody: no log, proxy or history of ours ever holds it. At rest it is a digest.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.base.records import record_change
from communities.models import User
from portal.accounts import actions, second_factor, sessions
from portal.accounts.models import LinkKind, OneTimeLink
from portal.encryption import fingerprint

CODE_BYTES = 32
LONGEST = 200


class LinkIsVoid(ValidationError):
    """Unknown, used, too old, or for an account that is not in use: all read the same."""

    def __init__(self) -> None:
        super().__init__(_("链接无效、已使用或已过期。请联系给您链接的管理员重新发一个。"), code="void")


def kind_for(user: User) -> LinkKind:
    """Whoever never set a password is invited."""
    return LinkKind.RESET if user.has_usable_password() else LinkKind.INVITATION


@transaction.atomic
def make(user: User, *, by: User | None, frees_second_factor: bool = False) -> tuple[OneTimeLink, str]:
    """A new link and its code, which is shown once. Earlier ones are void; sessions end, a lock-out is lifted."""
    if not user.may_sign_in:
        raise ValidationError(_("该账号已停用或过期，不能发链接。"))
    stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    kind, now = kind_for(stored), timezone.now()
    stored.one_time_links.open().update(expires_at=now)
    code = secrets.token_urlsafe(CODE_BYTES)
    link = OneTimeLink.objects.create(
        user=stored,
        kind=kind,
        digest=fingerprint(code),
        frees_second_factor=frees_second_factor,
        made_by=by,
        expires_at=now + dt.timedelta(hours=settings.ONE_TIME_LINK_HOURS),
    )
    sessions.end_all(stored)
    actions.lift_lockout(stored)
    said = _("发出%(kind)s，用后解除动态口令") if frees_second_factor else _("发出%(kind)s")
    record_change(stored, stored, by=by, reason=said % {"kind": kind.label}, act=uuid.uuid4())
    return link, code


def find(code: str) -> OneTimeLink:
    """The open link behind a code, or a whole address pasted. Raises LinkIsVoid."""
    text = code.strip()[-LONGEST:].rpartition("#")[2]
    link = OneTimeLink.objects.open().select_related("user").filter(digest=fingerprint(text)).first()
    if link is None or not link.user.may_sign_in:
        raise LinkIsVoid
    return link


@transaction.atomic
def use(request: HttpRequest, pk: int, password: str) -> User:
    """Set the password of a link's account. Raises LinkIsVoid, ValidationError (the rules of the profile)."""
    link = (
        OneTimeLink.objects.open()
        .select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=pk)
        .first()
    )
    if link is None or not link.user.may_sign_in:
        raise LinkIsVoid
    user = actions.set_password(
        link.user, password, by=link.user, reason=_("用%(kind)s设置密码") % {"kind": link.get_kind_display()}
    )
    OneTimeLink.objects.filter(pk=link.pk).update(used_at=timezone.now())
    if link.frees_second_factor and second_factor.forget(user):
        actions.record(request, username=user.username, outcome=actions.SECOND_REMOVED)
    sessions.end_all(user)
    actions.lift_lockout(user)
    actions.record(request, username=user.username, outcome=actions.PASSWORD_SET)
    return user
