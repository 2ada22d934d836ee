"""One's own account: profile, password, second factor, sessions, tokens."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.base.querysets import today, valid_on
from communities.base.roles import ROLES
from communities.models import SignInRecord, User
from portal.accounts import actions, agents, passwords, second_factor, sessions, walls
from portal.accounts.forms import ChangePasswordForm, CodeForm, FirstCodeForm
from portal.accounts.views import WRONG_CODE, local_target
from portal.encryption import Unreadable, seal, unseal

RECENT_SIGN_INS = 10
# An authenticator's secret between the page that shows it and the code that confirms it, encrypted.
NEW_SECRET = "new_second_factor"  # noqa: S105 - a name


def me(request: HttpRequest) -> User:
    return cast("User", request.user)


@never_cache
@login_required
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may do, where I am signed in, and when I signed in last."""
    user = me(request)
    held = (
        user.role_assignments.live()
        .filter(valid_on(today()))
        .select_related("division")
        .order_by("role", "pk")
    )
    return render(
        request,
        "accounts/profile.html",
        {
            "roles": [(ROLES[row.role], row) for row in held if row.role in ROLES],
            "open_sessions": agents.listed(user, request.session.session_key),
            "sessions_allowed": settings.SESSIONS_PER_ACCOUNT,
            "tokens": user.api_tokens.usable(),
            "now": timezone.now(),
            "has_second": second_factor.is_enrolled(user),
            "sign_ins": SignInRecord.objects.filter(user=user)[:RECENT_SIGN_INS],
        },
    )


@never_cache
@login_required
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one of one's other sessions, or all of them."""
    user, wanted = me(request), request.POST.get("session", "")
    if wanted == "others":
        ended = sessions.end_all(user, but=request.session.session_key)
    else:
        ended = int(agents.end_by_text(user, wanted))
    for _session in range(ended):
        actions.record(request, username=user.username, outcome=actions.ENDED)
    if ended:
        messages.success(request, _("已结束 %(number)d 处登录。") % {"number": ended})
    else:
        messages.info(request, _("没有可结束的登录。"))
    return redirect("profile")


@never_cache
@login_required
@require_POST
def revoke_token(request: HttpRequest) -> HttpResponse:
    """Revoke one of one's own tokens."""
    token = me(request).api_tokens.filter(prefix=request.POST.get("token", "")[:16]).first()
    if token is not None and actions.revoke_token(token, by=me(request), reason=_("本人吊销")):
        messages.success(request, _("已吊销令牌「%(token)s」。") % {"token": token.name})
    return redirect("profile")


@sensitive_post_parameters("password", "new_password", "repeated")
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """One's own new password; for whoever must, the only page there is."""
    user = me(request)
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid() and password_changed(request, user, form):
        messages.success(request, _("密码已修改，其他各处的登录已结束。"))
        return HttpResponseRedirect(local_target(request))
    context: dict[str, Any] = {
        "form": form,
        "rules": list(passwords.profile().rules()),
        "is_forced": walls.due(request) == walls.PASSWORD,
        "is_old": passwords.is_due(user),
        "next": local_target(request),
        "owner": user,
    }
    return render(request, "accounts/password.html", context)


def password_changed(request: HttpRequest, user: User, form: ChangePasswordForm) -> bool:
    """Try it; what is wrong stands in the form afterwards."""
    values = form.cleaned_data
    if actions.prove(request, username=user.username, password=values["password"]) is None:
        form.add_error("password", _("现在的密码不正确。"))
        return False
    try:
        actions.change_password(request, user, values["new_password"])
    except ValidationError as error:
        form.add_error("new_password", error)
        return False
    return True


@sensitive_post_parameters("code")
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """One's own second factor: set up, or what there is of it."""
    user = me(request)
    if second_factor.is_enrolled(user):
        return managed(request, user)
    secret = new_secret(request, user)
    form = FirstCodeForm(request.POST if "code" in request.POST else None)
    if form.is_valid():
        try:
            codes = actions.add_second_factor(request, user, secret, form.cleaned_data["code"])
        except ValidationError as error:
            form.add_error("code", error)
        else:
            request.session.pop(NEW_SECRET, None)
            return render(request, "accounts/recovery_codes.html", codes_page(request, codes))
    context = {
        "form": form,
        "picture": second_factor.picture(user, secret),
        "secret": second_factor.secret_text(secret),
        "is_forced": walls.due(request) == walls.SECOND_FACTOR,
        "next": local_target(request),
    }
    return render(request, "accounts/second_factor.html", context)


def codes_page(request: HttpRequest, codes: list[str]) -> dict[str, Any]:
    return {"codes": codes, "next": local_target(request)}


def new_secret(request: HttpRequest, user: User) -> bytes:
    """The secret that this session is setting up; the same until it is confirmed, so that a reload does no harm."""
    kept = request.session.get(NEW_SECRET)
    if kept is not None:
        try:
            return b64decode(unseal(kept, second_factor.about(user)))
        except Unreadable:
            pass
    secret = second_factor.new_secret()
    request.session[NEW_SECRET] = seal(b64encode(secret), second_factor.about(user))
    return secret


def managed(request: HttpRequest, user: User) -> HttpResponse:
    """New recovery codes, or the end of the second factor: both ask for a code first."""
    form = CodeForm(request.POST if "code" in request.POST else None)
    if form.is_valid():
        if actions.prove(request, username=user.username, code=form.cleaned_data["code"]) is None:
            form.add_error("code", WRONG_CODE)
        elif request.POST.get("act") == "codes":
            codes = second_factor.renew_recovery_codes(user)
            return render(request, "accounts/recovery_codes.html", codes_page(request, codes))
        else:
            actions.remove_second_factor(request, user)
            messages.success(request, _("已停用动态口令。"))
            return redirect("second-factor" if second_factor.is_required(user) else "profile")
    context = {
        "form": form,
        "since": user.second_factor.since,
        "codes_left": user.recovery_codes.filter(used_at__isnull=True).count(),
        "is_required": second_factor.is_required(user),
    }
    return render(request, "accounts/second_factor_kept.html", context)
