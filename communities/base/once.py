"""A call with an ``Idempotency-Key`` is done once, however often it is sent.

The answer is stored in the transaction of the write itself: either both stand or neither, so a caller who never
heard the answer may send the call again. While the first of two equal calls is being done it holds a lock of the
database; a process that dies lets go of it at once, and has written nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
# How long an answer is kept at least; a nightly round forgets what is older.
KEPT_FOR = dt.timedelta(hours=24)
# Of the headers of an answer these tell something about the row; the others are made anew.
HEADERS = ("ETag", "Location")
# What is not worth keeping: the same call may well succeed when it is sent again.
UNSETTLED = frozenset({409, 429})


class InFlight(APIException):
    status_code = 409
    default_code = "in_flight"
    default_detail = gettext_lazy("带有同一 Idempotency-Key 的请求正在处理，请稍候再试。")


class KeyReused(APIException):
    status_code = 422
    default_code = "key_reused"
    default_detail = gettext_lazy("此 Idempotency-Key 已用于另一个请求，请换一个。")


def key_of(request: Request) -> str | None:
    """The key of a call, None without one. Raises ValidationError."""
    key = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        message = _("请使用 1 至 255 个可见的 ASCII 字符。")
        raise ValidationError({HEADER: [ErrorDetail(message, "invalid")]})
    return key


def answered_once(view: Any, handler: Callable[..., Response], key: str) -> Callable[..., Response]:
    """``handler``, done at most once for this caller and key; later calls hear the first one's answer."""

    def answer(request: Request, *args: Any, **kwargs: Any) -> Response:
        user: Any = request.user
        caller = {"user": user, "role": user.token_role or "", "key": key}
        digest = digest_of(request)
        with transaction.atomic():
            if not _hold(f"once {user.pk} {caller['role']} {key}"):
                raise InFlight
            answers = apps.get_model("communities", "StoredAnswer").objects
            known = answers.filter(**caller).first()
            if known is not None:
                if known.digest != digest:
                    raise KeyReused
                return replayed(known)
            response = _tried(view, handler, request, *args, **kwargs)
            code = response.status_code
            if code < 500 and code not in UNSETTLED:
                answers.create(
                    **caller,
                    address=f"{request.method} {request.path}"[:200],
                    digest=digest,
                    status=code,
                    headers={name: response[name] for name in HEADERS if name in response},
                    body=JSONRenderer().render(response.data).decode(),
                )
            return response

    return answer


def _tried(view: Any, handler: Callable[..., Response], *args: Any, **kwargs: Any) -> Response:
    """The handler's answer; of one that failed, the error's, and nothing that it wrote."""
    try:
        with transaction.atomic():
            return handler(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - the view's own handler decides, and raises what it does not answer
        refusal: Response = view.handle_exception(error)
        return refusal


def digest_of(request: Request) -> str:
    """What tells one call from another: method, address and what the body says, not how it is spaced."""
    said = [request.method, request.get_full_path(), request.data]
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=_file_told)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _file_told(file: Any) -> list[str]:
    """An uploaded file by its name and content."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return [file.name, digest.hexdigest()]


def replayed(known: Any) -> Response:
    """The stored answer, marked as such."""
    data = json.loads(known.body) if known.body else None
    return Response(data, status=known.status, headers={**known.headers, REPLAYED: "true"})


def forget() -> int:
    """Delete what is older than it need be kept; how many."""
    old = apps.get_model("communities", "StoredAnswer").objects.filter(
        created_at__lt=timezone.now() - KEPT_FOR
    )
    number, _each = old.delete()
    return int(number)


def _hold(name: str) -> bool:
    """Whether nobody else is at it; if so, nobody is until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])
