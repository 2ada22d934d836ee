"""What the API's door takes and gives, for the OpenAPI document; the entry forms themselves do the checking."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from communities.base.entry import ends, fields
from communities.base.entry.bodies import MOST_PARTS, MOST_REASON
from communities.base.entry.bulk import MOST_ROWS
from communities.base.entry.forms import EntryForm
from communities.base.entry.rule_field import RuleField

# Of whatever writes a row that was read: the document tells the errors that go with it.
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="读取时的 ETag",
)
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201])


def range_schema(end: dict[str, Any]) -> dict[str, Any]:
    """A half-open range, open where an end is null."""
    return {
        "type": "object",
        "nullable": True,
        "additionalProperties": False,
        "properties": {"from": {**end, "nullable": True}, "before": {**end, "nullable": True}},
    }


@extend_schema_field(range_schema({"type": "string", "format": "date"}))
class SpanSchemaField(serializers.DictField):
    """Days."""


@extend_schema_field(range_schema({"type": "integer", "minimum": 0}))
class WholeSpanSchemaField(serializers.DictField):
    """Whole numbers."""


@extend_schema_field({"type": "object", "description": "评分规则：shape 及其参数，见 rating-rules"})
class RuleSchemaField(serializers.DictField):
    """A rule."""


class RemovalSerializer(serializers.Serializer):
    """Why a row is taken out."""

    reason = serializers.CharField(max_length=MOST_REASON)


def reason_field() -> serializers.Field:
    """Why, where there is something to tell."""
    return serializers.CharField(required=False, allow_blank=True, max_length=MOST_REASON)


@lru_cache(maxsize=128)
def entry_serializer(entry: type[EntryForm], kind: str) -> type[serializers.Serializer]:
    """One row: ``Create``, ``Change`` (all of it optional), ``Part`` and ``BulkRow`` (either, told by its id)."""
    declared: dict[str, Any] = {}
    if kind in {"Part", "BulkRow"}:
        declared["id"] = serializers.UUIDField(required=False)
    if kind == "BulkRow":
        declared["version"] = serializers.IntegerField(required=False, min_value=1)
    for name, field in entry.base_fields.items():
        required = field.required and field.initial is None and kind == "Create"
        declared[entry.api_names.get(name, name)] = schema_field(field, required=required)
    for name, part in entry.parts.items():
        one = entry_serializer(part, "Part")
        declared[name] = serializers.ListField(child=one(), required=False, max_length=MOST_PARTS)
    if kind in {"Create", "Change"}:
        declared["reason"] = reason_field()
    return type(f"{entry._meta.model.__name__}{kind}Serializer", (serializers.Serializer,), declared)


@lru_cache(maxsize=128)
def bulk_serializer(entry: type[EntryForm]) -> type[serializers.Serializer]:
    """Many rows in one call."""
    row = entry_serializer(entry, "BulkRow")
    rows = serializers.ListField(child=row(), min_length=1, max_length=MOST_ROWS)
    declared = {"rows": rows, "reason": reason_field()}
    return type(f"{entry._meta.model.__name__}BulkSerializer", (serializers.Serializer,), declared)


@lru_cache(maxsize=128)
def results_serializer(row: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The rows as they now read, in the order of the call."""
    name = row.__name__.removesuffix("Serializer")
    return type(f"{name}ResultsSerializer", (serializers.Serializer,), {"results": row(many=True)})


def schema_field(field: Any, *, required: bool) -> serializers.Field:  # noqa: C901, PLR0911 - one kind each
    """The field of the document that stands for an entry field."""
    common: dict[str, Any] = {"required": required, "allow_null": not field.required}
    match field:
        case ends.SpanField():
            return SpanSchemaField(required=required)
        case ends.WholeSpanField():
            return WholeSpanSchemaField(required=False)
        case fields.PicksField():
            return serializers.ListField(child=serializers.ChoiceField(choices=field.choices), **common)
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
        case RuleField():
            return RuleSchemaField(required=required)
    return serializers.CharField(max_length=field.max_length, allow_blank=not field.required, **common)
