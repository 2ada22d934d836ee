"""What an administrator makes for one account, and ends: one-time links, sessions, tokens."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from communities.base.roles import Action
from communities.base.tables import detail_url
from communities.base.views import ScopedPage
from communities.models import User
from portal.accounts import actions, administration, agents, links, second_factor, sessions
from portal.accounts.register_forms import LinkOptionsForm, TokenForm


def shown_link(request: HttpRequest, user: User, *, frees_second_factor: bool = False) -> HttpResponse:
    """A new link, on the one page that ever shows it."""
    link, code = links.make(user, by=cast("User", request.user), frees_second_factor=frees_second_factor)
    address = f"{request.build_absolute_uri(reverse('one-time-link'))}#{code}"
    context = {
        "link": link,
        "address": address,
        "row": user,
        "back": detail_url(user),
        "list_url": reverse("user-list"),
    }
    return render(request, "accounts/link_shown.html", context)


class AccountAct(ScopedPage):
    """Something about one account in one's places; ``opens_it``: it lets somebody into the account."""

    action = Action.MANAGE_ACCOUNTS
    opens_it: ClassVar[bool] = False

    def account(self, public_id: Any) -> User:
        """Raises Http404 for a foreign account, PermissionDenied for one that is only to be read."""
        by = cast("User", self.request.user)
        user = get_object_or_404(User.objects.visible_to(by).live(), public_id=public_id)
        allowed = (
            administration.may_hand_over(by, user)
            if self.opens_it
            else administration.manageable(by).filter(pk=user.pk).exists()
        )
        if not allowed:
            why = _("该账号不能由您办理：是您自己、安全管理员或审计员的账号，或在您的管辖范围之外还有角色。")
            if self.request.method == "POST":
                administration.refused(by, User, user, why)
            raise PermissionDenied(why)
        return user

    def back(self, user: User) -> HttpResponse:
        return HttpResponseRedirect(detail_url(user) or reverse("user-list"))

    def page(self, template: str, user: User, *, status: int = 200, **more: Any) -> HttpResponse:
        context = {"row": user, "back": detail_url(user), "list_url": reverse("user-list"), **more}
        return render(self.request, template, context, status=status)


class MakeLink(AccountAct):
    """A one-time link: the invitation once more, or a new password."""

    opens_it = True

    def get(self, _request: HttpRequest, public_id: Any) -> HttpResponse:
        return self.asked(self.account(public_id), LinkOptionsForm())

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        user, form = self.account(public_id), LinkOptionsForm(request.POST)
        if not form.is_valid():
            return self.asked(user, form, status=422)
        try:
            return shown_link(request, user, frees_second_factor=form.cleaned_data["frees_second_factor"])
        except ValidationError as error:
            form.add_error(None, error)
            return self.asked(user, form, status=422)

    def asked(self, user: User, form: LinkOptionsForm, *, status: int = 200) -> HttpResponse:
        return self.page(
            "accounts/make_link.html",
            user,
            form=form,
            kind=links.kind_for(user),
            hours=settings.ONE_TIME_LINK_HOURS,
            has_second=second_factor.is_enrolled(user),
            status=status,
        )


class EndSessions(AccountAct):
    """End one session of an account, or all."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        user, wanted = self.account(public_id), request.POST.get("session", "")
        ended = sessions.end_all(user) if wanted == "all" else int(agents.end_by_text(user, wanted))
        for _session in range(ended):
            actions.record(request, username=user.username, outcome=actions.ENDED)
        messages.success(request, _("已结束 %(number)d 处登录。") % {"number": ended})
        return self.back(user)


class IssueToken(AccountAct):
    """A token, on the one page that ever shows its key."""

    opens_it = True

    def get(self, _request: HttpRequest, public_id: Any) -> HttpResponse:
        user = self.account(public_id)
        return self.asked(user, TokenForm(owner=user))

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        user = self.account(public_id)
        form = TokenForm(request.POST, owner=user)
        if form.is_valid():
            values = form.cleaned_data
            try:
                token, key = actions.issue_token(
                    user=user,
                    role=values["role"],
                    name=values["name"],
                    lifetime=dt.timedelta(days=values["days"]),
                    by=cast("User", request.user),
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return self.page("accounts/token_shown.html", user, token=token, key=key)
        return self.asked(user, form, status=422)

    def asked(self, user: User, form: TokenForm, *, status: int = 200) -> HttpResponse:
        return self.page("accounts/issue_token.html", user, form=form, status=status)


class RevokeToken(AccountAct):
    """A token that works no more."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        user = self.account(public_id)
        token = get_object_or_404(user.api_tokens, prefix=request.POST.get("token", "")[:16])
        if actions.revoke_token(token, by=cast("User", request.user), reason=_("平台管理员吊销")):
            messages.success(request, _("已吊销令牌「%(token)s」。") % {"token": token.name})
        return self.back(user)
