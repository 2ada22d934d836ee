"""The OpenAPI document: every address tells the same few errors, in the one shape."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text=_("英文代码,供程序判断"))
    detail = serializers.CharField(help_text=_("中文说明"))
    attr = serializers.CharField(allow_null=True, help_text=_("有误的参数或字段"))


class ErrorsSerializer(serializers.Serializer):
    """What every error looks like."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorSerializer(many=True)  # type: ignore[assignment] # a field of this name


class Schema(AutoSchema):
    """Adds the errors that an address can answer."""

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction=direction)
        if direction == "response":
            for code in self.error_codes():
                bodies.setdefault(code, self._get_response_for_code(ErrorsSerializer, code))
        return bodies

    def error_codes(self) -> list[str]:
        """404 where an id can be named: in the path or in a filter."""
        codes = ["400", "401", "403", "404"]
        return [*codes, "413", "415"] if self.method == "POST" else codes
