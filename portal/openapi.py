"""The OpenAPI document: every address tells the same few errors, in the one shape."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework import serializers

from communities.base import once
from communities.base.entry.forms import EntryForm
from communities.base.entry.schema import (
    ETAG,
    IF_MATCH,
    RemovalSerializer,
    bulk_serializer,
    entry_serializer,
    results_serializer,
)


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text=_("英文代码，供程序判断"))
    detail = serializers.CharField(help_text=_("中文说明"))
    attr = serializers.CharField(allow_null=True, help_text=_("有误的参数或字段"))


class ErrorsSerializer(serializers.Serializer):
    """What every error looks like."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorSerializer(many=True)  # type: ignore[assignment] # a field of this name


ONCE = OpenApiParameter(
    once.HEADER,
    {"type": "string", "pattern": f"^{once.KEY.pattern}$"},
    OpenApiParameter.HEADER,
    description="同一键、同一内容只执行一次，再次发送得到首次的答复；至少保留 24 小时",
)
COMMON_ERRORS = ("400", "401", "403", "404")
ERRORS = {
    "POST": ("409", "413", "415", "422"),
    "PATCH": ("412", "413", "415", "428"),
    "DELETE": ("412", "413", "415", "428"),
}


class Schema(AutoSchema):
    """Adds what an entry form takes, and the errors that an address can answer."""

    view: Any

    @property
    def entry(self) -> type[EntryForm] | None:
        """The form of a register whose rows are written here, where this is an address that writes them."""
        return None if self.method == "GET" else getattr(self.view, "entry", None)

    @property
    def shown(self) -> Any:
        """How a row reads that was written."""
        return self.view.detail_serializer_class or self.view.serializer_class

    def get_override_parameters(self) -> list[Any]:
        more = [ONCE] if self.method == "POST" else []
        if self.entry is not None and self.method in {"PATCH", "DELETE"}:
            more.append(IF_MATCH)
        if self.entry is not None and self.view.action in {"create", "partial_update"}:
            more.append(ETAG)
        return [*super().get_override_parameters(), *more]

    def get_request_serializer(self) -> Any:
        match self.entry, getattr(self.view, "action", None):
            case None, _:
                return super().get_request_serializer()
            case entry, "create":
                return entry_serializer(entry, "Create")
            case entry, "partial_update":
                return entry_serializer(entry, "Change")
            case entry, "bulk":
                return bulk_serializer(entry)
        return RemovalSerializer

    def get_response_serializers(self) -> Any:
        match self.entry, getattr(self.view, "action", None):
            case None, _:
                return super().get_response_serializers()
            case _, "create":
                return {201: self.shown}
            case _, "partial_update":
                return {200: self.shown}
            case _, "bulk":
                return {200: results_serializer(self.shown), 412: ErrorsSerializer}
        return {204: None}

    def _get_request_body(self, direction: Direction = "request") -> Any:
        """Also of a DELETE, which says why."""
        if self.entry is None or self.method != "DELETE":
            return super()._get_request_body(direction)
        schema = self.resolve_serializer(RemovalSerializer, direction).ref
        return {"content": {"application/json": {"schema": schema}}, "required": True}

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction=direction)
        if direction == "response":
            versioned = ("412", "428") if IF_MATCH in self.get_override_parameters() else ()
            for code in (*COMMON_ERRORS, *ERRORS.get(self.method, ()), *versioned):
                bodies.setdefault(code, self._get_response_for_code(ErrorsSerializer, code))
        return bodies
