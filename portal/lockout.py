"""What somebody sees whose user name is locked after too many failed attempts."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

MESSAGE = "登录失败次数过多，该账号已锁定。请于 {minutes} 分钟后再试，或联系管理员。"

PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>账号已锁定</title></head>
<body><h1>账号已锁定</h1><p>{message}</p><p><a href="{login}">返回登录</a></p></body></html>
"""


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, _credentials: Any = None
) -> HttpResponse:
    """429 with the time to wait; the same whether or not such a user exists."""
    wait = settings.AXES_COOLOFF_TIME
    message = MESSAGE.format(minutes=int(wait.total_seconds() // 60))
    if request.path.startswith("/api/"):
        detail = {"code": "locked", "detail": message, "attr": None}
        response: HttpResponse = JsonResponse({"type": "client_error", "errors": [detail]}, status=429)
    else:
        response = HttpResponse(PAGE.format(message=message, login=settings.LOGIN_URL), status=429)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
