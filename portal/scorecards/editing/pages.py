"""Pages on which versions and items are entered; an item's rule is put together and tried before it is saved."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from communities.base.entry.pages import CreatePage, EditPage, RemovePage, version_of
from communities.base.entry.parts import parts_shown
from communities.base.rules import editor
from communities.base.urls import EntryPages
from portal.scorecards.editing.end_page import EditVersionPage
from portal.scorecards.editing.forms import draft_groups
from portal.scorecards.editing.trial import trial_of
from portal.scorecards.models import RatingScheme
from portal.scorecards.models.schemes import PUBLISHED

ADD, REMOVE, TRY = "add:", "remove:", "try"


def named_row(rows: Any, public_id: str) -> Any:
    """The row that an address names. Raises Http404."""
    try:
        return get_object_or_404(rows, public_id=public_id)
    except ValidationError as error:
        raise Http404 from error


class NewVersionPage(CreatePage):
    """A new version, of the scheme in the address."""

    def known(self) -> dict[str, Any]:
        asked = self.request.GET.get("scheme")
        if not asked:
            return {}
        return {
            "scheme": named_row(RatingScheme.objects.visible_to(self.request.user, self.action).live(), asked)
        }


class RuleActs:
    """The buttons beside a rule: they change the form that was sent, and show it again. Nothing is saved."""

    template_name = "scorecards/item_form.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        act = request.POST.get("act", "")
        if not act:
            return super().post(request, *args, **kwargs)  # type: ignore[misc] # of the page
        data, goes_on = request.POST.copy(), ""
        rule = editor.posted(request.POST, "rule")
        if act.startswith((ADD, REMOVE)):
            rule, goes_on = editor.acted(rule, act, "rule")
        for name in [name for name in data if name.startswith("rule.")]:
            del data[name]
        data["rule"] = json.dumps(rule)
        return self.shown_again(data, goes_on, *args, **kwargs)

    def shown_again(self, data: Any, goes_on: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page with what was typed, not judged but for the rule that is tried."""
        raise NotImplementedError

    def unjudged(self, form: Any) -> Any:
        form.leave_unjudged()
        if self.reckons:
            try:
                form.fields["rule"].clean(form["rule"].value())
            except ValidationError as error:
                form.add_error("rule", error)
        return form

    @property
    def reckons(self) -> bool:
        request: Any = self.request  # type: ignore[attr-defined] # of the page
        return bool(request.POST.get("act") == TRY)

    def show(self, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        request: Any = self.request  # type: ignore[attr-defined] # of the page
        trial = trial_of(form, request.POST, reckons=self.reckons)
        page: Any = super()
        response: HttpResponse = page.show(form, status=status, trial=trial, **more)
        return response


class NewItemPage(RuleActs, CreatePage):
    """A new item, in the group in the address, or in the first one of the version there."""

    def known(self) -> dict[str, Any]:
        groups = draft_groups(self.request.user, self.action)
        if asked := self.request.GET.get("group"):
            return {"group": named_row(groups, asked)}
        if asked := self.request.GET.get("version"):
            try:
                found = groups.filter(scheme_version__public_id=asked).first()
            except ValidationError as error:
                raise Http404 from error
            if found is None:
                raise Http404
            return {"group": found}
        return {}

    def shown_again(self, data: Any, goes_on: str) -> HttpResponse:
        form = self.unjudged(self.entry(data, user=self.request.user))
        return self.shown(form, parts_shown(form), goes_on=goes_on)


class EditItemPage(RuleActs, EditPage):
    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        """What is published is not opened for writing: its version says how to go on."""
        version = self.row(public_id).version_at_hand()
        if version.is_published:
            messages.warning(request, PUBLISHED)
            return HttpResponseRedirect(reverse("rating-scheme-version-detail", args=[version.public_id]))
        return super().get(request, public_id)

    def shown_again(self, data: Any, goes_on: str, public_id: Any) -> HttpResponse:
        row = self.row(public_id)
        label = str(row)
        form = self.unjudged(self.entry(data, instance=row, user=self.request.user))
        return self.shown(row, form, version_of(self.request), label=label, goes_on=goes_on)


class RemoveContentPage(RemovePage):
    """What hangs on a draft hangs on no figure of any place."""

    template_name = "scorecards/scheme_remove.html"


VERSION_PAGES = EntryPages(create=NewVersionPage, edit=EditVersionPage, remove=RemoveContentPage)
ITEM_PAGES = EntryPages(create=NewItemPage, edit=EditItemPage, remove=RemoveContentPage)
SCHEME_PAGES = EntryPages(remove=RemoveContentPage)
