"""Many rows in one call: read, checked and written as one act, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from communities.base import actions
from communities.base.api import refuse
from communities.base.entry.bodies import (
    Told,
    below,
    entered,
    id_text,
    names_no_row,
    object_of,
    refused,
)
from communities.base.entry.conditions import PreconditionFailed
from communities.base.entry.forms import EntryForm
from communities.base.models import Row

MOST_ROWS = 100
STALE = "precondition_failed"


def wrong_list(sent: Any) -> Told:
    """What is wrong with the list of rows as a whole."""
    if isinstance(sent, list) and 1 <= len(sent) <= MOST_ROWS:
        return {}
    message = _("请提交 1 至 %(most)d 条记录。") % {"most": MOST_ROWS}
    return {"rows": [ErrorDetail(message, "invalid")]}


def written(entry: type[EntryForm], sent: Any, *, user: Any, reason: str, wrong: Told) -> list[Row]:
    """All rows created and changed; ``wrong`` is what is known of the call already.

    Raises ValidationError, PreconditionFailed; then nothing was written.
    """
    errors: Told = wrong | wrong_list(sent)
    if "rows" in errors:
        raise ValidationError(errors)
    known = known_rows(entry, sent, user)
    forms: list[EntryForm] = []
    for position, data in enumerate(sent):
        try:
            forms.append(row_entered(entry, data, known, user=user))
        except ValidationError as error:
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
    """The form of one row of the call. Raises ValidationError with all that is wrong."""
    body = object_of(data)
    public_id, version = body.pop("id", None), body.pop("version", None)
    if public_id is None:
        wrong = {} if version is None else {"version": [ErrorDetail(_("新记录没有版本。"), "invalid")]}
        return entered(entry, body, user=user, wrong=wrong)
    row = known.pop(id_text(public_id), None)
    if row is None:
        message = _("没有找到这条记录，或已在本次提交中出现，或不在您的管辖范围内。")
        raise names_no_row(entry, body, message)
    return entered(entry, body, user=user, row=row, wrong=wrong_version(version, row))


def wrong_version(version: Any, row: Row) -> Told:
    """What is wrong with the version that came with a row."""
    if type(version) is not int:
        return {"version": [ErrorDetail(_("请填写读取时的版本。"), "required")]}
    return {} if version == row.version else stale()


def stale() -> Told:
    """For one row of a call."""
    return {"version": [ErrorDetail(str(PreconditionFailed.default_detail), STALE)]}


def answer_to(entry: type[EntryForm], error: Exception) -> Any:
    """What the action found wrong with one row, as the API says it."""
    if isinstance(error, Invalid):
        return refused(entry, error)
    if isinstance(error, actions.StaleVersion):
        return PreconditionFailed(stale())
    return refuse("non_field_errors", _("不在您的管辖范围内。"), "out_of_scope")


def refuse_all(errors: Told) -> None:
    """412 where every row that is wrong is so by its version alone, else 400 with all that is wrong."""
    if not errors:
        return
    if all(one.code == STALE for listed in errors.values() for one in listed):
        raise PreconditionFailed(errors)
    raise ValidationError(errors)
