"""Pages on which one row is entered, corrected, removed and brought back: the browser's door to ``actions``."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import date as date_text
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from communities.base import actions, drafts, wording
from communities.base.entry.clashes import Rebase, clashes
from communities.base.entry.forms import EntryForm
from communities.base.entry.parts import Lines, parts_shown, take_parts
from communities.base.models import Row
from communities.base.tables import READ_WHEN_REMOVED, ROUTES, detail_url
from communities.base.views import ScopedPage

MOST_REASON = 200
REASON = drafts.REASON
# The word of a writer who was shown a row like the new one, and means another.
AGAIN = "again"


class Otherwise(Http404):
    """The row is the writer's to write, but removed where it should stand, or stands where it should be removed."""

    def __init__(self, row: Any) -> None:
        super().__init__(str(row))
        self.row = row


class EntryPage(ScopedPage):
    """What the four pages have in common. ``entry`` is the register's form."""

    entry: ClassVar[type[EntryForm]]
    template_name: ClassVar[str] = "entry/form.html"

    @classmethod
    def of(cls, entry: type[EntryForm]) -> Any:
        """The page for one register."""
        page: Any = type(f"{entry.__name__}{cls.__name__}", (cls,), {"entry": entry, "action": entry.action})
        return page.as_view()

    @property
    def model(self) -> Any:
        return self.entry._meta.model

    @property
    def list_url(self) -> str:
        return reverse(f"{ROUTES[self.model._meta.label]}-list")

    def row(self, public_id: Any, *, deleted: bool = False) -> Any:
        """The row, where the user may write. Raises Http404; Otherwise where only its removal is not as asked."""
        row = get_object_or_404(
            self.model.objects.visible_to(self.request.user, self.action), public_id=public_id
        )
        if (row.deleted_at is not None) != deleted:
            raise Otherwise(row)
        return row

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Otherwise as found:
            return self.otherwise(found.row)

    def otherwise(self, row: Any) -> HttpResponse:
        """Somebody else removed the row: who, when and why, what was typed as reason here, and how to go on."""
        kept = row._meta.label in READ_WHEN_REMOVED
        history_url, back_url = detail_url(row) if kept else None, detail_url(row, "bring-back")
        if self.request.method != "POST":
            return HttpResponseRedirect(history_url or back_url or self.list_url)
        context = {
            "row": row,
            "kind": self.model._meta.verbose_name,
            "list_url": self.list_url,
            "list_title": self.model._meta.verbose_name_plural,
            "history_url": history_url,
            "bring_back_url": back_url,
            "reason": (self.request.POST.get("reason") or self.request.POST.get(REASON, ""))[:MOST_REASON],
        }
        return render(self.request, "entry/removed.html", context, status=409)

    @property
    def code(self) -> str:
        return ROUTES[self.model._meta.label]

    def draft(self, row: Any = None) -> Any | None:
        """What the user left unsaved in this form."""
        return drafts.draft_of(self.request.user, self.code, row.public_id if row is not None else None)

    def resumed(self, draft: Any, row: Any = None) -> tuple[Any, list[Lines]]:
        """The form as it was left, with its parts, not judged before it is sent."""
        more = {"instance": row} if row is not None else {}
        form = self.entry(drafts.typed_in(draft), user=self.request.user, **more)
        return form, unjudged(form)

    def draft_url(self, row: Any = None) -> str:
        """Where the form keeps its draft; empty where it keeps none."""
        if not self.entry.keeps_drafts:
            return ""
        return (
            reverse(f"{self.code}-new-draft")
            if row is None
            else reverse(f"{self.code}-edit-draft", args=[row.public_id])
        )

    def show(self, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        if isinstance(form, EntryForm):
            form.offer()
        context = {
            "form": form,
            "kind": self.model._meta.verbose_name,
            "list_url": self.list_url,
            "list_title": self.model._meta.verbose_name_plural,
            "problems": problems(form) if form is not None else [],
            **more,
        }
        for lines in more.get("parts", ()):
            context["problems"] += [
                (where, f"{lines.title} {label}", message)
                for line in lines.lines
                if not (line.is_empty or line.goes)
                for where, label, message in problems(line.form)
            ]
        return render(self.request, self.template_name, context, status=status)


def unjudged(form: Any) -> list[Lines]:
    """The parts of a form that is shown as it was typed, before anybody asks what is wrong with it."""
    parts = parts_shown(form)
    for each in (form, *(line.form for lines in parts for line in lines.lines)):
        each.leave_unjudged()
    return parts


def problems(form: Any) -> list[tuple[str, Any, str]]:
    """(id of the field or empty, its label, message) for the summary on top."""
    if not form.is_bound:
        return []
    found: list[tuple[str, Any, str]] = []
    for name, errors in form.errors.items():
        field = form[name] if name in form.fields else None
        for error in errors.as_data():
            at = end_of(field, error) if field is not None else ("", "")
            # A fault inside a rule knows its own field.
            inside = error.params if error.params and "where" in error.params else None
            where = (inside["where"], inside["label"]) if inside else at
            found += [(*where, message) for message in error.messages]
    return found


def end_of(field: Any, error: ValidationError) -> tuple[str, Any]:
    """Where a link to what is wrong leads, and what it says: of a time the day of which it is said."""
    part = getattr(error, "part", None)
    if part is None:
        return field.id_for_label, field.label
    end = field.field.widget.widgets[part].attrs.get("aria-label", "")
    return f"{field.auto_id}_{part}", f"{field.label} {end}".strip()


def take(form: Any, error: ValidationError, parts: list[Lines]) -> None:
    """Put an action's refusal where the form can show it: ``clauses.1.label`` at the line of that part."""
    for name, listed in actions.errors_by_field(error).items():
        target, field = form, name
        relation, _dot, rest = name.partition(".")
        for lines in parts:
            if rest and lines.name == relation:
                position, _dot, field = rest.partition(".")
                target = [line.form for line in lines.lines if not (line.is_empty or line.goes)][
                    int(position)
                ]
        target.add_error(field if field in target.fields else None, listed)


class CreatePage(EntryPage):
    """A new row, at the place at hand."""

    def get(self, request: HttpRequest) -> HttpResponse:
        draft = self.draft()
        if draft is not None and "draft" in request.GET:
            form, parts = self.resumed(draft)
            return self.shown(form, parts)
        form = self.entry(user=request.user, initial=self.known())
        return self.shown(form, parts_shown(form), draft=draft)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.entry(request.POST, user=request.user)
        parts = parts_shown(form)
        if take_parts(form, parts) & form.is_valid():
            twin = form.twin() if AGAIN not in request.POST else None
            if twin is not None:
                shown = {"twin": twin, "twin_url": detail_url(twin), "twin_said": wording.EXISTS}
                return self.shown(form, parts, status=409, **shown)
            try:
                row = self.write(form)
                drafts.discard(request.user, self.code, None)
            except ValidationError as error:
                take(form, error, parts)
            else:
                return self.written(row)
        return self.shown(form, parts, status=422)

    def shown(self, form: Any, parts: list[Lines], **more: Any) -> HttpResponse:
        return self.show(
            form, is_new=True, cancel_url=self.list_url, parts=parts, draft_url=self.draft_url(), **more
        )

    def write(self, form: Any) -> Any:
        """The new row. Raises what ``actions.save`` raises."""
        return actions.save(form.instance, by=self.request.user, needs=self.action)

    def written(self, row: Any) -> HttpResponse:
        """Where to go once it stands."""
        messages.success(self.request, _("已登记「%(row)s」。") % {"row": row})
        return HttpResponseRedirect(detail_url(row) or self.list_url)

    def known(self) -> dict[str, Any]:
        """What the address says already: the community, where it names one. Raises Http404 for a foreign place."""
        public_id = self.request.GET.get("place")
        places = ("division_now", "division", "jurisdiction")
        names = [name for name in places if name in self.entry.base_fields]
        if not public_id or not names:
            return {}
        visible = apps.get_model("communities", "Division").objects.visible_to(self.request.user, self.action)
        try:
            place = get_object_or_404(visible, public_id=public_id)
        except ValidationError as error:
            raise Http404 from error
        return {names[0]: place}


class EditPage(EntryPage):
    """A row corrected. Whoever saves second sees what the first one wrote, and decides."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        row = self.row(public_id)
        draft, version = self.draft(row), row.version
        if draft is not None and "draft" in request.GET:
            form, parts = self.resumed(draft, row)
            # Judged by the version that it began from: whoever wrote the row meanwhile is not written over.
            return self.shown(
                row, form, draft.version or version, parts=parts, reason=form.data.get(REASON, "")
            )
        return self.shown(row, self.entry(instance=row, user=request.user), version, draft=draft)

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        try:
            row = self.row(public_id)
        except Http404:
            return self.removed(self.row(public_id, deleted=True))
        label, stood, row.version = str(row), row.version, version_of(request)
        form = self.entry(request.POST, instance=row, user=request.user)
        reason = request.POST.get(REASON, "").strip()[:MOST_REASON]
        parts = parts_shown(form)
        if take_parts(form, parts) & form.is_valid():
            try:
                self.write(form, reason)
                drafts.discard(request.user, self.code, row.public_id)
            except actions.StaleVersion as error:
                gone = error.stored.deleted_at is not None
                return self.removed(error.stored) if gone else self.clashed(form, error.stored)
            except ValidationError as error:
                take(form, error, parts)
            else:
                if row.version == stood:
                    messages.info(request, _("「%(row)s」没有改动，未保存。") % {"row": row})
                else:
                    messages.success(request, _("已保存「%(row)s」。") % {"row": row})
                return HttpResponseRedirect(detail_url(row) or self.list_url)
        return self.shown(row, form, version_of(request), label=label, parts=parts, status=422)

    def removed(self, row: Any) -> HttpResponse:
        """Somebody took the row out meanwhile: what was typed stays on the page, and as a draft for its return."""
        request, version = self.request, version_of(self.request)
        if self.entry.keeps_drafts:
            names = drafts.names_kept(self.entry, request.POST)
            with suppress(ValidationError):
                drafts.keep(
                    request.user, self.code, row.public_id, version=version, typed=request.POST, names=names
                )
        form = self.entry(request.POST, instance=row, user=request.user)
        parts = unjudged(form)
        back = detail_url(row, "bring-back")
        return self.shown(row, form, version, parts=parts, removed=row, bring_back_url=back, status=409)

    def write(self, form: Any, reason: str) -> None:
        """The row as corrected. Raises what ``actions.save`` raises."""
        actions.save(form.instance, by=self.request.user, reason=reason, needs=self.action)

    def shown(self, row: Any, form: Any, version: int, *, label: str = "", **more: Any) -> HttpResponse:
        more.setdefault("parts", parts_shown(form))
        more.setdefault("reason", self.request.POST.get(REASON, ""))
        return self.show(
            form,
            row_label=label or str(row),
            version=version,
            cancel_url=self.list_url if row.deleted_at else detail_url(row) or self.list_url,
            draft_url=self.draft_url(row),
            **more,
        )

    def clashed(self, form: Any, stored: Row) -> HttpResponse:
        """Nothing was saved: show both values, and who wrote the other one.

        What this writer left as he was shown it takes on what the other one wrote.
        """
        form, parts = Rebase(form, stored, version_of(self.request)).done()
        records = apps.get_model("communities", "ChangeRecord").objects
        last = records.filter(model=stored._meta.label, object_id=stored.public_id).order_by("-pk").first()
        return self.shown(
            stored,
            form,
            stored.version,
            label=str(stored),
            status=409,
            clashes=list(clashes(form, parts, stored)),
            parts=parts,
            last=last,
        )


def version_of(request: HttpRequest) -> int:
    """The version that the page showed. Raises BadRequest."""
    text = request.POST.get("version", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest(_("页面已失效，请重新打开。"))
    return int(text)


class RemovePage(EntryPage):
    """A row taken out of the register, with the reason; what rests on it is named first."""

    template_name = "entry/remove.html"

    def get(self, _request: HttpRequest, public_id: Any) -> HttpResponse:
        return self.asked(self.row(public_id))

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        row = self.row(public_id)
        row.version = version_of(request)
        reason = request.POST.get("reason", "")[:MOST_REASON]
        try:
            self.take_out(row, reason)
        except ValidationError as error:
            return self.asked(self.row(public_id), wrong=error, status=422)
        except actions.StaleVersion as error:
            if error.stored.deleted_at is not None:
                raise Otherwise(error.stored) from error
            said = _("打开本页之后，这条记录已被他人修改，请核对后再删除。")
            return self.asked(error.stored, wrong=ValidationError(said), status=409)
        return self.taken_out(row)

    def taken_out(self, row: Any) -> HttpResponse:
        """Where to go once it is out."""
        back = reverse(f"{ROUTES[self.model._meta.label]}-bring-back", args=[row.public_id])
        undo = format_html(
            '{} <a href="{}">{}</a>', _("已删除「%(row)s」。") % {"row": row}, back, _("撤销删除")
        )
        messages.success(self.request, undo)
        return HttpResponseRedirect(self.list_url)

    def take_out(self, row: Any, reason: str) -> None:
        """Raises what ``actions.remove`` raises."""
        actions.remove(row, by=self.request.user, reason=reason, needs=self.action)

    def asked(self, row: Any, *, wrong: ValidationError | None = None, status: int = 200) -> HttpResponse:
        found = [] if wrong is None else actions.errors_by_field(wrong).items()
        where = {"reason": ("id_reason", _("删除原因"))}
        told = [
            (*where.get(name, ("", "")), message)
            for name, listed in found
            for error in listed
            for message in error.messages
        ]
        return self.show(
            None,
            row=row,
            version=row.version,
            uses=list(actions.uses_of(row)),
            problems=told,
            reason_is_wrong=any(place for place, _label, _message in told),
            reason=self.request.POST.get("reason", ""),
            cancel_url=detail_url(row) or self.list_url,
            status=status,
        )


class BringBackPage(EntryPage):
    """A removed row put back into its register."""

    template_name = "entry/bring_back.html"

    def get(self, _request: HttpRequest, public_id: Any) -> HttpResponse:
        row = self.row(public_id, deleted=True)
        return self.show(None, row=row, cancel_url=self.list_url)

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        row = self.row(public_id, deleted=True)
        try:
            actions.bring_back(row, by=request.user, needs=self.action)
        except actions.StaleVersion as error:
            raise Otherwise(error.stored) from error
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(request.path)
        messages.success(request, _("已恢复「%(row)s」。") % {"row": row})
        return HttpResponseRedirect(detail_url(row) or self.list_url)

    def otherwise(self, row: Any) -> HttpResponse:
        """It stands: nobody removed it, or somebody else brought it back."""
        if row.deleted_at is not None:
            # Removed once more since it was read; its page says by whom.
            return HttpResponseRedirect(self.request.path)
        records = apps.get_model("communities", "ChangeRecord").objects.order_by("-pk")
        back = records.filter(model=row._meta.label, object_id=row.public_id, verb="restore").first()
        said = _("「%(row)s」没有被删除，无须恢复。") % {"row": row}
        if back is not None:
            said = _("「%(row)s」已由 %(who)s 于 %(when)s 恢复。") % {
                "row": row,
                "who": back.user_name or _("系统"),
                "when": date_text(timezone.localtime(back.at), "Y-m-d H:i"),
            }
        messages.info(self.request, said)
        return HttpResponseRedirect(detail_url(row) or self.list_url)
