"""The second factor: time-based codes (RFC 6238) of an authenticator on one's phone, and recovery codes.

Codes are computed by ``cryptography``; the secret lies encrypted. A code is good for its half minute and the ones
beside it, and only once: what was seen over a shoulder is worth nothing.
"""

from __future__ import annotations

import base64
import re
import secrets
import time

import segno
import structlog
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from communities.base.roles import ADMINISTRATORS
from communities.models import User
from portal.accounts.models import RecoveryCode, SecondFactor
from portal.encryption import Unreadable, fingerprint, seal, unseal

logger = structlog.get_logger(__name__)

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
STEPS_BESIDE = 1
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
ISSUER = "社区建设管理平台"


def is_enrolled(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exists()


def is_required(user: User) -> bool:
    """Whether the installation asks this user for a second factor. No query beyond the user's roles."""
    match settings.TOTP_REQUIRED_FOR:
        case "all":
            return True
        case "administrators":
            return any(role in ADMINISTRATORS for role, _path in user.held_roles())
    return False


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def about(user: User) -> str:
    """What a sealed secret is bound to."""
    return f"second factor {user.public_id}"


def generator(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what authenticators on phones speak


def step_of(secret: bytes, code: str, after: int = 0) -> int | None:
    """The step that a code belongs to: now or beside it, and later than ``after``; None for a wrong code."""
    now = int(time.time()) // STEP_SECONDS
    found = None
    for step in range(now - STEPS_BESIDE, now + STEPS_BESIDE + 1):
        right = generator(secret).generate(step * STEP_SECONDS).decode()
        if constant_time_compare(right, code) and step > after:
            found = step
    return found


def secret_text(secret: bytes) -> str:
    """The secret for typing: base 32 in groups of four."""
    return " ".join(re.findall(".{4}", base64.b32encode(secret).decode()))


def picture(user: User, secret: bytes) -> str:
    """The QR code for an authenticator, as the address of an image: no request leaves the page for it."""
    address = generator(secret).get_provisioning_uri(user.username, ISSUER)
    drawn: str = segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=2)
    return drawn


@transaction.atomic
def enrol(user: User, secret: bytes, code: str) -> list[str]:
    """Take a secret into use once a code shows that the phone has it; the recovery codes, to be shown once.

    Raises ValidationError.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if is_enrolled(user):
        raise ValidationError(_("已经启用动态口令。"))
    step = step_of(secret, tidy(code))
    if step is None:
        raise ValidationError(_("动态口令不正确。请核对手机时间，输入当前显示的 6 位数字。"))
    SecondFactor.objects.create(user=user, secret=seal(secret, about(user)), last_step=step)
    return renew_recovery_codes(user)


def renew_recovery_codes(user: User) -> list[str]:
    """New recovery codes, to be shown once; the old ones are void."""
    codes = [recovery_code() for _number in range(RECOVERY_CODES)]
    user.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=fingerprint(f"{user.public_id} {tidy(code)}")) for code in codes
    )
    return codes


def recovery_code() -> str:
    """80 random bits, in groups: XXXX-XXXX-XXXX-XXXX."""
    return "-".join(re.findall(".{4}", base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()))


def tidy(code: str) -> str:
    """A code as it was meant: without spaces and dashes, in capitals."""
    return re.sub(r"[\s\-—–]", "", code).upper()


@transaction.atomic
def holds(user: User, code: str) -> bool:
    """Whether a code of the authenticator or a recovery code is right; it is used up by asking."""
    device = SecondFactor.objects.select_for_update().filter(user=user).first()
    if device is None:
        return False
    text = tidy(code)
    if re.fullmatch(r"\d{6}", text, re.ASCII):
        try:
            secret = unseal(device.secret, about(user))
        except Unreadable:
            # The installation has lost its key: nobody gets in by guessing, a link without second factor helps.
            logger.exception("second_factor_unreadable", user=user.username)
            return False
        step = step_of(secret, text, device.last_step)
        if step is not None:
            SecondFactor.objects.filter(pk=device.pk).update(last_step=step)
        return step is not None
    digest = fingerprint(f"{user.public_id} {text}")
    unused = user.recovery_codes.filter(digest=digest, used_at__isnull=True)
    return unused.update(used_at=timezone.now()) == 1


@transaction.atomic
def forget(user: User) -> bool:
    """Give the second factor up; whether there was one."""
    user.recovery_codes.all().delete()
    deleted, _by_model = SecondFactor.objects.filter(user=user).delete()
    return deleted > 0
