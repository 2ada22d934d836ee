"""Pages of what is one for all places: written by those above whom nobody else may write it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from communities.base.entry.pages import CreatePage
from communities.models import holds_highest


class HighestCreatePage(CreatePage):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not holds_highest(request.user, self.action):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)
