"""Columns of the register of evidence."""

from __future__ import annotations

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from communities.base.entry.texts import visible
from communities.base.paging import Order
from communities.base.tables import (
    EMPTY,
    Cell,
    Column,
    DayColumn,
    PlaceColumn,
    RegisterTable,
    RowColumn,
    StateColumn,
)
from communities.tables import DueColumn, by_day, by_path

# A content that stands elsewhere too is to be looked at; that it is wrong nobody has said.
REPEATED = {True: ("copy", "missing"), False: ("check", "none")}


class PictureColumn(Column):
    """The small picture; of other files what they are."""

    def show(self, cell: Cell) -> Any:
        row = cell.record
        if not row.stored.thumbnail:
            return format_html(
                '<i class="ti ti-file" aria-hidden="true"></i>{}', row.stored.get_media_type_display()
            )
        return format_html(
            '<img class="thumb" src="{}" alt="" width="64" height="48" loading="lazy">',
            reverse("evidence-thumbnail", args=[row.public_id]),
        )


class RepeatedColumn(StateColumn):
    def show(self, cell: Cell) -> Any:
        if not cell.raw:
            return EMPTY
        return super().show(Cell(cell.record, _("重复使用"), cell.raw, cell.table))


class EvidenceTable(RegisterTable):
    place = "division"

    title = RowColumn(verbose_name=_("标题"), order=Order("title"))
    picture = PictureColumn(verbose_name=_("缩略图"), accessor="stored")
    kind = Column(verbose_name=_("类别"))
    division = PlaceColumn(verbose_name=_("所属地"), order=by_path("division__path_now"))
    taken_on = DayColumn(verbose_name=_("形成日期"), order=by_day("taken_on"))
    expires_on = DueColumn(verbose_name=_("有效期至"), order=by_day("expires_on"))
    is_repeated = RepeatedColumn(verbose_name=_("重复使用"), looks=REPEATED)
    size = Column(verbose_name=_("大小"), accessor="stored__size", wide=True)
    file_name = Column(verbose_name=_("原文件名"), wide=True)

    def show_size(self, cell: Cell) -> str:
        return filesizeformat(cell.raw)

    def show_file_name(self, cell: Cell) -> str:
        return visible(cell.raw)
