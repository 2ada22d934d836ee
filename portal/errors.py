"""Errors of the API: one shape, English codes, Chinese messages."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException, ErrorDetail, ParseError

logger = logging.getLogger(__name__)

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What is said where only the framework has words, and those are English: by the status of the answer.
SAID = {
    400: gettext_lazy("提交的内容无法识别，请检查格式和编码。"),
    401: gettext_lazy("请先登录，或提供有效的令牌。"),
    403: gettext_lazy("没有权限。"),
    404: gettext_lazy("未找到。"),
    405: gettext_lazy("此地址不支持这种请求方法。"),
    406: gettext_lazy("不能按所要求的格式回答。"),
    413: gettext_lazy("提交的内容过大。"),
    415: gettext_lazy("不支持提交的内容的类型。"),
    429: gettext_lazy("请求过于频繁，请稍候再试。"),
}
OTHERWISE = gettext_lazy("请求有误。")
BROKEN = gettext_lazy("系统内部错误，请稍候再试或联系管理员。")
CSRF = gettext_lazy("来源无法确认：请求须带有效的 CSRF 令牌(请求头 X-CSRFToken)。")


class ApiExceptionHandler(ExceptionHandler):
    """What a view raised, as an answer. A lost database is left to ``portal.outage``, which says 503."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Requests that Django itself refuses (too many parameters) are the client's fault too."""
        if isinstance(exc, SuspiciousOperation):
            return ParseError(_("请求的参数过多或无法识别。"))
        known: Exception = super().convert_known_exceptions(exc)
        if isinstance(known, APIException):
            known.detail = in_chinese(known.detail, known.status_code)
        return known

    def should_not_handle(self, exc: Exception) -> bool:
        """Let the outage through."""
        return isinstance(exc, OperationalError | InterfaceError) or bool(super().should_not_handle(exc))

    def convert_unhandled_exceptions(self, exc: Exception) -> APIException:
        """Never what went wrong inside; that stands in the log, under the request's id."""
        if isinstance(exc, APIException):
            return exc
        return APIException(BROKEN)


def in_chinese(detail: Any, status: int) -> Any:
    """What an error says, where it is Chinese; the framework's English, wherever it stands, in our words."""
    if isinstance(detail, dict):
        return {name: in_chinese(each, status) for name, each in detail.items()}
    if isinstance(detail, list):
        return [in_chinese(each, status) for each in detail]
    if CHINESE.search(str(detail)):
        return detail
    if str(detail).startswith("CSRF Failed"):
        said = CSRF
    else:
        said = SAID.get(status, BROKEN if status >= 500 else OTHERWISE)
    return ErrorDetail(str(said), getattr(detail, "code", None))


@csrf_exempt
def not_found(_request: HttpRequest, _exception: Exception | None = None, **_matched: str) -> HttpResponse:
    """404 below /api/ for addresses that do not exist, whatever the verb: there is nothing to protect."""
    return problem(404, "client_error", "not_found", _("未找到。"))


def problem(status: int, kind: str, code: str, detail: str) -> JsonResponse:
    """An error outside any view, in the same shape."""
    return JsonResponse(
        {"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]},
        status=status,
        json_dumps_params={"ensure_ascii": False},
        headers={"Cache-Control": "no-store"},
    )
