"""The register of evidence, the page of one piece, and its files."""

from __future__ import annotations

import io
from typing import Any

from django.core.exceptions import BadRequest
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.actions import evidence
from communities.base.detail import DetailPage
from communities.base.entry.texts import visible
from communities.base.roles import Action
from communities.base.tables import detail_url
from communities.base.views import ListPage, ScopedPage, place_lines, readable
from communities.evidence import filters, tables
from communities.models import Evidence

# What stands beside a picture wherever it is shown: nothing of it may run or be asked for.
SEALED = "sandbox; default-src 'none'"
NAMED = 20


def answer(stored_file: Any, *, media_type: str, name: str, is_shown: bool) -> FileResponse:
    """A private file. Pictures may be shown in the page, everything else is saved by the browser."""
    try:
        # Read whole, as it came: it is no larger than an upload may be, and no file stays open meanwhile.
        with stored_file.open("rb") as stream:
            content = io.BytesIO(stream.read())
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(content, as_attachment=not is_shown, filename=name, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = SEALED
    return response


def file_answer(row: Evidence) -> FileResponse:
    """The file as it was given."""
    stored = row.stored
    return answer(stored.file, media_type=stored.media_type, name=row.file_name, is_shown=stored.is_picture)


def thumbnail_answer(row: Evidence) -> FileResponse:
    """The small picture. Raises Http404 for what is none."""
    if not row.stored.thumbnail:
        raise Http404
    return answer(row.stored.thumbnail, media_type="image/jpeg", name="thumbnail.jpg", is_shown=True)


class EvidenceFile(ScopedPage):
    """The file itself, for those who see the evidence."""

    def get(self, request: HttpRequest, public_id: Any) -> FileResponse:
        if request.GET:
            raise BadRequest(_("地址中有不认识的参数。"))
        rows = readable(Evidence, request.user, self.action).select_related("stored")
        return self.answered(get_object_or_404(rows, public_id=public_id))

    def answered(self, row: Evidence) -> FileResponse:
        return file_answer(row)


class EvidenceThumbnail(EvidenceFile):
    def answered(self, row: Evidence) -> FileResponse:
        return thumbnail_answer(row)


class EvidenceList(ListPage):
    model = Evidence
    table_class = tables.EvidenceTable
    filterset_class = filters.EvidenceFilterSet
    default_order = "-taken_on"
    related = ("division", "stored")
    new_label = gettext_lazy("上传")
    purpose = gettext_lazy("这里列出照片、扫描件等佐证材料。同一内容只存一份，用在不同地区或年份的会标明。")

    def page_rows(self) -> Any:
        return super().page_rows().noted()  # type: ignore[attr-defined] # of evidence


class EvidenceDetail(DetailPage):
    """A piece of evidence: the picture, what it is for, and where else its content is used."""

    model = Evidence
    related = ("division", "stored")
    template_name = "evidence/detail.html"
    groups = (
        (gettext_lazy("材料"), ("kind", "division", "taken_on", "expires_on", "note")),
        (gettext_lazy("文件"), ("file_name", "media_type", "size", "pixels", "digest")),
    )

    def fact_file_name(self) -> tuple[Any, Any]:
        return _("原文件名"), visible(self.row.file_name)

    def fact_media_type(self) -> tuple[Any, Any]:
        return _("类型"), self.row.stored.get_media_type_display()

    def fact_size(self) -> tuple[Any, Any]:
        return _("大小"), filesizeformat(self.row.stored.size)

    def fact_pixels(self) -> tuple[Any, Any]:
        stored = self.row.stored
        return _("像素"), f"{stored.width} × {stored.height}" if stored.width else "—"

    def fact_digest(self) -> tuple[Any, Any]:
        return _("SHA-256 摘要"), self.row.stored.digest

    def context(self) -> dict[str, Any]:
        found = super().context()
        if self.is_removed:
            return found
        row, user = self.row, self.request.user
        things, beyond = evidence.things_of(row, user)
        also, hidden = evidence.used_elsewhere(row, user, NAMED)
        lines = place_lines(each.division for each in also)
        return found | {
            "things": [(told, told.thing._meta.verbose_name, detail_url(told.thing)) for told in things],
            "things_beyond": beyond,
            "also_used": [(each, lines.get(each.division_id, "")) for each in also],
            "also_beyond": hidden,
            "also_number": len(also) + hidden,
            "may_link": bool(found["acts"]),
        }


MOST_BESIDE = 12


def beside(page: DetailPage) -> dict[str, Any] | None:
    """What the page of a thing shows of its evidence; None where evidence is no matter."""
    if not evidence.is_linkable(page.model):
        return None
    shown, number = evidence.evidence_of(page.row, page.request.user, MOST_BESIDE)
    place = page.place() or page.jurisdiction()
    return {
        "template": "evidence/beside.html",
        "links": shown,
        "beyond": number - len(shown),
        "thing": evidence.name_of(page.row),
        "may_add": page.may_write(Action.EDIT_REGISTERS, place),
    }
