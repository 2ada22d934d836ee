"""What a password must be: two profiles, of which ``PASSWORD_PROFILE`` names the one in force.

``dengbao`` follows the classified-protection rules (等保): composition, change every 90 days, the last five barred.
``nist`` follows NIST SP 800-63B and OWASP ASVS: length instead of composition, no rotation, a list of known ones.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from pypinyin import lazy_pinyin

from communities.models import User
from portal.accounts.models import PastPassword

CLASSES = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^a-zA-Z0-9]"))
SIGNS_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
ALL_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
LONGEST = 128
# Words that everybody here would think of first.
CONTEXT = ("minzhengju", "shequjianshe", "社区建设", "民政局")
SHORTEST_PART = 3
FEWEST_SIGNS = 5


@dataclass(frozen=True)
class Profile:
    """The rules of one profile; ``classes`` 0 and ``lifetime`` None mean that it has no such rule."""

    shortest: int
    classes: int
    lifetime: dt.timedelta | None
    barred: int
    bars_patterns: bool

    def rules(self) -> Iterator[str]:
        """The rules in words, for whoever chooses a password."""
        yield _("至少 %(least)d 个字符，最多 %(most)d 个，可以用空格和汉字") % {
            "least": self.shortest,
            "most": LONGEST,
        }
        if self.classes:
            yield _("小写字母、大写字母、数字、其他字符中至少有 %(number)d 类") % {"number": self.classes}
        else:
            yield _("不限字符种类，长的一句话就很好；不能是连续或反复的几个字符")
        yield _("不含用户名、姓名或其拼音，不是常见或已泄露的密码")
        if self.barred > 1:
            yield _("不能与最近用过的 %(number)d 个密码相同") % {"number": self.barred}
        else:
            yield _("不能与现在的密码相同")
        if self.lifetime is not None:
            yield _("使用 %(days)d 天后须再次修改") % {"days": self.lifetime.days}


PROFILES = {
    "dengbao": Profile(10, 3, dt.timedelta(days=90), 5, bars_patterns=False),
    "nist": Profile(15, 0, None, 1, bars_patterns=True),
}


def profile() -> Profile:
    """The profile in force."""
    return PROFILES[settings.PASSWORD_PROFILE]


class ProfileValidator:
    """All rules of the profile in force; every one that is broken is told."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        errors: list[ValidationError] = []
        for rule in rules_of(profile(), settings.LEAKED_PASSWORDS):
            try:
                rule.validate(password, user)
            except ValidationError as error:
                errors += error.error_list
        if errors:
            raise ValidationError(errors)

    def get_help_text(self) -> str:
        """For forms that show one text."""
        return "；".join(profile().rules())


@lru_cache(maxsize=8)
def rules_of(rules: Profile, leaked: str) -> tuple[Any, ...]:
    """The validators of a profile. The lists of known passwords are read once."""
    chosen: list[Any] = [
        LeastValidator(rules.shortest),
        MostValidator(),
        UserAttributeSimilarityValidator(user_attributes=("username", "name")),
        ContextValidator(),
        KnownValidator(),
        HistoryValidator(),
    ]
    if leaked:
        chosen.append(KnownValidator(password_list_path=leaked))
    if rules.classes:
        chosen.append(ClassesValidator(rules.classes))
    if rules.bars_patterns:
        chosen.append(PatternValidator())
    return tuple(chosen)


class KnownValidator(CommonPasswordValidator):
    """Not a word that everybody knows, nor one with digits and signs before or behind it."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        plain = password.strip()
        for word in dict.fromkeys((plain, SIGNS_AROUND.sub("", plain), ALL_AROUND.sub("", plain))):
            if word:
                super().validate(word, user)


class LeastValidator:
    """At least so many characters."""

    def __init__(self, least: int) -> None:
        self.least = least

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raises ValidationError."""
        if len(password) < self.least:
            raise ValidationError(
                _("密码至少 %(least)d 个字符。") % {"least": self.least}, code="password_too_short"
            )


class MostValidator:
    """No longer than what the sign-in form takes."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raises ValidationError."""
        if len(password) > LONGEST:
            raise ValidationError(
                _("密码最多 %(most)d 个字符。") % {"most": LONGEST}, code="password_too_long"
            )


class ClassesValidator:
    """At least so many of: lower case, upper case, digits, other characters."""

    def __init__(self, classes: int = 3) -> None:
        self.classes = classes

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raises ValidationError."""
        if sum(bool(kind.search(password)) for kind in CLASSES) < self.classes:
            raise ValidationError(
                _("密码须包含小写字母、大写字母、数字、其他字符中的至少 %(number)d 类。")
                % {"number": self.classes},
                code="password_too_few_classes",
            )


class PatternValidator:
    """Length alone is no strength: not a few signs over and over, not a run along the alphabet or keyboard."""

    RUNS = ("abcdefghijklmnopqrstuvwxyz" * 2, "0123456789" * 13, "qwertyuiopasdfghjklzxcvbnm" * 2)

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raises ValidationError."""
        plain = password.lower()
        runs = any(plain in run or plain[::-1] in run for run in self.RUNS)
        if runs or len(set(plain)) < FEWEST_SIGNS:
            raise ValidationError(_("密码不能是连续或反复的几个字符。"), code="password_pattern")


class ContextValidator:
    """Neither the user's name in any spelling nor the words of this office may be part of the password."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        plain = password.lower()
        username = (getattr(user, "username", "") or "").lower()
        if username and username in plain:
            raise ValidationError(_("密码不能包含用户名。"), code="password_contains_username")
        name = getattr(user, "name", "") or ""
        spelt = "".join(lazy_pinyin(name)).lower()
        own = [word for word in (name.lower(), spelt) if len(word) >= SHORTEST_PART or word != spelt]
        if any(word and word in plain for word in (*own, *CONTEXT)):
            raise ValidationError(
                _("密码不能包含姓名、姓名的拼音或单位、平台的名称。"), code="password_contains_context"
            )


class HistoryValidator:
    """Not one of the last passwords, the present one included."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError. Each comparison costs as much as a sign-in."""
        if getattr(user, "pk", None) is None:
            return
        number = profile().barred
        digests = list(user.past_passwords.order_by("-pk").values_list("digest", flat=True)[:number])
        known = dict.fromkeys([user.password, *digests])
        if any(check_password(password, digest) for digest in list(known)[:number] if digest):
            raise ValidationError(
                _("不能与最近用过的 %(number)d 个密码相同。") % {"number": number}
                if number > 1
                else _("不能与现在的密码相同。"),
                code="password_used_before",
            )


def remember(user: User) -> None:
    """Keep the hash of the password that was just set, and of those before it only what a profile may ask for."""
    PastPassword.objects.create(user=user, digest=user.password)
    most = max(each.barred for each in PROFILES.values())
    kept = user.past_passwords.order_by("-pk").values_list("pk", flat=True)[:most]
    user.past_passwords.exclude(pk__in=list(kept)).delete()


def is_due(user: User) -> bool:
    """Whether the password has been used longer than the profile allows. Demo accounts keep theirs."""
    lifetime = profile().lifetime
    if lifetime is None or user.is_demo:
        return False
    latest = user.past_passwords.order_by("-pk").values_list("at", flat=True).first()
    return bool((latest or user.created_at) + lifetime < timezone.now())


def one_time_password() -> str:
    """Random and easy to copy by hand: no look-alikes; holds all four classes."""
    letters = "".join(ch for ch in string.ascii_letters if ch not in "lIoO")
    digits = "23456789"
    body = [secrets.choice(letters + digits) for _position in range(13)]
    return "".join([secrets.choice("abcdef"), secrets.choice("ABCDEF"), secrets.choice(digits), "-", *body])
