"""JSON bodies as entry forms: what the API's door takes, read by the same fields as a page's.

What is wrong is told all at once. Every refusal is a DRF ``ValidationError`` whose detail names the fields as the
API calls them; those of parts are ``functions.2.area``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as Invalid
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from communities.base import actions, wording
from communities.base.api import refuse
from communities.base.entry import ends as two_ends
from communities.base.entry import fields, texts
from communities.base.entry.forms import EntryForm, PartForm
from communities.base.entry.rule_field import RuleField
from communities.base.models import Row

MOST_REASON = 200
MOST_PARTS = 200
Told = dict[str, list[ErrorDetail]]


def object_of(data: Any) -> dict[str, Any]:
    """A JSON object. Raises ValidationError for anything else."""
    if not isinstance(data, dict):
        raise refuse("non_field_errors", str(wording.OBJECT), "invalid")
    return dict(data)


def unknown_in(body: Mapping[str, Any], known: Iterable[str]) -> Told:
    """Names that mean nothing here. They are told beside all else that is wrong, not in its place."""
    unknown = sorted(set(body) - set(known))
    return {name[:50]: [ErrorDetail(str(wording.UNKNOWN), "unknown_field")] for name in unknown}


def names_of(entry: type[EntryForm]) -> set[str]:
    """What the API calls the fields and the parts that may be written."""
    return {entry.api_names.get(name, name) for name in entry.base_fields} | set(entry.parts)


def opened(data: Any) -> tuple[dict[str, Any], str, Told]:
    """A JSON object without its ``reason``, the reason in one's own words, and what is wrong with that.

    Raises ValidationError for what is no object.
    """
    body = object_of(data)
    reason = body.pop("reason", "")
    if isinstance(reason, str) and len(reason) <= MOST_REASON:
        return body, reason, {}
    message = _("请用最多 %(most)d 个字说明原因。") % {"most": MOST_REASON}
    return body, "", {"reason": [ErrorDetail(message, "invalid")]}


def entered(
    entry: type[EntryForm], body: Mapping[str, Any], *, user: Any, row: Any = None, wrong: Told | None = None
) -> EntryForm:
    """A valid form of a new row, or of ``row`` with the fields that are given.

    Raises ValidationError with all that is wrong: what is known of the body already (``wrong``), names that mean
    nothing here, fields and parts.
    """
    stored = as_stored(entry, row, user) if row is not None else as_new(entry)
    more = {"instance": row} if row is not None else {}
    form = entry(stored | typed(entry, body), user=user, **more)
    errors = unknown_in(body, names_of(entry)) | (wrong or {}) | told(entry, form.errors.as_data())
    for name, part in entry.parts.items():
        if name in body:
            errors |= take_parts(form, name, part, body[name])
    if errors:
        raise ValidationError(errors)
    return form


def take_parts(form: EntryForm, name: str, entry: type[PartForm], given: Any) -> Told:
    """The whole list of one kind of parts: with ``id`` those that stay, without it new ones. What is wrong."""
    if not isinstance(given, list) or len(given) > MOST_PARTS:
        message = _("请提交一个列表，最多 %(most)d 项。") % {"most": MOST_PARTS}
        return {name: [ErrorDetail(message, "invalid")]}
    left = {str(part.public_id): part for part in form.live_parts(name)}
    parts: list[PartForm] = []
    errors: Told = {}
    for position, data in enumerate(given):
        try:
            body = object_of(data)
            part = part_named(left, entry, body)
            parts.append(entered(entry, body, user=form.user, row=part))  # type: ignore[arg-type] # a part's
        except ValidationError as error:
            errors |= below(f"{name}.{position}", error)
    form.take_parts(name, parts, list(left.values()))
    return errors


def part_named(left: dict[str, Any], entry: type[PartForm], body: dict[str, Any]) -> Any:
    """The part of this row with the ``id`` of the body, which may be named once; None for a new one.

    Raises ValidationError.
    """
    public_id = body.pop("id", None)
    if public_id is None:
        return None
    part = left.pop(id_text(public_id), None)
    if part is None:
        raise names_no_row(entry, body, _("没有找到所指的对象。"))
    return part


def names_no_row(entry: type[EntryForm], body: Mapping[str, Any], message: str) -> ValidationError:
    """Without a row nothing can be said of its fields but which of them there are not."""
    return ValidationError(unknown_in(body, names_of(entry)) | {"id": [ErrorDetail(message, "unknown")]})


def id_text(value: Any) -> str:
    """An id as it is written; empty for what is none."""
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


def below(where: str, error: APIException) -> Told:
    """The errors of something inside a body, under the names by which the whole body knows them."""
    found: Any = error.detail
    return {f"{where}.{name}": listed for name, listed in found.items()}


def told(entry: type[EntryForm], errors: Mapping[str, Any]) -> Told:
    """Errors under the names that the API uses; those inside a rule at their places."""
    found: Told = {}
    for name, listed in errors.items():
        for error in listed:
            at = (error.params or {}).get("place") or name_told(entry, name)
            details = (ErrorDetail(message, error.code or "invalid") for message in said(error))
            found.setdefault(at[:100], []).extend(details)
    return found


def said(error: Invalid) -> list[str]:
    """The words of the forms; of a closed list the codes as well, for those are what a program sends."""
    params = error.params or {}
    if "codes" not in params:
        return list(error.messages)
    return [str(wording.CHOICE % {"text": params["text"], "words": params["codes"]})]


def name_told(entry: type[EntryForm], name: str) -> str:
    """``division_now`` as ``division``, the end of ``functions.2.__all__`` as ``non_field_errors``."""
    head, dot, tail = name.rpartition(".")
    known = "non_field_errors" if tail == NON_FIELD_ERRORS else entry.api_names.get(tail, tail)
    return f"{head}{dot}{known}"


def refused(entry: type[EntryForm], error: Invalid) -> ValidationError:
    """What an action refuses, as the API says it."""
    return ValidationError(told(entry, actions.errors_by_field(error)))


def typed(entry: type[EntryForm], body: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as they would be typed into the form; in the place of those of the wrong shape a misfit."""
    data: dict[str, Any] = {}
    for name, field in entry.base_fields.items():
        called = entry.api_names.get(name, name)
        if called not in body:
            continue
        value = body[called]
        match field:
            case two_ends.SpanField():
                first, last = days_typed(value)
                data |= {f"{name}_0": first, f"{name}_1": last}
            case two_ends.WholeSpanField():
                least, most = numbers_typed(value)
                data |= {f"{name}_0": least, f"{name}_1": most}
            case fields.PicksField():
                data[name] = words_typed(value)
            case fields.AmountField() if isinstance(value, str) and texts.LARGE.keys() & set(value):
                data[name] = fields.Misfit(field.error_messages["number"], "number")
            case _ if not suits(field, value):
                data[name] = fields.Misfit(wording.MISFIT, "invalid")
            case _:
                data[name] = "" if value is None else field.text_of(value)  # type: ignore[attr-defined]
    return data


def suits(field: Any, value: Any) -> bool:
    """Whether a JSON value is of a kind that a field takes: words are no numbers, and truth is neither."""
    match field:
        case fields.TruthField():
            return value is None or isinstance(value, bool | str)
        case fields.AmountField():
            return value is None or type(value) in {int, float, str}
        case RuleField():
            return value is None or isinstance(value, dict)
    return value is None or isinstance(value, str)


def words_typed(value: Any) -> str | fields.Misfit:
    """A list of words of a closed list."""
    given = [] if value is None else value
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        return fields.Misfit(_("请填写代码的列表。"), "invalid")
    return "、".join(given)


def ends_of(value: Any) -> tuple[Any, Any] | None:
    """``{"from": …, "before": …}``, a half-open range as it is read; None for anything else."""
    value = {} if value is None else value
    if not isinstance(value, dict) or set(value) - {"from", "before"}:
        return None
    return value.get("from"), value.get("before")


def days_typed(value: Any) -> tuple[Any, Any]:
    """A range of days as the first and the last day of the form."""
    ends = ends_of(value)
    if ends is None:
        return fields.Misfit(_("请填写 from 和 before 两个日期。"), "invalid"), ""
    first, before = ends
    wrong = fields.Misfit(wording.DAY, "day")
    if first is not None and not isinstance(first, str):
        return wrong, ""
    try:
        last = dt.date.fromisoformat(before) - dt.timedelta(days=1) if before is not None else None
    except (TypeError, ValueError, OverflowError):
        return first or "", wrong
    return first or "", last.isoformat() if last else ""


def numbers_typed(value: Any) -> tuple[Any, Any]:
    """A range of whole numbers as the least and the most of the form."""
    ends, message = ends_of(value), _("请填写 from 和 before 两个整数。")
    if ends is None:
        return fields.Misfit(message, "invalid"), ""
    least, before = ends
    given = [end for end in ends if end is not None]
    if not all(type(end) is int for end in given) or (before is not None and before < 1):
        return fields.Misfit(message, "number"), ""
    return "" if least is None else str(least), "" if before is None else str(before - 1)


def as_new(entry: type[EntryForm]) -> dict[str, Any]:
    """A new row as its form would be sent back untouched: what stands in it from the beginning."""
    known = {name: field for name, field in entry.base_fields.items() if field.initial is not None}
    return {name: field.text_of(field.initial) for name, field in known.items()}  # type: ignore[attr-defined]


def as_stored(entry: type[EntryForm], row: Row, user: Any) -> dict[str, Any]:
    """A row as its form would be sent back untouched."""
    form = entry(instance=row, user=user)
    data: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = getattr(row, name)
        if isinstance(field, two_ends.SpanField | two_ends.WholeSpanField):
            widget: Any = field.widget
            first, last = widget.decompress(value)
            data |= {f"{name}_0": "" if first is None else first, f"{name}_1": "" if last is None else last}
        else:
            data[name] = "" if value is None else field.text_of(value)  # type: ignore[attr-defined]
    return data
