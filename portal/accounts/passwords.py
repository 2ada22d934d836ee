"""What a password must be: the profile of the classified-protection rules (等保)."""

from __future__ import annotations

import re
import secrets
import string
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

CLASSES = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^a-zA-Z0-9]"))


class ClassesValidator:
    """At least three of: lower case, upper case, digits, other characters."""

    def __init__(self, classes: int = 3) -> None:
        self.classes = classes

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raises ValidationError."""
        if sum(bool(kind.search(password)) for kind in CLASSES) < self.classes:
            raise ValidationError(self.get_help_text(), code="password_too_few_classes")

    def get_help_text(self) -> str:
        """For the form."""
        return _("密码须包含小写字母、大写字母、数字、其他字符中的至少 %(number)d 类。") % {
            "number": self.classes
        }


class UsernameValidator:
    """The user name may not be part of the password."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        username = getattr(user, "username", "") or ""
        if username and username.lower() in password.lower():
            raise ValidationError(self.get_help_text(), code="password_contains_username")

    def get_help_text(self) -> str:
        """For the form."""
        return _("密码不能包含用户名。")


def one_time_password() -> str:
    """Random and easy to copy by hand: no look-alikes; holds all four classes."""
    letters = "".join(ch for ch in string.ascii_letters if ch not in "lIoO")
    digits = "23456789"
    body = [secrets.choice(letters + digits) for _position in range(13)]
    return "".join([secrets.choice("abcdef"), secrets.choice("ABCDEF"), secrets.choice(digits), "-", *body])
