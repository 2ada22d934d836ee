"""When the database is away: 503, a plain page, and when to come back.

The page needs no template, no asset and no session, for those may be what is missing.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10

PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>系统暂时不可用</title></head>
<body><h1>系统暂时不可用</h1>
<p>数据库暂时没有应答，请稍候再试。刚才提交的内容如未看到成功提示，则没有保存，请稍后重新提交。</p>
</body></html>
"""


class DatabaseOutageMiddleware:
    """Turns a lost database into 503, for pages and, as JSON, for the API.

    Each inner layer turns an exception into a response of its own, so what went wrong is learnt
    from the signal that goes with it: the session may break as well as the view.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        got_request_exception.connect(_note, dispatch_uid="portal.outage")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        return unavailable(request) if "portal.outage" in request.META else response


def _note(request: Any = None, **_: Any) -> None:
    error = sys.exception()
    if request is not None and isinstance(error, OperationalError | InterfaceError):
        logger.error("database is away: %s", error)
        request.META["portal.outage"] = True  # META is the same for Django's request and DRF's


def unavailable(request: HttpRequest) -> HttpResponse:
    """The answer, in the shape that the asker reads."""
    if request.path.startswith("/api/"):
        detail = {"code": "service_unavailable", "detail": "系统暂时不可用，请稍候再试。", "attr": None}
        response: HttpResponse = JsonResponse({"type": "server_error", "errors": [detail]}, status=503)
    else:
        response = HttpResponse(PAGE, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
