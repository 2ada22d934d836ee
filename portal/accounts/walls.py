"""What stands between a signed-in user and the portal: a password to change, a second factor to set up.

No page and no call over the API with a session goes round it; signing out always works. Tokens of other systems
have no session and are not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from communities.models import User
from portal.accounts import second_factor
from portal.accounts.sessions import SECOND
from portal.errors import problem

PASSWORD, SECOND_FACTOR = "password", "second-factor"
# The page on which each is done, under the name of its address, and what the API says meanwhile.
SAYS = {
    PASSWORD: ("password_change_required", _("请先在网页上修改密码。")),
    SECOND_FACTOR: ("second_factor_required", _("请先在网页上启用动态口令。")),
}
ALWAYS_OPEN = frozenset(
    {"login", "second-step", "one-time-link", "one-time-password", "logout", "healthz", "readyz", "metrics"}
)


def due(request: HttpRequest) -> str | None:
    """What the user of a session has to do first."""
    user = request.user
    if SESSION_KEY not in request.session or not isinstance(user, User):
        return None
    if user.must_change_password:
        return PASSWORD
    if not request.session.get(SECOND) and second_factor.is_required(user):
        return SECOND_FACTOR
    return None


class WallMiddleware:
    """Leads to the page where it is done whoever has something to do first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """None lets the request through."""
        asked = request.resolver_match.url_name if request.resolver_match else None
        if asked in ALWAYS_OPEN:
            return None
        wall = due(request)
        if wall is None or asked == wall:
            return None
        if (
            wall == SECOND_FACTOR
            and isinstance(request.user, User)
            and second_factor.is_enrolled(request.user)
        ):
            # Begun before the factor was there: the way to show it is to sign in again.
            logout(request)
            return HttpResponseRedirect(reverse("login"))
        if request.path.startswith("/api/"):
            code, text = SAYS[wall]
            return problem(403, "client_error", code, str(text))
        return led_to(request, reverse(wall))


def led_to(request: HttpRequest, address: str) -> HttpResponse:
    """To the page, and back afterwards; a part of a page asked for by script takes the whole page along."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": address})
    if request.method == "GET" and request.path != "/":
        address = f"{address}?{urlencode({'next': request.get_full_path()})}"
    return HttpResponseRedirect(address)
