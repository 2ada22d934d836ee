"""Registers of organisations, accounts, role assignments and tokens, with the rules of their own."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.base.actions import OutOfScope, StaleVersion
from communities.base.entry.pages import (
    BringBackPage,
    CreatePage,
    EditPage,
    EntryPage,
    RemovePage,
    version_of,
)
from communities.base.filters import OneOf, RegisterFilterSet, WordsFilter
from communities.base.paging import Order
from communities.base.roles import ROLES, Action
from communities.base.tables import Cell, Column, LinkColumn, MomentColumn, RegisterTable, detail_url
from communities.base.views import ListPage
from communities.models import ApiToken, User
from communities.views import RoleAssignmentDetail, RoleAssignmentList, UserDetail
from portal.accounts import administration, agents, second_factor
from portal.accounts.account_pages import shown_link
from portal.accounts.register_forms import RoleAssignmentForm

# Field errors that mean: named what lies outside one's places, or does not exist.
OUTSIDE = "unknown"


class Watched(EntryPage):
    """A page whose tries beyond the writer's powers are kept for the auditor."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except OutOfScope as error:
            if request.method == "POST":
                self.keep(None, str(error))
            raise

    def show(self, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Each refusal in the form that was one of power, not of spelling, is kept."""
        if form is not None and form.is_bound:
            for name, errors in form.errors.as_data().items():
                for error in errors:
                    if error.code in {OUTSIDE, administration.BEYOND}:
                        label = form.fields[name].label if name in form.fields else ""
                        self.keep(None, f"{label} {' '.join(error.messages)}".strip())
        return super().show(form, status=status, **more)

    def keep(self, row: Any, why: str) -> None:
        administration.refused(cast("User", self.request.user), self.model, row, why)


class OrganisationCreate(Watched, CreatePage):
    pass


class OrganisationEdit(Watched, EditPage):
    pass


class OrganisationRemove(RemovePage):
    template_name = "accounts/remove_account.html"


class OrganisationBringBack(BringBackPage):
    template_name = "accounts/bring_back_account.html"


# ---------------------------------------------------------------- accounts


class AccountPage(Watched):
    """A page that writes an account: one that holds more elsewhere is read here, not written."""

    def row(self, public_id: Any, *, deleted: bool = False) -> Any:
        row = super().row(public_id, deleted=deleted)
        by = cast("User", self.request.user)
        try:
            administration.require_manageable(by, row)
        except PermissionDenied as error:
            if self.request.method == "POST":
                self.keep(row, str(error))
            raise
        return row


class UserCreate(AccountPage, CreatePage):
    """A new account, and the link by which its owner comes in."""

    def write(self, form: Any) -> Any:
        return administration.save_user(form.instance, by=cast("User", self.request.user))

    def written(self, row: Any) -> HttpResponse:
        """The link is shown here and never again; nothing keeps it until a next page."""
        if not row.may_sign_in:
            return super().written(row)
        return shown_link(self.request, row)


class UserEdit(AccountPage, EditPage):
    def write(self, form: Any, reason: str) -> None:
        administration.save_user(form.instance, by=cast("User", self.request.user), reason=reason)


class UserRemove(AccountPage, RemovePage):
    template_name = "accounts/remove_account.html"

    def take_out(self, row: Any, reason: str) -> None:
        administration.remove_user(row, by=cast("User", self.request.user), reason=reason)


class UserBringBack(AccountPage, BringBackPage):
    template_name = "accounts/bring_back_account.html"


class AccountDetail(UserDetail):
    """An account with all that it has open."""

    template_name = "accounts/account.html"

    def context(self) -> dict[str, Any]:
        by, row = cast("User", self.request.user), self.row
        may_write = administration.manageable(by).filter(pk=row.pk).exists()
        return super().context() | {
            "may_write": may_write,
            "may_hand_over": row.may_sign_in and administration.may_hand_over(by, row),
            "is_self": row.pk == by.pk,
            "open_sessions": agents.listed(row),
            "tokens": row.api_tokens.order_by("-created_at"),
            "now": timezone.now(),
            "has_second": second_factor.is_enrolled(row),
            "open_link": row.one_time_links.open().first(),
            "roles_by_code": ROLES,
        }


# ---------------------------------------------------------------- roles


class Roles(RoleAssignmentList):
    new_label = gettext_lazy("授予角色")


class RoleAssignmentPage(RoleAssignmentDetail):
    template_name = "accounts/role_assignment.html"

    def acts(self, _place: Any) -> dict[str, str]:
        """A role is granted and ended; what was granted is not rewritten."""
        by = cast("User", self.request.user)
        is_over = not administration.unended().filter(pk=self.row.pk).exists()
        if is_over or self.row.user_id == by.pk or not administration.may_grant_at(by, self.row):
            return {}
        return {"end": reverse("role-assignment-end", args=[self.row.public_id])}


class Grant(Watched, CreatePage):
    """A role granted."""

    entry = RoleAssignmentForm
    action = RoleAssignmentForm.action
    template_name = "accounts/grant.html"

    def write(self, form: Any) -> Any:
        return administration.grant_role(form.instance, by=cast("User", self.request.user))

    def written(self, row: Any) -> HttpResponse:
        messages.success(self.request, _("已授予「%(row)s」。") % {"row": row})
        return HttpResponseRedirect(detail_url(row) or self.list_url)

    def show(self, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        offered = [role for _code, role in administration.grantable(cast("User", self.request.user))]
        return super().show(form, status=status, offered_roles=offered, **more)


class EndRole(Watched):
    """A role ended, with the reason."""

    entry = RoleAssignmentForm
    action = RoleAssignmentForm.action
    template_name = "accounts/end_role.html"

    def get(self, _request: HttpRequest, public_id: Any) -> HttpResponse:
        return self.asked(self.row(public_id))

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        row = self.row(public_id)
        label, row.version = str(row), version_of(request)
        try:
            administration.end_role(
                row, by=cast("User", request.user), reason=request.POST.get("reason", "")[:200]
            )
        except ValidationError as error:
            self.keep_beyond(row, error)
            return self.asked(self.row(public_id), wrong=error.messages, status=422)
        except StaleVersion as error:
            said = [_("打开本页之后，这条授权已被他人修改，请核对后再办。")]
            return self.asked(cast("Any", error.stored), wrong=said, status=409)
        messages.success(request, _("已结束「%(row)s」。") % {"row": label})
        return HttpResponseRedirect(self.list_url)

    def keep_beyond(self, row: Any, error: ValidationError) -> None:
        if getattr(error, "code", None) == administration.BEYOND:
            self.keep(row, " ".join(error.messages))

    def asked(self, row: Any, *, wrong: Any = (), status: int = 200) -> HttpResponse:
        return self.show(
            None,
            row=row,
            version=row.version,
            wrong=list(wrong),
            reason=self.request.POST.get("reason", ""),
            cancel_url=detail_url(row) or self.list_url,
            status=status,
        )


# ---------------------------------------------------------------- tokens


class TokenTable(RegisterTable):
    name = Column(verbose_name=gettext_lazy("用途"), order=Order("name"))
    user = LinkColumn(verbose_name=gettext_lazy("账号"))
    role = Column(verbose_name=gettext_lazy("角色"))
    state = Column(verbose_name=gettext_lazy("状态"), accessor="pk")
    prefix = Column(verbose_name=gettext_lazy("前缀"))
    created_at = MomentColumn(verbose_name=gettext_lazy("签发时间"), order=Order("pk", parse=int))
    expires_at = MomentColumn(verbose_name=gettext_lazy("到期时间"))
    last_used_at = MomentColumn(verbose_name=gettext_lazy("最近使用"))

    def show_state(self, cell: Cell) -> Any:
        return token_state(cell.record)


def token_state(token: ApiToken) -> Any:
    """Whether a token still works, in a word."""
    if token.revoked_at is not None:
        return _("已吊销")
    if not token.user.may_sign_in:
        return _("账号停用")
    return _("有效") if token.expires_at > timezone.now() else _("已到期")


class TokenFilterSet(RegisterFilterSet):
    action = Action.MANAGE_ACCOUNTS

    q = WordsFilter(label=gettext_lazy("用途、用户名或姓名"), method="matching")
    state = OneOf(
        label=gettext_lazy("状态"),
        method="in_state",
        choices=[("usable", gettext_lazy("有效")), ("void", gettext_lazy("已吊销或已到期"))],
    )

    def matching(self, queryset: Any, _name: str, value: str) -> QuerySet[Any]:
        words = Q(name__icontains=value) | Q(user__username__icontains=value) | Q(user__name__icontains=value)
        found: QuerySet[Any] = queryset.filter(words)
        return found

    def in_state(self, queryset: Any, _name: str, value: Any) -> QuerySet[Any]:
        wanted = set(value if isinstance(value, list | tuple) else [value])
        usable = Q(revoked_at__isnull=True, expires_at__gt=timezone.now())
        if wanted == {"usable"}:
            found: QuerySet[Any] = queryset.filter(usable)
            return found
        return cast("QuerySet[Any]", queryset.exclude(usable) if wanted == {"void"} else queryset)


class TokenList(ListPage):
    """The tokens of the accounts in one's places; issued and revoked on the account's page."""

    model = ApiToken
    action = Action.MANAGE_ACCOUNTS
    table_class = TokenTable
    filterset_class = TokenFilterSet
    default_order = "-created_at"
    related = ("user",)
    title: ClassVar[Any] = gettext_lazy("接口令牌")
    purpose = gettext_lazy("这里列出其他系统访问接口用的令牌。在用户页签发和吊销。")
