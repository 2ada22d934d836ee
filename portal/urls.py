"""All addresses of the portal."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from portal import errors, health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", require_safe(ExportToDjangoView), name="metrics"),
    path("accounts/", include("portal.accounts.urls")),
    path("api/v1/", include("portal.api")),
    re_path(r"^api(/v1)?$", errors.not_found),
    path("", include("portal.dashboards.urls")),
    path("", include("portal.scorecards.urls")),
    path("", include("portal.scorecards.editing.urls")),
    path("", include("portal.accounts.register_urls")),
    path("", include("communities.urls")),
]

handler400 = "portal.error_pages.bad_request"
handler403 = "portal.error_pages.permission_denied"
handler404 = "portal.error_pages.not_found"
handler500 = "portal.error_pages.server_error"
