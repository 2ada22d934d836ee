"""The door by which an entry form keeps its draft while one types: asked by the script of the form."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import timezone

from communities.base import drafts
from communities.base.entry.forms import EntryForm
from communities.base.entry.pages import REASON, EntryPage, version_of
from communities.base.entry.rule_field import RuleField
from communities.base.tables import ROUTES


def names_kept(entry: type[EntryForm], sent: Any) -> Iterator[str]:
    """Which of the names that a page sent are fields of the form, of its parts or rules, or the reason."""
    rules = (name for name, field in entry.base_fields.items() if isinstance(field, RuleField))
    parts = (*(f"{name}-" for name in entry.parts), *(f"{name}." for name in rules))
    spans = {f"{name}_{end}" for name in entry.base_fields for end in (0, 1)}
    for name in sent:
        if name in entry.base_fields or name in spans or name == REASON or name.startswith(parts):
            yield name


class DraftPage(EntryPage):
    """The draft of a new row, or of a row that is being corrected."""

    def get(self, request: HttpRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
        """A token for pages that stayed open while their writer had to sign in again."""
        self.check_row(public_id)
        return JsonResponse({"token": get_token(request)})

    def post(self, request: HttpRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
        self.check_row(public_id)
        user, code = request.user, ROUTES[self.model._meta.label]
        if request.POST.get("act") == "discard":
            drafts.discard(user, code, public_id)
            is_script = request.headers.get("Accept") == "application/json"
            return HttpResponse(status=204) if is_script else HttpResponseRedirect(self.form_url(public_id))
        version = version_of(request) if public_id is not None else None
        try:
            names = names_kept(self.entry, request.POST)
            draft = drafts.keep(user, code, public_id, version=version, typed=request.POST, names=names)
        except ValidationError as error:
            return JsonResponse({"detail": " ".join(error.messages)}, status=413)
        return JsonResponse({"at": f"{timezone.localtime(draft.kept_at):%H:%M:%S}"})

    def check_row(self, public_id: uuid.UUID | None) -> None:
        """Raises Http404 for a row that the user may not write."""
        if public_id is not None:
            self.row(public_id)

    def form_url(self, public_id: uuid.UUID | None) -> str:
        code = ROUTES[self.model._meta.label]
        return reverse(f"{code}-new") if public_id is None else reverse(f"{code}-edit", args=[public_id])
