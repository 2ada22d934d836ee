"""Addresses that take a file in parts, or answer with one."""

from __future__ import annotations

from typing import Any

from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from communities.base.api import StrictJSONParser


class FileRenderer(BaseRenderer):
    """Names the type of downloads for the OpenAPI document; the file itself is answered as it is."""

    media_type = "*/*"
    format = "file"
    charset = None
    render_style = "binary"

    def render(self, data: Any, *_args: Any, **_kwargs: Any) -> Any:
        """An error on the way to a file is JSON all the same."""
        return JSONRenderer().render(data)


class WithFiles:
    """Of a view set whose rows are created from a file."""

    request: Any
    action_map: Any

    def get_parsers(self) -> list[Any]:
        """Files come in parts, everything else as JSON."""
        # Asked for before the action is set.
        method = (self.request.method or "get").lower() if self.request is not None else "post"
        uploads = self.action_map.get(method) == "create"
        return [MultiPartParser()] if uploads else [StrictJSONParser()]

    def handle_exception(self, exc: Exception) -> Response:
        """What stands in the place of a file is told as any other error, not as a file."""
        renderer: Any = JSONRenderer()
        self.request.accepted_renderer, self.request.accepted_media_type = renderer, renderer.media_type
        answer: Response = super().handle_exception(exc)  # type: ignore[misc] # of the view set
        return answer
