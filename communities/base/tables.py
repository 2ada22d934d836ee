"""Columns of registers: how a value is written in a table, the same in every list.

Numbers stand right with their unit in the head, dates as 2026-11-22, states as icon, word and colour together,
and whatever has a page of its own is a link where the reader may open it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import django_tables2 as tables
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from communities.base.paging import Order

EMPTY = mark_safe('<span class="none">—</span>')

# Model label -> name of its list and detail addresses; filled by ``communities.base.urls.register``.
ROUTES: dict[str, str] = {}
# The models whose pages of rows can still be read once a row is removed.
READ_WHEN_REMOVED: set[str] = set()


def resource_of(code: str) -> str:
    """What addresses call a register, those of pages and of the API alike: the last step of its list's own."""
    return reverse(f"{code}-list").rstrip("/").rpartition("/")[2]


def detail_url(row: Model, page: str = "detail") -> str | None:
    """The address of a row's page; None where the kind of row has none."""
    route = ROUTES.get(getattr(row, "page_label", row._meta.label))
    if route is None:
        return None
    try:
        return reverse(f"{route}-{page}", args=[row.public_id])  # type: ignore[attr-defined]
    except NoReverseMatch:
        return None


def may_open(user: Any, row: Model) -> bool:
    """Whether a row that another row names can be opened: a place only inside one's own scope."""
    path = getattr(row, "path_now", None)
    if path is None:
        return True
    return any(span.covers(path) for span in user.spans("view"))


def link(
    row: Model | None, user: Any, text: Any = None, query: str = "", page: str = "detail"
) -> SafeString | str:
    """The row's name, as a link where the reader may follow it; ``query`` goes along with the address."""
    if row is None:
        return EMPTY
    name = str(row) if text is None else text
    url = detail_url(row, page) if may_open(user, row) else None
    return format_html('<a href="{}{}">{}</a>', url, query, name) if url else str(name)


def day_text(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def span_text(valid: Any) -> str:
    """A half-open range as people read it: the last day included, an open end in words."""
    if valid is None:
        return ""
    since = day_text(valid.lower) if valid.lower else str(_("建档前"))
    until = day_text(valid.upper - dt.timedelta(days=1)) if valid.upper else str(_("至今"))
    return f"{since} — {until}" if valid.upper else f"{since} {until}"


def number_text(value: Decimal | int | None, places: int | None = None) -> str:
    """Thousands separated; ``places`` decimals, or as many as the number has."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,f}" if places is None else f"{value:,.{places}f}"


def moment_text(moment: dt.datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else ""


class Cell(NamedTuple):
    """One value to draw: in people's words, and as stored."""

    record: Any
    value: Any
    raw: Any
    table: RegisterTable


class Column(tables.Column):
    """A column of text. ``show`` draws one cell.

    ``order`` makes it sortable; ``unit`` stands in the head; ``wide`` ones are not shown until chosen.
    """

    css = ""

    def __init__(
        self, *args: Any, order: Order | None = None, unit: str = "", wide: bool = False, **kwargs: Any
    ) -> None:
        kwargs.setdefault("orderable", False)
        kwargs.setdefault("default", EMPTY)
        super().__init__(*args, **kwargs)
        self.order, self.unit, self.wide = order, unit, wide

    def show(self, cell: Cell) -> Any:
        """The content of one cell; plain text is escaped later."""
        return cell.value


class RowColumn(Column):
    """The row's own name, linked to its page: the first column, which stays while one scrolls."""

    css = "row-name"

    def show(self, cell: Cell) -> Any:
        return link(cell.record, cell.table.user, cell.value, cell.table.held, cell.table.opens)


class LinkColumn(Column):
    """Another row, linked."""

    def show(self, cell: Cell) -> Any:
        return link(cell.value, cell.table.user)


class PlaceColumn(Column):
    """A place with the places above it in small type."""

    def show(self, cell: Cell) -> Any:
        above = cell.table.place_lines.get(cell.value.pk, "")
        return format_html('{} <span class="above">{}</span>', link(cell.value, cell.table.user), above)


class AboveColumn(Column):
    """The places above the row, which is a place itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, accessor="pk", **kwargs)

    def show(self, cell: Cell) -> Any:
        return cell.table.place_lines.get(cell.record.pk, "") or EMPTY


class NumberColumn(Column):
    """A figure, right-aligned, tabular digits."""

    css = "number"

    def __init__(self, *args: Any, places: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def show(self, cell: Cell) -> str:
        return number_text(cell.value, self.places)


class DayColumn(Column):
    css = "day"

    def show(self, cell: Cell) -> Any:
        return day_text(cell.value)


class SpanColumn(Column):
    css = "day"

    def show(self, cell: Cell) -> str:
        return span_text(cell.value)


class MomentColumn(Column):
    css = "day"

    def show(self, cell: Cell) -> str:
        return moment_text(cell.value)


class YesNoColumn(Column):
    def show(self, cell: Cell) -> str:
        return str(_("是") if cell.value else _("否"))


class StateColumn(Column):
    """A state as icon, word and colour: ``looks`` maps the raw value to (icon, colour)."""

    def __init__(self, *args: Any, looks: dict[Any, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looks = looks

    def show(self, cell: Cell) -> SafeString:
        icon, colour = self.looks.get(cell.raw, ("point", "plain"))
        value = cell.value
        if isinstance(value, bool):
            value = _("是") if value else _("否")
        return format_html(
            '<span class="state state-{}"><i class="ti ti-{}" aria-hidden="true"></i>{}</span>',
            colour,
            icon,
            value,
        )


def pick_box(record: Any, cell: str) -> SafeString:
    """The box by which a row is ticked; ``cell`` is its name as markup."""
    name = mark_safe(strip_tags(cell))  # noqa: S308 - escaped before, and without its tags
    return format_html(
        '<label class="pick"><input type="checkbox" class="form-check-input" name="row" value="{}"'
        ' form="choosing" aria-label="{}"></label>',
        record.public_id,
        format_html("{} {}", _("选择"), name),
    )


Drawer = Callable[[Any], Any]


class RegisterTable(tables.Table):
    """A register's columns, in the order in which they stand.

    ``place`` names the accessor of the division whose line of ancestors is shown, if any; ``held`` is what links
    to the rows' own pages carry along, ``opens`` which of these pages it is; rows of a table ``is_chosen_from``
    have a box to tick.
    """

    place: ClassVar[str | None] = None

    class Meta:
        attrs = {"class": "register"}
        orderable = False
        template_name = "generic/table.html"

    def __init__(
        self,
        rows: Sequence[Any],
        *,
        user: Any,
        shown: Sequence[str],
        place_lines: dict[int, str] | None = None,
        held: str = "",
        is_chosen_from: bool = False,
        opens: str = "detail",
    ) -> None:
        self.user, self.held, self.opens, self.is_chosen_from = user, held, opens, is_chosen_from
        self.records = rows
        self.columns_shown = [self.declared()[name] for name in shown]
        self.place_lines = place_lines or {}
        super().__init__(rows)
        self._drawers = [self._drawer(name, self.declared()[name]) for name in shown]

    def lines(self) -> Iterator[SafeString]:
        """The cells of each row as markup, every value escaped; the first is the row's head.

        Columns are looked at once, not once for each cell, and no template runs for each: drawing by tables2
        itself costs a page of 50 rows three times as much.
        """
        tags = [self._attributes(column) for column in self.columns_shown]
        for record in self.records:
            cells = [conditional_escape(draw(record)) for draw in self._drawers]
            box = pick_box(record, cells[0]) if self.is_chosen_from else ""
            first = f'<th scope="row" role="rowheader"{tags[0]}>{box}{cells[0]}</th>'
            rest = "".join(
                f'<td role="cell"{tag}>{cell}</td>' for tag, cell in zip(tags[1:], cells[1:], strict=True)
            )
            yield mark_safe(first + rest)  # noqa: S308 - each cell is escaped above, as the tags are

    def _attributes(self, column: Column) -> str:
        """What a column's cells carry: its class, and its name for screens too narrow for a head."""
        unit = f"({column.unit})" if column.unit else ""
        label = format_html(' data-label="{}{}"', column.verbose_name, unit)
        return f' class="{column.css}"{label}' if column.css else label

    def _drawer(self, name: str, column: Column) -> Drawer:
        """How one column draws a record."""
        read = tables.A(column.accessor or name)
        show: Callable[[Cell], Any] = getattr(self, f"show_{name}", None) or column.show
        word = f"get_{read}_display"

        def draw(record: Any) -> Any:
            raw = read.resolve(record, quiet=True)
            if raw is None or raw == "":
                return column.default
            spoken = getattr(record, word, None)
            value = raw if spoken is None else spoken()
            return show(Cell(record, value, raw, self))

        return draw

    @classmethod
    def declared(cls) -> dict[str, Column]:
        columns: dict[str, Column] = cls.base_columns
        return columns

    @classmethod
    def default_columns(cls) -> list[str]:
        return [name for name, column in cls.declared().items() if not column.wide]

    @classmethod
    def orders(cls) -> dict[str, Order]:
        """What the list may be sorted by: the allow-list of ``?sort=``."""
        return {name: column.order for name, column in cls.declared().items() if column.order is not None}


def field_name(model: type[Model], name: str) -> Any:
    """What people call a field."""
    return getattr(model._meta.get_field(name), "verbose_name", name)


def describe(row: Any, name: str, user: Any, unit: Any = "") -> Any:
    """A field's value as a detail page writes it."""
    field = row._meta.get_field(name)
    value = getattr(row, name)
    if value is None or value in ("", []):
        return EMPTY
    if field.is_relation:
        return link(value, user)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if field.choices:
        return getattr(row, f"get_{name}_display")()
    if isinstance(value, list):
        labels = dict(getattr(field.base_field, "flatchoices", []))
        return "、".join(str(labels.get(item, item)) for item in value)
    return written(value, unit)


def written(value: Any, unit: Any = "") -> Any:
    """A plain value in the manner of the house, with its unit."""
    match value:
        case dt.datetime():
            return moment_text(value)
        case dt.date():
            return f"{value.year}年{value.month}月{value.day}日"
        case int() | Decimal():
            return f"{number_text(value)} {unit}".strip()
    if hasattr(value, "lower") and hasattr(value, "upper") and not isinstance(value, str):
        return (
            span_text(value)
            if isinstance(value.lower or value.upper, dt.date | None)
            else _bounds(value, unit)
        )
    return value


def _bounds(value: Any, unit: Any) -> str:
    """A range of whole numbers with both ends included."""
    low = number_text(value.lower or 0)
    high = number_text(value.upper - 1) if value.upper is not None else ""
    return f"{low} 至 {high} {unit}".strip() if high else f"{low} {unit} 以上"
