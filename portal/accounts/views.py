"""Sign-in, sign-out and one's own profile."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.base.querysets import today, valid_on
from communities.base.roles import ROLES
from communities.models import SignInRecord, User
from portal.accounts import actions
from portal.accounts.forms import SignInForm

WRONG = _("用户名或密码不正确。")
RECENT_SIGN_INS = 10


def local_target(request: HttpRequest) -> str:
    """Where to go after signing in: the path in ``next`` if it is one of ours, else the first page."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return str(settings.LOGIN_REDIRECT_URL)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page. Wrong name and wrong password read the same."""
    if request.headers.get("HX-Request") == "true":
        return whole_page(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(local_target(request))
        return render(request, "accounts/sign_in.html", page(request, SignInForm()))
    form = SignInForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        if actions.sign_in(request, username=values["username"], password=values["password"]):
            return HttpResponseRedirect(local_target(request))
        form.add_error(None, WRONG)
    return render(request, "accounts/sign_in.html", page(request, form))


def page(request: HttpRequest, form: SignInForm) -> dict[str, object]:
    """Context of the sign-in page."""
    target = local_target(request)
    return {"form": form, "next": "" if target == settings.LOGIN_REDIRECT_URL else target}


def whole_page(request: HttpRequest) -> HttpResponse:
    """A part of a page asked for by script after the session ended: let the browser load the sign-in page."""
    current = urlsplit(request.headers.get("HX-Current-URL", ""))
    response = HttpResponse()
    response["HX-Redirect"] = str(settings.LOGIN_URL)
    if current.path.startswith("/") and not current.path.startswith("//"):
        target = current.path + (f"?{current.query}" if current.query else "")
        response["HX-Redirect"] = redirect_to_login(target)
    return response


def redirect_to_login(target: str) -> str:
    """The sign-in page that leads back to ``target``."""
    return f"{settings.LOGIN_URL}?{urlencode({'next': target})}"


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; by POST only, so that no link of somebody else does it."""
    actions.sign_out(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@never_cache
@login_required
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may do, and when I signed in last."""
    user = cast("User", request.user)
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
            "open_sessions": user.open_sessions.living().count(),
            "sessions_allowed": settings.SESSIONS_PER_ACCOUNT,
            "sign_ins": SignInRecord.objects.filter(user=user)[:RECENT_SIGN_INS],
        },
    )
