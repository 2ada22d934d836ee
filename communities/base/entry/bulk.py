"""Many rows in one call: read, checked and written as one act, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from communities.base import actions
from communities.base.api import refuse
from communities.base.entry.bodies import Told, below, body_of, entered, id_text, names_of, refused
from communities.base.entry.conditions import PreconditionFailed
from communities.base.entry.forms import EntryForm
from communities.base.models import Row

MOST_ROWS = 100
STALE = "precondition_failed"


def rows_of(body: dict[str, Any]) -> list[Any]:
    """The rows of a call. Raises ValidationError."""
    rows = body.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise refuse("rows", _("请提交 1 至 %(most)d 条记录。") % {"most": MOST_ROWS}, "invalid")
    return rows


def written(entry: type[EntryForm], sent: list[Any], *, user: Any, reason: str) -> list[Row]:
    """All rows created and changed. Raises ValidationError, PreconditionFailed; then nothing was written."""
    known = known_rows(entry, sent, user)
    errors: Told = {}
    forms: list[EntryForm] = []
    for position, data in enumerate(sent):
        try:
            forms.append(row_entered(entry, data, known, user=user))
        except (ValidationError, PreconditionFailed) as error:
            errors |= below(f"rows.{position}", error)
    refuse_all(errors)
    try:
        rows: Sequence[Row] = [form.instance for form in forms]
        return actions.save_all(rows, by=user, reason=reason, needs=entry.action)
    except actions.RowsRefused as error:
        for position, found in error.errors.items():
            errors |= below(f"rows.{position}", answer_to(entry, found))
        refuse_all(errors)
        raise


def known_rows(entry: type[EntryForm], sent: list[Any], user: Any) -> dict[str, Any]:
    """The rows among those named that the user may write, by id. A row is taken out when it is used."""
    asked = {id_text(data.get("id")) for data in sent if isinstance(data, dict)} - {""}
    model: Any = entry._meta.model
    rows = model.objects.visible_to(user, entry.action).live().filter(public_id__in=asked)
    return {str(row.public_id): row for row in rows}


def row_entered(entry: type[EntryForm], data: Any, known: dict[str, Any], *, user: Any) -> EntryForm:
    """The form of one row of the call. Raises ValidationError, PreconditionFailed."""
    body = body_of(data, names_of(entry) | {"id", "version"})
    public_id, version = body.pop("id", None), body.pop("version", None)
    if public_id is None:
        if version is not None:
            raise refuse("version", _("新记录没有版本。"), "invalid")
        return entered(entry, body, user=user)
    row = known.pop(id_text(public_id), None)
    if row is None:
        raise refuse("id", _("没有找到这条记录，或已在本次提交中出现，或不在您的管辖范围内。"), "unknown")
    if type(version) is not int:
        raise refuse("version", _("请填写读取时的版本。"), "required")
    if version != row.version:
        raise stale()
    return entered(entry, body, user=user, row=row)


def stale() -> PreconditionFailed:
    """For one row of a call."""
    return PreconditionFailed({"version": [ErrorDetail(str(PreconditionFailed.default_detail), STALE)]})


def answer_to(entry: type[EntryForm], error: Exception) -> Any:
    """What the action found wrong with one row, as the API says it."""
    if isinstance(error, Invalid):
        return refused(entry, error)
    if isinstance(error, actions.StaleVersion):
        return stale()
    return refuse("non_field_errors", _("不在您的管辖范围内。"), "out_of_scope")


def refuse_all(errors: Told) -> None:
    """412 where every row that is wrong is so by its version alone, else 400 with all that is wrong."""
    if not errors:
        return
    if all(one.code == STALE for listed in errors.values() for one in listed):
        raise PreconditionFailed(errors)
    raise ValidationError(errors)
