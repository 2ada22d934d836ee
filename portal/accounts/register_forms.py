"""What administrators enter: organisations, accounts, role assignments, tokens."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from django import forms
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from communities.base.entry import EntryForm, Group, PickField, RowField
from communities.base.querysets import today
from communities.base.roles import ROLES, Action
from communities.models import ApiToken, Organisation, RoleAssignment, User
from portal.accounts.administration import grantable
from portal.accounts.forms import PlainForm


class AccountsForm(EntryForm):
    """Who may sign in and do what is written one by one, through the rules of accounts; no draft names people."""

    in_bulk = ()
    keeps_drafts = False

    class Meta(EntryForm.Meta):
        abstract = True


class OrganisationForm(AccountsForm):
    action = Action.MANAGE_ACCOUNTS

    class Meta(AccountsForm.Meta):
        model = Organisation
        fields = ("name", "kind", "division")

    groups = (Group(_("机构"), ("name", "kind", "division")),)


class UserForm(AccountsForm):
    """An account. Its user name is chosen once: sign-in records go by it."""

    action = Action.MANAGE_ACCOUNTS

    class Meta(AccountsForm.Meta):
        model = User
        fields = ("username", "name", "organisation", "is_active", "expires_on", "must_change_password")

    groups = (
        Group(_("账号"), ("username", "name", "organisation")),
        Group(_("使用"), ("is_active", "expires_on", "must_change_password")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance.pk is None
        # An account without a body lies in nobody's places; those of the command line have none.
        self.fields["organisation"].required = is_new or self.instance.organisation_id is not None
        self.fields["expires_on"].help_text = _now("当天仍可登录；不填为长期有效。")
        if is_new:
            # Whoever is entered is invited: in use, and with a password that he chooses himself.
            del self.fields["is_active"], self.fields["must_change_password"]
            self.fields["username"].help_text = _now(
                "登录时使用，建好后不能修改。字母、数字和 @ . + - _ 均可。"
            )
        else:
            del self.fields["username"]
            self.fields["is_active"].help_text = _now("停用后立即退出各处登录，接口令牌全部吊销。")

    def clean_username(self) -> str:
        """As the sign-in form reads it."""
        return unicodedata.normalize("NFKC", self.cleaned_data["username"])


def full_name(user: User) -> str:
    """A person whom others may share the name of."""
    return f"{user.name}({user.username})"


class RoleAssignmentForm(AccountsForm):
    """Who may do what where, from when to when."""

    action = Action.MANAGE_ROLES

    class Meta(AccountsForm.Meta):
        model = RoleAssignment
        fields = ("user", "role", "division", "organisation", "valid")

    groups = (Group(_("授权"), ("user", "role", "division", "organisation", "valid")),)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who, what = self.fields["user"], self.fields["role"]
        if isinstance(who, RowField):
            who.names, who.naming = ("username", "name"), full_name
        if isinstance(what, PickField):
            what.choices = [(code, role.name) for code, role in grantable(self.user)]
            what.widget.choices = [("", _now("请选择")), *what.choices]
        self.fields["division"].help_text = _now("对该地区及其下级全部有效。")
        self.fields["organisation"].help_text = _now("以哪个机构的名义办理。")
        self.fields["valid"].required = True
        self.fields["valid"].error_messages["required"] = _now("请填写开始日期，不能早于今天。")
        self.fields["valid"].help_text = _now("结束日期不填为长期有效。")
        self.initial.setdefault("valid", DateRange(today(), None))

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        """Accounts that are in use, by name."""
        if name == "user":
            return lambda: (
                User.objects.visible_to(self.user, self.action)
                .live()
                .filter(is_active=True)
                .order_by("username")
            )
        return super().rows_for(name)


class LinkOptionsForm(PlainForm):
    """What a one-time link does beside setting the password."""

    frees_second_factor = forms.BooleanField(label=_("同时解除动态口令(手机丢失或更换时)"), required=False)


class TokenForm(PlainForm):
    """A token of an account: what for, with the rights of which of its roles, for how long."""

    name = forms.CharField(label=_("用途"), max_length=100, help_text=_("例如：市政务数据平台每日同步。"))
    role = forms.ChoiceField(label=_("角色"), help_text=_("令牌只有这一个角色的权限。"))
    days = forms.IntegerField(
        label=_("有效天数"),
        min_value=1,
        max_value=ApiToken.LIFETIME.days,
        initial=90,
        help_text=_("最多 365 天，到期后重新签发。"),
        error_messages={
            "invalid": _("请填写整数。"),
            "min_value": _("有效期须在 1 至 365 天之间。"),
            "max_value": _("有效期须在 1 至 365 天之间。"),
        },
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Administrators work in the browser, behind their second factor.
        held = sorted(
            {code for code, _path in owner.held_roles() if code in ROLES and not ROLES[code].is_administrator}
        )
        roles = self.fields["role"]
        roles.choices = [(code, ROLES[code].name) for code in held]  # type: ignore[attr-defined]
        roles.error_messages["invalid_choice"] = _now("请选择该账号现有的角色。")
        roles.widget.attrs["class"] = "form-select"
