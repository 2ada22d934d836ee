"""Nothing of the portal but its static files is kept by a browser or on the way."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

UNSTORED = "private, no-store"


class UnstoredMiddleware:
    """Tells whoever passes an answer on to keep no copy, unless the answer itself says how long it holds.

    What a page shows depends on who asks and when; on a shared machine it must not come back after signing out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", UNSTORED)
        return response
