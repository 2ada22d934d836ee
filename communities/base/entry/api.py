"""The API's door to ``actions``: the same entry forms as the pages, spoken to in JSON.

Rows are written with the version that was read: ``If-Match`` carries the ``ETag`` of the last answer. Without it a
change is refused (428), with an old one too (412).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as Invalid
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from communities.base import actions
from communities.base.api import RegisterViewSet, refuse
from communities.base.entry import fields
from communities.base.entry.forms import EntryForm
from communities.base.models import Row
from communities.base.roles import Action

ETAG = re.compile(r'(?:W/)?"(\d{1,9})"', re.ASCII)
MOST_REASON = 200


class PreconditionRequired(APIException):
    status_code = 428
    default_code = "precondition_required"
    default_detail = gettext_lazy("请在 If-Match 中给出读取时的 ETag。")


class PreconditionFailed(APIException):
    status_code = 412
    default_code = "precondition_failed"
    default_detail = gettext_lazy("读取之后,这条记录已被他人修改;请重新读取后再写。")


class EntryViewSet(RegisterViewSet):
    """A register that is read and written. ``entry`` is its form; reading stays what it is."""

    entry: ClassVar[type[EntryForm]]
    http_method_names = ("get", "head", "post", "patch", "delete")

    def needed(self, request: Request) -> tuple[Action, ...]:
        """Writing asks for the form's action."""
        return (self.entry.action,) if request.method not in {"GET", "HEAD"} else (self.action_to_read,)

    def create(self, request: Request) -> Response:
        """A new row."""
        form = self.entry(typed(self.entry, body_of(request, self.entry)), user=request.user)
        return self.written(form, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, public_id: Any) -> Response:
        """The fields that are given; the others stay as they are."""
        row = self.row_to_write(public_id)
        body = body_of(request, self.entry)
        reason = reason_of(body)
        row.version = version_asked(request, row)
        form = self.entry(
            as_stored(self.entry, row, request.user) | typed(self.entry, body),
            instance=row,
            user=request.user,
        )
        return self.written(form, status.HTTP_200_OK, reason)

    def destroy(self, request: Request, public_id: Any) -> Response:
        """Take a row out of the register; ``reason`` says why."""
        row = self.row_to_write(public_id)
        body = request.data if isinstance(request.data, dict) else {}
        row.version = version_asked(request, row)
        with as_answers(self.entry):
            actions.remove(row, by=request.user, reason=reason_of(body), needs=self.entry.action)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def row_to_write(self, public_id: Any) -> Any:
        """Raises NotFound for a row that one may not write, whether it exists or not."""
        model: Any = self.entry._meta.model
        row = (
            model.objects.visible_to(self.request.user, self.entry.action)
            .live()
            .filter(public_id=public_id)
            .first()
        )
        if row is None:
            raise NotFound
        return row

    def written(self, form: EntryForm, code: int, reason: str = "") -> Response:
        """The row as it now reads, with its ETag. Raises ValidationError, PreconditionFailed."""
        if not form.is_valid():
            raise ValidationError(told(self.entry, form.errors.as_data()))
        with as_answers(self.entry):
            row: Row = actions.save(
                form.instance, by=self.request.user, reason=reason, needs=self.entry.action
            )
        stored = self.get_queryset().prefetch_related(*self.detail_related).get(pk=row.pk)
        self.dress([stored])
        serializer_class: Any = self.detail_serializer_class or self.serializer_class
        answer = Response(serializer_class(stored, context=self.get_serializer_context()).data, status=code)
        answer["ETag"] = f'"{stored.version}"'
        if code == status.HTTP_201_CREATED:
            answer["Location"] = f"{self.request.path}{stored.public_id}/"
        return answer


@contextmanager
def as_answers(entry: type[EntryForm]) -> Iterator[None]:
    """What an action raises, as the API says it."""
    try:
        yield
    except actions.StaleVersion as error:
        raise PreconditionFailed from error
    except Invalid as error:
        found: Any = (
            error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
        )
        raise ValidationError(told(entry, found)) from error


def told(entry: type[EntryForm], errors: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
    """Errors under the names that the API uses."""
    return {
        "non_field_errors" if name == NON_FIELD_ERRORS else entry.api_names.get(name, name): [
            ErrorDetail(message, error.code or "invalid") for error in listed for message in error.messages
        ]
        for name, listed in errors.items()
    }


def version_asked(request: Request, row: Row) -> int:
    """The version that ``If-Match`` names. Raises PreconditionRequired, PreconditionFailed."""
    text = request.headers.get("If-Match", "").strip()
    if not text:
        raise PreconditionRequired
    found = ETAG.fullmatch(text)
    if found is None or int(found.group(1)) != row.version:
        raise PreconditionFailed
    return row.version


def body_of(request: Request, entry: type[EntryForm]) -> dict[str, Any]:
    """The JSON object of a request. Raises ValidationError for anything else and for names that mean nothing."""
    if not isinstance(request.data, dict):
        raise ValidationError({"non_field_errors": [ErrorDetail(_("请提交一个对象。"), "invalid")]})
    known = {entry.api_names.get(name, name) for name in entry.base_fields} | {"reason"}
    for name in sorted(set(request.data) - known):
        raise refuse(name, _("不认识的字段。"), "unknown_field")
    return dict(request.data)


def reason_of(body: Mapping[str, Any]) -> str:
    """Why, in one's own words. Raises ValidationError."""
    reason = body.get("reason", "")
    if not isinstance(reason, str) or len(reason) > MOST_REASON:
        raise refuse("reason", _("请用最多 %(most)d 个字说明原因。") % {"most": MOST_REASON}, "invalid")
    return reason


def typed(entry: type[EntryForm], body: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as they would be typed into the form. Raises ValidationError for values of the wrong shape."""
    data: dict[str, Any] = {}
    for name, field in entry.base_fields.items():
        called = entry.api_names.get(name, name)
        if called not in body:
            continue
        value = body[called]
        if isinstance(field, fields.SpanField):
            data |= span_typed(name, called, value)
        elif isinstance(value, dict | list):
            raise refuse(called, _("请填写一个值。"), "invalid")
        else:
            data[name] = "" if value is None else field.text_of(value)  # type: ignore[attr-defined]
    return data


def span_typed(name: str, called: str, value: Any) -> dict[str, str]:
    """``{"from": first day, "before": day after the last}`` as the two days of the form."""
    if value is None:
        value = {}
    if not isinstance(value, dict) or set(value) - {"from", "before"}:
        raise refuse(called, _("请填写 from 和 before 两个日期。"), "invalid")
    before = value.get("before")
    try:
        last = dt.date.fromisoformat(before) - dt.timedelta(days=1) if before is not None else None
    except (TypeError, ValueError, OverflowError) as error:
        raise refuse(called, _("请填写日期,例如 2026-11-22。"), "day") from error
    first = value.get("from")
    if first is not None and not isinstance(first, str):
        raise refuse(called, _("请填写日期,例如 2026-11-22。"), "day")
    return {f"{name}_0": first or "", f"{name}_1": last.isoformat() if last else ""}


def as_stored(entry: type[EntryForm], row: Row, user: Any) -> dict[str, Any]:
    """A row as its form would be sent back untouched."""
    form = entry(instance=row, user=user)
    data: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = getattr(row, name)
        if isinstance(field, fields.SpanField):
            first, last = fields.SpanWidget().decompress(value)
            data |= {f"{name}_0": first or "", f"{name}_1": last or ""}
        else:
            data[name] = "" if value is None else field.text_of(value)  # type: ignore[attr-defined]
    return data


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "from": {"type": "string", "format": "date", "nullable": True},
            "before": {"type": "string", "format": "date", "nullable": True},
        },
    }
)
class SpanSchemaField(serializers.DictField):
    """For the document only."""


@lru_cache(maxsize=128)
def entry_serializer(entry: type[EntryForm], *, partial: bool) -> type[serializers.Serializer]:
    """What may be written, for the OpenAPI document; the form itself does the checking."""
    declared: dict[str, Any] = {}
    for name, field in entry.base_fields.items():
        required = bool(field.required) and not partial
        declared[entry.api_names.get(name, name)] = schema_field(field, required=required)
    if partial:
        declared["reason"] = serializers.CharField(required=False, max_length=MOST_REASON)
    kind = "Change" if partial else "Create"
    return type(f"{entry._meta.model.__name__}{kind}Serializer", (serializers.Serializer,), declared)


def schema_field(field: Any, *, required: bool) -> serializers.Field:  # noqa: PLR0911 - one kind each
    """The field of the document that stands for an entry field."""
    common: dict[str, Any] = {"required": required, "allow_null": not field.required}
    match field:
        case fields.SpanField():
            return SpanSchemaField(required=False)
        case fields.PickField():
            return serializers.ChoiceField(choices=field.choices, **common)
        case fields.TruthField():
            return serializers.BooleanField(required=False)
        case fields.WholeField():
            return serializers.IntegerField(min_value=0, max_value=10**field.digits - 1, **common)
        case fields.AmountField():
            return serializers.DecimalField(max_digits=field.digits, decimal_places=field.places, **common)
        case fields.DayField():
            return serializers.DateField(**common)
        case fields.RowField():
            return serializers.UUIDField(**common)
    return serializers.CharField(max_length=field.max_length, allow_blank=not field.required, **common)
