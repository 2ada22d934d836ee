"""Forms of accounts."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from communities.base import wording
from portal.accounts.passwords import LONGEST


class PlainForm(forms.Form):
    """A short form of an account, in the look of Bootstrap."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            box = isinstance(field.widget, forms.CheckboxInput)
            field.widget.attrs.setdefault("class", "form-check-input" if box else "form-control")
            field.error_messages["required"] = wording.REQUIRED


def password_field(label: Any, autocomplete: str) -> forms.CharField:
    """A password as typed: never stripped, never shown again."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=LONGEST, strip=False, widget=widget)


class SignInForm(PlainForm):
    """User name and password, within the lengths that accounts have."""

    username = forms.CharField(
        label=_("用户名"),
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = password_field(_("密码"), "current-password")

    def clean_username(self) -> str:
        """Look-alike spellings of one name are one name, for the lock-out too."""
        return unicodedata.normalize("NFKC", self.cleaned_data["username"])


class CodeForm(PlainForm):
    """A code of the authenticator, or a recovery code."""

    code = forms.CharField(
        label=_("动态口令或恢复码"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )


class FirstCodeForm(PlainForm):
    """The code by which an authenticator is taken into use."""

    code = forms.CharField(
        label=_("6 位动态口令"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class LinkForm(PlainForm):
    """The code of a one-time link, filled in from the address or pasted."""

    code = forms.CharField(
        label=_("链接或一次性代码"),
        max_length=400,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-from-address": ""}),
    )


class NewPasswordForm(PlainForm):
    """A new password, twice."""

    new_password = password_field(_("新密码"), "new-password")
    repeated = password_field(_("再输一次新密码"), "new-password")

    def clean_repeated(self) -> str:
        """The same twice. Raises ValidationError."""
        repeated: str = self.cleaned_data["repeated"]
        if "new_password" in self.cleaned_data and self.cleaned_data["new_password"] != repeated:
            raise forms.ValidationError(_("两次输入的新密码不一致。"), code="mismatch")
        return repeated


class ChangePasswordForm(NewPasswordForm):
    """The present password, so that whoever finds an open screen cannot take the account."""

    password = password_field(_("现在的密码"), "current-password")
    field_order = ("password", "new_password", "repeated")
