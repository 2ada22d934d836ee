"""The doors: sign-in with its second step, one-time links, sign-out."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import actions, links, second_factor
from portal.accounts.forms import CodeForm, LinkForm, NewPasswordForm, SignInForm
from portal.accounts.models import OneTimeLink
from portal.accounts.passwords import profile

WRONG = _("用户名或密码不正确。")
WRONG_CODE = _("动态口令或恢复码不正确，或已经用过。")
# The link whose code was shown in this browser, and when.
LINK = "link"
LINK_SECONDS = 1800


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
        user = actions.sign_in(request, username=values["username"], password=values["password"])
        if user is not None and actions.HALF_WAY in request.session:
            return HttpResponseRedirect(with_next("second-step", request))
        if user is not None:
            return HttpResponseRedirect(local_target(request))
        form.add_error(None, WRONG)
    return render(request, "accounts/sign_in.html", page(request, form))


def page(request: HttpRequest, form: Any) -> dict[str, object]:
    """Context of the two pages of signing in."""
    target = local_target(request)
    return {"form": form, "next": "" if target == settings.LOGIN_REDIRECT_URL else target}


def with_next(route: str, request: HttpRequest) -> str:
    """Another page of ours, which leads on to where the first one would have."""
    target = local_target(request)
    known = "" if target == settings.LOGIN_REDIRECT_URL else f"?{urlencode({'next': target})}"
    return reverse(route) + known


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


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """The code after the password; a wrong one counts like a wrong password."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(local_target(request))
    user = actions.half_way(request)
    if user is None:
        request.session.pop(actions.HALF_WAY, None)
        return HttpResponseRedirect(with_next("login", request))
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if actions.second_step(request, user, form.cleaned_data["code"]):
            return HttpResponseRedirect(local_target(request))
        form.add_error(None, WRONG_CODE)
    return render(request, "accounts/second_step.html", page(request, form))


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_link(request: HttpRequest) -> HttpResponse:
    """Where a one-time link leads. Its code comes by POST; what is wrong with one is not told."""
    form = LinkForm(request.POST or None)
    if form.is_valid():
        try:
            link = links.find(form.cleaned_data["code"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            actions.sign_out(request)
            request.session[LINK] = {"pk": link.pk, "at": time.time()}
            return redirect("one-time-password")
    return render(request, "accounts/one_time_link.html", {"form": form})


@sensitive_post_parameters("new_password", "repeated")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_password(request: HttpRequest) -> HttpResponse:
    """The password that a one-time link lets one set; then one signs in like everybody."""
    link = link_shown(request)
    if link is None:
        return redirect("one-time-link")
    form = NewPasswordForm(request.POST or None)
    if form.is_valid():
        try:
            links.use(request, link.pk, form.cleaned_data["new_password"])
        except ValidationError as error:
            form.add_error(None if isinstance(error, links.LinkIsVoid) else "new_password", error)
        else:
            request.session.flush()
            messages.success(request, _now("密码已设置，请用新密码登录。"))
            return redirect("login")
    context = {"form": form, "owner": link.user, "rules": list(profile().rules())}
    context["keeps_second"] = second_factor.is_enrolled(link.user) and not link.frees_second_factor
    return render(request, "accounts/one_time_password.html", context)


def link_shown(request: HttpRequest) -> OneTimeLink | None:
    """The open link whose code was shown in this browser a while ago."""
    noted = request.session.get(LINK)
    if noted is None or not 0 <= time.time() - noted["at"] <= LINK_SECONDS:
        return None
    link = OneTimeLink.objects.open().select_related("user").filter(pk=noted["pk"]).first()
    return link if link is not None and link.user.may_sign_in else None
