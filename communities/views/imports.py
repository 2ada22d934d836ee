"""Workbooks in the browser: download a template or a register, upload, look at what would happen, confirm."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.actions import imports
from communities.base import wording
from communities.base.changes import spoken
from communities.base.entry.forms import EntryForm
from communities.base.entry.texts import visible
from communities.base.records import plain
from communities.base.roles import Action
from communities.base.tables import detail_url, moment_text, resource_of
from communities.base.views import ScopedPage
from communities.base.workbooks.columns import columns_of
from communities.base.workbooks.writing import download
from communities.choices import ImportMode, ImportState, JobState, RowOutcome
from communities.models import Division, ExportFile, ImportBatch, ImportRow

SHOWN = 50
LISTED = 100
NOTES = {
    "hidden_rows": "文件中有隐藏或筛选掉的行，这些行也会导入。",
    "hidden_sheet": "数据在隐藏的工作表中。",
    "old_template": "模板是旧版的，列有变化；能识别的列已照常读取。",
}


class ImportPage(ScopedPage):
    """What the pages of imports share: the register and the place that the address names."""

    action: ClassVar[Action] = Action.EDIT_REGISTERS
    parameters: ClassVar[frozenset[str]] = frozenset({"resource", "place", "period"})

    def asked_register(self) -> tuple[str, type[EntryForm]]:
        """Raises BadRequest for unknown parameters, Http404 for an unknown register."""
        if set(self.request.GET) - self.parameters:
            raise BadRequest(_("地址中有不认识的参数。"))
        code = imports.resources().get(self.request.GET.get("resource", ""))
        if code is None:
            raise Http404
        entry = imports.registers()[code]
        if not self.request.user.may(entry.action):  # type: ignore[union-attr]
            raise PermissionDenied
        return code, entry

    def asked_place(self, action: Action) -> Division:
        """The place in the address, else the one place where the user works. Raises Http404."""
        user: Any = self.request.user
        places = Division.objects.visible_to(user, action).filter(is_closed=False).defer("search")
        public_id = self.request.GET.get("place")
        if not public_id:
            found = places.filter(path_now=min((span.low for span in user.spans(action)), key=len)).first()
            if found is None:
                raise Http404
            return found
        try:
            return get_object_or_404(places, public_id=public_id)
        except ValidationError as error:
            raise Http404 from error


def list_url(register: str) -> str:
    return reverse(f"{register}-list")


def title_of(register: str) -> str:
    """The Chinese name of a register."""
    return str(imports.registers()[register]._meta.model._meta.verbose_name_plural)


class TemplateFile(ImportPage):
    """The empty template of a register for a place."""

    def get(self, request: HttpRequest) -> FileResponse:
        register, entry = self.asked_register()
        place = self.asked_place(entry.action)
        file = io.BytesIO()
        imports.write_template(file, register=register, division=place, by=request.user)
        return download(file, _("%(title)s模板(%(place)s)") % {"title": title_of(register), "place": place})


class NewImport(ImportPage):
    """Choose a file for a register and a place."""

    def get(self, _request: HttpRequest) -> HttpResponse:
        return self.shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        register, entry = self.asked_register()
        file = request.FILES.get("file")
        if file is None:
            return self.shown(str(wording.FILE))
        begun = timezone.now()
        try:
            batch = imports.upload(
                register=register,
                division=self.asked_place(entry.action),
                file=file,
                name=file.name or "",
                by=request.user,
            )
        except ValidationError as error:
            return self.shown(" ".join(error.messages))
        if batch.created_at < begun:
            told = _("这个文件已于 %(when)s 上传过，还没有处理完，没有再次接收。下面是那一次的结果。")
            messages.info(request, told % {"when": moment_text(batch.created_at)})
        return HttpResponseRedirect(reverse("import-detail", args=[batch.public_id]))

    def shown(self, wrong: str = "") -> HttpResponse:
        register, entry = self.asked_register()
        place = self.asked_place(entry.action)
        query = urlencode({"resource": resource_of(register), "place": place.public_id})
        context = {
            "title": title_of(register),
            "list_url": list_url(register),
            "place": place,
            "wrong": wrong,
            "template_url": f"{reverse('import-template')}?{query}",
            "export_url": f"{reverse(f'{register}-export')}?{urlencode({'place': place.public_id})}",
            "here": f"{reverse('import-new')}?{query}",
        }
        return render(self.request, "imports/new.html", context, status=422 if wrong else 200)


class ImportList(ImportPage):
    """One's own uploads, the latest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.GET:
            raise BadRequest(_("地址中有不认识的参数。"))
        found = ImportBatch.objects.visible_to(request.user).select_related("division")
        batches = [
            (batch, visible(batch.file_name), title_of(batch.register))
            for batch in found.order_by("-pk")[:LISTED]
        ]
        return render(request, "imports/list.html", {"batches": batches, "most": LISTED})


@dataclass(frozen=True)
class Shown:
    """A row of a batch as its page shows it: where it stands, what it is called, and its lines."""

    line: int
    label: str
    url: str | None
    values: list[tuple[str, str]]
    changes: list[tuple[str, str, str]]
    faults: list[tuple[str, str, str]]


class ImportDetail(ImportPage):
    """One upload: how far it is, what would happen or has happened, and what its owner may do now."""

    parameters = frozenset({"outcome", "after", "place", "period"})

    @cached_property
    def batch(self) -> ImportBatch:
        batches = ImportBatch.objects.visible_to(self.request.user).select_related(
            "division", "job", "repeats"
        )
        batch: ImportBatch = get_object_or_404(batches, public_id=self.kwargs["public_id"])
        return batch

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:  # noqa: ARG002 - read by ``batch``
        if set(request.GET) - self.parameters:
            raise BadRequest(_("地址中有不认识的参数。"))
        part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
        return render(request, "imports/state.html" if part else "imports/detail.html", self.context())

    def context(self) -> dict[str, Any]:
        batch = self.batch
        outcome = self.outcome()
        rows, more = self.rows(outcome)
        return {
            "batch": batch,
            "file_name": visible(batch.file_name),
            "title": title_of(batch.register),
            "list_url": list_url(batch.register),
            "notes": [NOTES[note] for note in batch.notes if note in NOTES],
            "is_waiting": batch.state in {ImportState.UPLOADED, ImportState.CHECKING, ImportState.APPLYING},
            "tabs": [(code, label, batch.count(code)) for code, label in RowOutcome.choices],
            "outcome": outcome,
            "rows": rows,
            "more": more,
            "writes": batch.count(RowOutcome.CREATED) + batch.count(RowOutcome.CHANGED),
            "refused": batch.count(RowOutcome.REFUSED),
            "new_url": f"{reverse('import-new')}?"
            + urlencode({"resource": resource_of(batch.register), "place": batch.division.public_id}),
        }

    def outcome(self) -> str:
        """The tab asked for, else the first that needs a person's eyes."""
        asked = self.request.GET.get("outcome", "")
        if asked and asked not in RowOutcome.values:
            raise BadRequest(_("地址中的参数无效。"))
        order = (RowOutcome.REFUSED, RowOutcome.CHANGED, RowOutcome.CREATED, RowOutcome.UNCHANGED)
        return asked or next((code for code in order if self.batch.count(code)), RowOutcome.CREATED)

    def rows(self, outcome: str) -> tuple[list[Shown], int | None]:
        """A page of rows, and the line after which the next begins."""
        after = self.request.GET.get("after", "0")
        if not (after.isascii() and after.isdecimal() and len(after) < 8):
            raise BadRequest(_("翻页位置无效，请从第一页开始。"))
        found = ImportRow.objects.filter(batch=self.batch, outcome=outcome, line__gt=int(after)).order_by(
            "line"
        )
        page = list(found[: SHOWN + 1])
        shown = Preview(self.batch).shown(page[:SHOWN])
        return shown, page[SHOWN - 1].line if len(page) > SHOWN else None


class Preview:
    """Rows of a batch in people's words."""

    def __init__(self, batch: ImportBatch) -> None:
        self.target = imports.target_of(batch)
        self.fields = {name: self.target.model._meta.get_field(name) for name in self.target.names}
        self.columns = columns_of(self.target.form)
        self.labels = {name: str(field.label) for name, field in self.target.form.fields.items()}

    def shown(self, rows: list[ImportRow]) -> list[Shown]:
        keys = [row.row_pk for row in rows if row.row_pk is not None]
        related = [name for name, field in self.fields.items() if field.is_relation]
        stored = self.target.model._default_manager.select_related(*related).in_bulk(keys)
        return [self.row(row, stored.get(row.row_pk)) for row in rows]

    def row(self, row: ImportRow, stored: Any) -> Shown:
        values = imports.values_of_cells(row.cells, self.target)
        given = {name: self.said(name, value) for name, value in values.items() if name not in row.wrong}
        kept = {name: self.said(name, getattr(stored, name)) for name in given} if stored is not None else {}
        changes = [
            (self.labels[name], kept[name], text)
            for name, text in given.items()
            if name in kept and kept[name] != text and row.outcome != RowOutcome.UNCHANGED
        ]
        return Shown(
            row.line,
            stored.record_label() if stored is not None else self.label(values, row.wrong),
            detail_url(stored) if stored is not None else None,
            [
                (self.labels[name], text)
                for name, text in given.items()
                if values[name] not in (None, "", False)
            ],
            changes,
            [
                (self.labels.get(fault["name"], ""), visible(self.value(fault, row)), fault["message"])
                for fault in row.errors or ()
            ],
        )

    def value(self, fault: dict[str, Any], row: ImportRow) -> str:
        return imports.shown_value(fault, row, self.target, self.columns)

    def label(self, values: dict[str, Any], wrong: Sequence[str]) -> str:
        """The row's own words for itself; where they need a cell that could not be read, those it is known by."""
        known = {
            name: value for name, value in values.items() if name not in wrong and value not in (None, "")
        }
        words = ""
        with suppress(ObjectDoesNotExist, TypeError):
            words = self.target.model(**known).record_label()
        words = " ".join(words.split())
        return words or " ".join(
            self.said(name, known[name]) for name in self.target.form.alike if name in known
        )

    def said(self, name: str, value: Any) -> str:
        if hasattr(value, "public_id"):
            return str(value)
        return spoken(plain(value), self.fields[name])


class ConfirmImport(ImportDetail):
    """The owner's word on a checked upload."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:  # noqa: ARG002 - nothing to read here
        return HttpResponseRedirect(reverse("import-detail", args=[public_id]))

    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        mode = request.POST.get("mode", "")
        if mode not in ImportMode.values:
            raise BadRequest(_("请选择入库方式。"))
        try:
            imports.confirm(self.batch, mode=mode, by=request.user)
        except ValidationError as error:
            messages.warning(request, " ".join(error.messages))
        except imports.NotReady:
            messages.warning(request, _("这次导入已经处理过了。"))
        return HttpResponseRedirect(reverse("import-detail", args=[public_id]))


class RefusedFile(ImportDetail):
    """The refused rows with their reasons, ready to be mended."""

    def get(self, request: HttpRequest, public_id: Any) -> Any:  # noqa: ARG002 - read by ``batch``
        if not self.batch.count(RowOutcome.REFUSED) or not self.batch.file:
            raise Http404
        file = io.BytesIO()
        imports.write_refused(file, self.batch)
        name = self.batch.file_name.rpartition(".")[0] or self.batch.file_name
        return download(file, _("%(name)s(退回)") % {"name": name})


class ExportPage:
    """Turns a register's list page into its workbook: the same filters, the same rows."""

    most = 100_000
    offers_removed = False

    @classmethod
    def of(cls, list_page: Any, register: str) -> Any:
        """The view beside one list."""
        page = type(f"{list_page.__name__}Export", (cls, list_page), {"register": register})
        return page.as_view()  # type: ignore[attr-defined]

    def get(self: Any, request: HttpRequest) -> Any:
        """The rows that the list shows now, all pages of it: at once, or by a worker where they are many."""
        filters = self.filters
        if filters.names_unknown_row:
            raise Http404
        if filters.form.unknown() or not filters.is_valid():
            raise BadRequest(_("地址中有不认识的参数。"))
        place = self.place_to_export()
        rows = filters.qs.below(place.path_now)
        if rows[self.most :].exists():
            told = _("超过 %(most)d 条，请先选择地区或加上筛选条件再导出。") % {"most": self.most}
            messages.warning(request, told)
            return HttpResponseRedirect(f"{list_url(self.register)}?{request.GET.urlencode()}")
        if rows[settings.EXPORT_AT_ONCE :].exists():
            query = filters.data.copy()
            for name in set(query) - set(filters.filters):
                del query[name]
            export = imports.exports.request_export(
                register=self.register, query=query.urlencode(), division=place, by=request.user
            )
            return HttpResponseRedirect(reverse("export-detail", args=[export.public_id]))
        file = io.BytesIO()
        ordered = self.model._default_manager.filter(pk__in=rows.values("pk")).order_by(
            *self.model._meta.ordering
        )
        imports.write_register(file, ordered, register=self.register, division=place, by=request.user)
        return download(file, export_name(self.register, place))

    def post(self: Any, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - the list's own way to remember
        """There is nothing to write here."""
        return HttpResponse(status=405)

    def place_to_export(self: Any) -> Division:
        """The place at hand, else the outermost one that the reader may read."""
        path = self.at_path(self.filters) or min(
            (span.low for span in self.request.user.spans(self.action)), key=len, default=""
        )
        return get_object_or_404(Division, path_now=path)


def export_name(register: str, place: Division) -> str:
    """What a downloaded register is called."""
    return _("%(title)s(%(place)s)") % {"title": title_of(register), "place": place}


class ExportDetail(ScopedPage):
    """A file that a worker writes: wait for it, then fetch it."""

    action: ClassVar[Action] = Action.VIEW

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        if request.GET:
            raise BadRequest(_("地址中有不认识的参数。"))
        export = self.export(public_id)
        part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
        context = {
            "export": export,
            "title": title_of(export.register),
            "list_url": list_url(export.register),
            "has_failed": export.job is not None and export.job.state == JobState.FAILED,
            "is_gone": export.job is not None and export.job.state == JobState.DONE and not export.file,
        }
        return render(request, "exports/state.html" if part else "exports/detail.html", context)

    def export(self, public_id: Any) -> ExportFile:
        found = ExportFile.objects.visible_to(self.request.user).select_related("division", "job")
        export: ExportFile = get_object_or_404(found, public_id=public_id)
        return export


class ExportedFile(ExportDetail):
    """The file itself."""

    def get(self, request: HttpRequest, public_id: Any) -> Any:  # noqa: ARG002 - nothing to read
        export = self.export(public_id)
        if not export.file:
            raise Http404
        return download(export.file.open("rb"), export_name(export.register, export.division))
