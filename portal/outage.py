"""When the database is away: 503, a plain page, and when to come back.

The page needs no template, no asset and no session, for those may be what is missing.
"""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10

PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>系统暂时不可用</title></head>
<body><h1>系统暂时不可用</h1>
<p>数据库正在恢复，请稍候再试。刚才提交的内容如未看到成功提示，则没有保存，请稍后重新提交。</p>
</body></html>
"""


class DatabaseOutageMiddleware:
    """Turns a lost database into 503, for pages and, as JSON, for the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Inner middleware turns exceptions into responses, so this only sees its own layer's.
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError) as error:
            return self.unavailable(request, error)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django calls this for what a view raised."""
        if isinstance(error, OperationalError | InterfaceError):
            return self.unavailable(request, error)
        return None

    def unavailable(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """The answer itself."""
        logger.error("database is away: %s", error)
        if request.path.startswith("/api/"):
            detail = {"code": "service_unavailable", "detail": "系统暂时不可用，请稍候再试。", "attr": None}
            response: HttpResponse = JsonResponse({"type": "server_error", "errors": [detail]}, status=503)
        else:
            response = HttpResponse(PAGE, status=503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        response["Cache-Control"] = "no-store"
        return response
