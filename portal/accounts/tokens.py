"""Bearer tokens for other systems: one role's rights, never a session."""

from __future__ import annotations

import datetime as dt
import re
from secrets import compare_digest

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from communities.models import ApiToken, User

KEY = re.compile(rf"({ApiToken.PREFIX}_[0-9a-f]{{8}})_[A-Za-z0-9_-]{{43}}", re.ASCII)
SCHEMES = frozenset({"bearer", "token"})
# How often the last use is written down.
NOTE_USE_EVERY = dt.timedelta(minutes=1)
_NO_DIGEST = "0" * 64


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer cst_...``. A key that does not hold is 401, even beside a valid session."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """User and token; None when the request brings no token at all."""
        scheme, _space, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() not in SCHEMES:
            return None
        token = self.find(key.strip())
        if token is None:
            raise AuthenticationFailed(_("令牌无效或已过期。"))
        note_use(token)
        user = token.user
        user.token_role = token.role
        return user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """What a 401 asks for."""
        return 'Bearer realm="api"'

    @staticmethod
    def find(key: str) -> ApiToken | None:
        """The token behind a key; every key costs one look-up and one comparison, right or wrong."""
        match = KEY.fullmatch(key)
        prefix = match[1] if match else ""
        token = ApiToken.objects.select_related("user").filter(prefix=prefix).first()
        holds = compare_digest(
            ApiToken.digest_of(key if match else ""), token.digest if token is not None else _NO_DIGEST
        )
        if not holds or token is None or not token.user.may_sign_in:
            return None
        return token if token.revoked_at is None and token.expires_at > timezone.now() else None


def note_use(token: ApiToken) -> None:
    """Remember the last use, at most once a minute."""
    now = timezone.now()
    stale = now - NOTE_USE_EVERY
    if token.last_used_at is None or token.last_used_at < stale:
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
