"""Whoever writes a row says which version was read."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from communities.base.models import Row

# A proxy that compresses an answer weakens its tag, which the reader gives back: it names a version all the same.
TAG = re.compile(r'(?:W/)?"([^"]*)"')
# White space has one place each, or a long list that is none would be tried in endless ways.
LIST = re.compile(rf"(?:{TAG.pattern}\s*)?(?:,\s*(?:{TAG.pattern}\s*)?)*")


class PreconditionRequired(APIException):
    status_code = 428
    default_code = "precondition_required"
    default_detail = gettext_lazy("请在 If-Match 中给出读取时的 ETag。")


class PreconditionFailed(APIException):
    status_code = 412
    default_code = "precondition_failed"
    default_detail = gettext_lazy("读取之后，这条记录已被他人修改；请重新读取后再写。")


def version_asked(request: Request, row: Row) -> int:
    """The version that ``If-Match`` names, alone or among others.

    Raises PreconditionRequired, PreconditionFailed.
    """
    text = request.headers.get("If-Match", "").strip()
    if not text:
        raise PreconditionRequired
    if text == "*":
        raise PreconditionRequired(_("If-Match 为 * 时，不知道读取的是哪个版本；请给出读取时的 ETag。"))
    if not LIST.fullmatch(text) or str(row.version) not in TAG.findall(text):
        raise PreconditionFailed
    return row.version
