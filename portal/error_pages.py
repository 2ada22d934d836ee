"""Error pages in plain Chinese, with the request's number and a way on; below /api/ the API's own shape."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from portal.errors import problem

TEXTS = {
    400: (_("请求有误"), _("地址或提交的内容无法识别。请返回上一页重试，不要手工修改地址。")),
    403: (_("没有权限"), _("您的角色不能进行此项操作。如确有需要，请联系安全管理员授予相应角色。")),
    404: (_("没有找到"), _("您要找的内容不存在，或不在您的管辖范围内。")),
    405: (_("不能这样打开"), _("这个地址只接收页面上的按钮提交的内容。请返回原来的页面，再按一次按钮。")),
    500: (
        _("系统出错"),
        _("系统处理时出错，刚才的操作可能没有完成。请稍候再试；如多次出现，请把编号告诉管理员。"),
    ),
}
CODES = {
    400: "bad_request",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    500: "error",
}


def request_number() -> str:
    """The number under which the log keeps this request."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def answer(request: HttpRequest, status: int, detail: str = "", title: str = "") -> HttpResponse:
    """The page, inside the frame for somebody signed in; alone when the frame itself may be what broke."""
    usual, text = TEXTS[status]
    title = title or usual
    if request.path.startswith("/api/"):
        return problem(status, "server_error" if status >= 500 else "client_error", CODES[status], title)
    signed_in = status < 500 and getattr(getattr(request, "user", None), "is_authenticated", False)
    template = "error.html" if signed_in else "error_plain.html"
    context = {
        "status": status,
        "title": title,
        "text": detail or text,
        "number": request_number(),
        "hide_place": True,
        "back_url": page_above(request) if status == 405 else "",
    }
    if not signed_in:
        return HttpResponse(plain(template, context), status=status)
    return render(request, template, context, status=status)


def page_above(request: HttpRequest) -> str:
    """The page on which the button of an address stands: the nearest one above that can be opened."""
    path = request.path
    while path.count("/") > 2:
        path = path.rstrip("/").rpartition("/")[0] + "/"
        with suppress(Resolver404):
            view = resolve(path).func
            if hasattr(getattr(view, "view_class", None), "get"):
                return path
    return ""


def plain(template: str, context: dict[str, object]) -> str:
    """Rendered without context processors: no session, no database."""
    from django.template.loader import render_to_string  # noqa: PLC0415 - only when something broke

    return render_to_string(template, context)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What our own pages refuse says why; Django's reasons are for the log."""
    own = type(exception).__name__ == "BadRequest"
    return answer(request, 400, str(exception) if own else "")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return answer(request, 404)


class NotAllowedMiddleware:
    """An address of a button that is opened like a page, by reload or by hand: said on a page, with a way on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.path.startswith("/api/"):
            return response
        page = answer(request, 405)
        page["Allow"] = response["Allow"]
        return page


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Somebody else's page sent the form, or it lay open too long: until the cookies were gone, even."""
    signed_in = getattr(getattr(request, "user", None), "is_authenticated", False)
    if not signed_in and keeps_draft(request):
        said = _("请重新登录。填写的内容如已自动存为草稿，登录后重新打开刚才的页面，即可继续填写。")
        return answer(request, 403, said, title=_("登录已过期"))
    return answer(request, 403, _("页面停留过久或来源无法确认，请返回刷新页面后重试。"))


def keeps_draft(request: HttpRequest) -> bool:
    """Whether the form that was sent keeps what is typed into it."""
    view = getattr(request.resolver_match, "func", None)
    entry = getattr(getattr(view, "view_class", None), "entry", None)
    return getattr(entry, "keeps_drafts", False)
