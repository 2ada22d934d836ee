"""The page on which the time of a published version is ended: one day, and which scores go with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.base import actions
from communities.base.entry.fields import DayField
from communities.base.entry.pages import MOST_REASON, REASON, EditPage, problems, version_of
from communities.base.tables import detail_url
from portal.scorecards.models import RatingSchemeVersion
from portal.scorecards.scoring.ending import Held, leaving, scores_held

# The tick of who was told which scores go; it names the day that they go by.
CONFIRMED = "confirmed"


class EndForm(forms.Form):
    """The last day, named as in the form of a draft."""

    valid_1 = DayField(
        label=gettext_lazy("施行结束日期"),
        required=False,
        help_text=gettext_lazy("这一天是施行的最后一天；空着表示一直施行。"),
    )

    def __init__(self, *args: Any, begin: dt.date | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin = begin

    def clean_valid_1(self) -> dt.date | None:
        """Raises ValidationError for a day before the version begins."""
        last_day: dt.date | None = self.cleaned_data["valid_1"]
        if last_day is not None and self.begin is not None and last_day < self.begin:
            raise ValidationError(_("结束日期不能早于开始日期。"), code="order")
        return last_day


def last_day_of(version: RatingSchemeVersion) -> dt.date | None:
    return version.valid.upper - dt.timedelta(days=1) if version.valid.upper else None


class EditVersionPage(EditPage):
    """A draft with all its parts; of a published version the end alone."""

    template_name = "scorecards/version_form.html"

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        row = self.row(public_id)
        if not row.is_published:
            return super().get(request, public_id)
        return self.ending(row, EndForm(initial={"valid_1": last_day_of(row)}))

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        """Who opened a draft that is published by now has sent the whole form, and is told so by it."""
        try:
            row = self.row(public_id)
        except Http404:
            return super().post(request, public_id)
        if not row.is_published or "full_mark" in request.POST:
            return super().post(request, public_id)
        form = EndForm(request.POST, begin=row.valid.lower)
        if not form.is_valid():
            return self.ending(row, form, status=422)
        return self.end(row, form, form.cleaned_data["valid_1"])

    def write(self, form: Any, reason: str) -> None:
        """No scores go by a form that does not tell of them."""
        row = form.instance
        if row.is_published and leaving(row, last_day_of(row)):
            told = _("这样填写，会有得分不再列出；请重新打开“填写结束日期”核对。")
            raise ValidationError({"valid": told})
        super().write(form, reason)

    def end(self, row: RatingSchemeVersion, form: EndForm, last_day: dt.date | None) -> HttpResponse:
        """Save the last day, once whoever fills it in has seen which scores go.

        A day that cannot be is refused before anybody is asked about its scores.
        """
        stood, shown_at = row.version, row.valid
        reason = self.request.POST.get(REASON, "").strip()[:MOST_REASON]
        row.valid = DateRange(shown_at.lower, last_day + dt.timedelta(days=1) if last_day else None)
        try:
            row.full_clean(exclude={"public_id"})
            going = leaving(row, last_day)
            if last_day is not None and going and self.request.POST.get(CONFIRMED) != last_day.isoformat():
                return self.ending(row, form, going=going, last_day=last_day, status=409)
            row.version = version_of(self.request)
            actions.save(row, by=self.request.user, reason=reason, needs=self.action)
        except actions.StaleVersion as error:
            return self.ending(error.stored, form, is_stale=True, status=409)
        except ValidationError as error:
            row.version, row.valid = stood, shown_at
            for name, listed in actions.errors_by_field(error).items():
                form.add_error("valid_1" if name == "valid" else None, listed)
            return self.ending(row, form, status=422)
        said = _("「%(row)s」没有改动，未保存。") if row.version == stood else _("已保存「%(row)s」。")
        messages.success(self.request, said % {"row": row})
        return HttpResponseRedirect(detail_url(row) or self.list_url)

    def ending(
        self,
        row: Any,
        form: EndForm,
        *,
        going: Sequence[Held] = (),
        last_day: dt.date | None = None,
        is_stale: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        """The page: what the day means, what hangs on it, and, where scores go, which."""
        context = {
            "row": row,
            "scheme": row.scheme,
            "form": form,
            "problems": problems(form),
            "held": scores_held(row),
            "going": [(each, each.goes_now(last_day)) for each in going],
            "last_day": last_day,
            "is_stale": is_stale,
            "stored_day": last_day_of(row),
            "reason": self.request.POST.get(REASON, ""),
            "cancel_url": detail_url(row),
            "list_url": self.list_url,
        }
        return render(self.request, "scorecards/version_end.html", context, status=status)
