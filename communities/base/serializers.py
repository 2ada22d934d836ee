"""How values and relations read in every answer of the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class HalfOpenSerializer(serializers.Serializer):
    """A half-open range: ``from`` is the first day, ``before`` the first day after it."""

    def get_fields(self) -> dict[str, serializers.Field]:
        """``from`` is a word of the language, so it cannot be an attribute."""
        return {
            "from": serializers.DateField(
                source="lower", allow_null=True, read_only=True, help_text=_("首日；空表示早于现有记录")
            ),
            "before": serializers.DateField(
                source="upper", allow_null=True, read_only=True, help_text=_("终止日次日；空表示未终止")
            ),
        }


class CountRangeSerializer(serializers.Serializer):
    """A half-open range of whole numbers."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            "from": serializers.IntegerField(source="lower", allow_null=True, read_only=True),
            "before": serializers.IntegerField(source="upper", allow_null=True, read_only=True),
        }


class NamedSerializer(serializers.Serializer):
    """Another row: its id and its name."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)


class PlaceSerializer(serializers.Serializer):
    """A place: id, official code and name, as of the day asked for."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    code = serializers.CharField(source="code_now", read_only=True, allow_blank=True)
    name = serializers.CharField(source="name_now", read_only=True)


class RowSerializer(serializers.Serializer):
    """What every row of a register shows."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    version = serializers.IntegerField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class PickField(serializers.ChoiceField):
    """A word of a closed list; empty reads as null."""

    def to_representation(self, value: Any) -> Any:
        """The stored word."""
        return value or None
