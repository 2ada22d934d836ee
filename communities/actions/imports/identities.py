"""What a template says of itself: register, place, columns and the quarter it was made in, signed by the portal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from communities.base.querysets import today
from communities.base.workbooks.columns import Column, version_of
from communities.base.workbooks.sheets import FileRefused
from communities.models import Division, ImportBatch

_SALT = "communities.workbooks"
# A template is good for the quarter in which it was made and for the next.
QUARTERS_GOOD = 1


def quarter_now() -> int:
    """The present quarter, counted through the years."""
    day = today()
    return day.year * 4 + (day.month - 1) // 3


def identity_for(register: str, division: Division, columns: Iterable[Column]) -> str:
    """The mark of a template made now."""
    told = {
        "register": register,
        "place": str(division.public_id),
        "columns": version_of(columns),
        "quarter": quarter_now(),
    }
    return signing.dumps(told, salt=_SALT, compress=True)


def check_identity(text: str, batch: ImportBatch, columns: Iterable[Column]) -> list[str]:
    """Notes on a template's age. Raises FileRefused for one of another register, place, or of long ago.

    A file without a mark was not made from a template; its heads have to speak for it.
    """
    if not text:
        return []
    try:
        told: dict[str, Any] = signing.loads(text, salt=_SALT)
    except signing.BadSignature as error:
        raise FileRefused("identity", message=_("模板中的标识已被改动，请重新下载模板填写。")) from error
    if told["register"] != batch.register:
        raise FileRefused("other_register", message=_("这是另一种台账的模板，请在对应的台账中导入。"))
    if told["place"] != str(batch.division.public_id):
        place = Division.objects.visible_to(batch.requested_by).filter(public_id=told["place"]).first()
        name = place.name_now if place else _("其他地区")
        message = _("这是「%(place)s」的模板，与所选的地区「%(chosen)s」不符。")
        raise FileRefused("other_place", message=message % {"place": name, "chosen": batch.division})
    if quarter_now() - told["quarter"] > QUARTERS_GOOD:
        raise FileRefused("too_old", message=_("这个模板是两个季度以前下载的，请重新下载模板填写。"))
    return ["old_template"] if told["columns"] != version_of(columns) else []
