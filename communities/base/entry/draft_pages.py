"""The door by which an entry form keeps its draft while one types: asked by the script of the form."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.base import drafts
from communities.base.entry.forms import EntryForm
from communities.base.entry.pages import EntryPage, version_of


def names_kept_together(entry: type[EntryForm], sent: Any) -> Iterator[str]:
    """Of the page of many rows: the fields, which of them are ticked, the rows, the reason, and the way back."""
    ticks = {f"ticked_{name}" for name in entry.bulk_names()}
    known = {*drafts.names_kept(entry, sent), *ticks, "row", "back"}
    yield from (name for name in sent if name in known)


class DraftPage(EntryPage):
    """The draft of a new row, or of a row that is being corrected."""

    names_kept = staticmethod(drafts.names_kept)

    def get(self, request: HttpRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
        """A token for pages that stayed open while their writer had to sign in again."""
        self.check_row(public_id)
        return JsonResponse({"token": get_token(request)})

    def post(self, request: HttpRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
        removed = self.check_row(public_id)
        user, code = request.user, self.code
        if request.POST.get("act") == "discard":
            drafts.discard(user, code, public_id)
            is_script = request.headers.get("Accept") == "application/json"
            return HttpResponse(status=204) if is_script else HttpResponseRedirect(self.form_url(public_id))
        version = version_of(request) if public_id is not None else None
        try:
            names = self.names_kept(self.entry, request.POST)
            draft = drafts.keep(user, code, public_id, version=version, typed=request.POST, names=names)
        except ValidationError as error:
            return JsonResponse({"detail": " ".join(error.messages)}, status=413)
        return JsonResponse({"at": f"{timezone.localtime(draft.kept_at):%H:%M:%S}", "removed": removed})

    def check_row(self, public_id: uuid.UUID | None) -> str:
        """What to say of a row that was removed meanwhile, whose draft waits for its return.

        Raises Http404 for a row that the user may not write.
        """
        if public_id is None:
            return ""
        try:
            self.row(public_id)
        except Http404:
            row = self.row(public_id, deleted=True)
            return _("这条记录已被%(who)s删除，不能保存。") % {"who": row.deleted_by or _("他人")}
        return ""

    def form_url(self, public_id: uuid.UUID | None) -> str:
        return (
            reverse(f"{self.code}-new")
            if public_id is None
            else reverse(f"{self.code}-edit", args=[public_id])
        )


class TogetherDraftPage(DraftPage):
    """The draft of a change of many rows."""

    names_kept = staticmethod(names_kept_together)

    @property
    def code(self) -> str:
        return f"{super().code}-bulk"

    def form_url(self, _public_id: uuid.UUID | None) -> str:
        return reverse(self.code)
