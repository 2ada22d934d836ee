"""Errors of the API: one shape, English codes, Chinese messages."""

from __future__ import annotations

import logging

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException, ParseError

logger = logging.getLogger(__name__)


class ApiExceptionHandler(ExceptionHandler):
    """What a view raised, as an answer. A lost database is left to ``portal.outage``, which says 503."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Requests that Django itself refuses (too many parameters) are the client's fault too."""
        if isinstance(exc, SuspiciousOperation):
            return ParseError(_("请求的参数过多或无法识别。"))
        known: Exception = super().convert_known_exceptions(exc)
        return known

    def should_not_handle(self, exc: Exception) -> bool:
        """Let the outage through."""
        return isinstance(exc, OperationalError | InterfaceError) or bool(super().should_not_handle(exc))

    def convert_unhandled_exceptions(self, exc: Exception) -> APIException:
        """Never what went wrong inside; that stands in the log, under the request's id."""
        if isinstance(exc, APIException):
            return exc
        return APIException(_("系统内部错误,请稍候再试或联系管理员。"))


def not_found(_request: HttpRequest, _exception: Exception | None = None, **_matched: str) -> HttpResponse:
    """404 below /api/ for addresses that do not exist."""
    return problem(404, "client_error", "not_found", _("未找到。"))


def problem(status: int, kind: str, code: str, detail: str) -> JsonResponse:
    """An error outside any view, in the same shape."""
    return JsonResponse(
        {"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]},
        status=status,
        json_dumps_params={"ensure_ascii": False},
        headers={"Cache-Control": "no-store"},
    )
