"""Where one lands, and how one likes to read."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from portal.frame import SIGHT_COOKIE, SIGHTS, frame_of
from portal.menu import first_page

YEAR = 365 * 24 * 3600


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The first page of one's role; somebody without any role is told whom to ask."""
    route = first_page(request.user)
    if route is None:
        return render(request, "dashboards/no_role.html")
    return redirect(route)


@require_POST
@login_required
def sight(request: HttpRequest) -> HttpResponse:
    """Switch a reading aid on or off, in a cookie of this browser, and go back to the page."""
    chosen = set(frame_of(request).sight)
    switched = request.POST.get("switch", "")
    if switched in SIGHTS:
        chosen ^= {switched}
    target = request.POST.get("next", "")
    if not target.startswith("/") or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(
        SIGHT_COOKIE,
        ".".join(sorted(chosen)),
        max_age=YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
