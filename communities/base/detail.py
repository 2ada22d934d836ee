"""Detail pages by declaration: a view says which fields and parts, this class draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from communities.base.changes import History, history_of
from communities.base.entry.forms import ENTRIES
from communities.base.held import held_query
from communities.base.roles import Action
from communities.base.tables import READ_WHEN_REMOVED, ROUTES, RegisterTable, describe, detail_url
from communities.base.views import Head, ScopedPage, place_lines, readable

# What other registers show beside a row on its page: each gives a template and its context, or None.
BESIDE: list[Callable[[DetailPage], dict[str, Any] | None]] = []


@dataclass(frozen=True)
class Part:
    """A related list on a detail page; ``more`` leads to the whole register where it is longer."""

    title: Any
    table: RegisterTable
    heads: Sequence[Head]
    empty: Any
    more: str | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class FactGroup:
    """A heading with labels and values."""

    title: Any
    facts: Sequence[tuple[Any, Any]]


class DetailPage(ScopedPage):
    """One row: its fields in groups, what belongs to it, and how it changed; of a removed row that it was removed.

    ``groups`` are (heading, field names); ``units`` gives a field's unit; ``parts`` may be overridden.
    """

    model: ClassVar[Any]
    groups: ClassVar[tuple[tuple[Any, tuple[str, ...]], ...]] = ()
    units: ClassVar[dict[str, Any]] = {}
    related: ClassVar[tuple[str, ...]] = ()
    shows_history: ClassVar[bool] = True
    template_name = "generic/detail.html"
    part_size = 20

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        self.row = get_object_or_404(self.rows().select_related(*self.related), public_id=public_id)
        request.place_target = self.list_url  # type: ignore[attr-defined] # read by the frame of the page
        return render(request, self.template_name, self.context())

    def rows(self) -> QuerySet[Any]:
        """The rows that have a page for the reader."""
        if self.model._meta.label not in READ_WHEN_REMOVED:
            return readable(self.model, self.request.user, self.action)
        found: QuerySet[Any] = self.model.objects.visible_to(self.request.user, self.action)
        return found.select_related("deleted_by")

    @property
    def is_removed(self) -> bool:
        return getattr(self.row, "deleted_at", None) is not None

    @property
    def list_url(self) -> str:
        return reverse(f"{ROUTES[self.model._meta.label]}-list")

    def context(self) -> dict[str, Any]:
        place = self.place()
        acts = self.acts(place)
        return {
            "removed": self.row if self.is_removed else None,
            "bring_back_url": detail_url(self.row, "bring-back") if acts else None,
            "row": self.row,
            "title": self.heading(),
            "kind": self.model._meta.verbose_name,
            "list_url": self.list_url + held_query(self.request),
            "list_title": self.model._meta.verbose_name_plural,
            "place": place,
            "place_line": place_lines([place]).get(place.pk, "") if place is not None else "",
            "place_url": detail_url(place) if place is not None else None,
            "groups": self.fact_groups(),
            "parts": list(self.parts()),
            "history": self.history(),
            "acts": {} if self.is_removed else acts,
            "beside": [] if self.is_removed else [each for told in BESIDE if (each := told(self))],
        }

    def acts(self, place: Any) -> dict[str, str]:
        """Addresses of what the reader may do to the row."""
        entry = ENTRIES.get(self.model._meta.label)
        if entry is None or not self.may_write(entry.action, place or self.jurisdiction()):
            return {}
        code = ROUTES[self.model._meta.label]
        return {name: reverse(f"{code}-{name}", args=[self.row.public_id]) for name in ("edit", "remove")}

    def may_write(self, action: Action, place: Any) -> bool:
        """Whether the reader may do the form's action on what stands there."""
        spans = self.request.user.spans(action)  # type: ignore[union-attr]
        return place is not None and any(span.covers(place.path_now) for span in spans)

    def heading(self) -> str:
        return str(self.row)

    def place(self) -> Any:
        """The place on which the row stands, shown above the facts."""
        return getattr(self.row, "division_now", None) or getattr(self.row, "division", None)

    def jurisdiction(self) -> Any:
        """In whose name a row is written that stands on no place: a rule."""
        return getattr(self.row, "jurisdiction", None)

    def fact_groups(self) -> list[FactGroup]:
        return [FactGroup(title, [self.fact(name) for name in names]) for title, names in self.groups]

    def fact(self, name: str) -> tuple[Any, Any]:
        """Label and value of a field, or of a property named here as ``fact_NAME``."""
        own: Callable[[], tuple[Any, Any]] | None = getattr(self, f"fact_{name}", None)
        if own is not None:
            return own()
        try:
            label = self.model._meta.get_field(name).verbose_name
        except FieldDoesNotExist as error:
            raise LookupError(f"{self.model._meta.label} has no field {name}") from error
        return label, describe(self.row, name, self.request.user, self.units.get(name, ""))

    def parts(self) -> Iterable[Part]:
        """Lists that belong to the row."""
        return ()

    def history(self) -> History | None:
        """What changed, for those who may see the row."""
        return history_of(self.row, self.request.user, self.action) if self.shows_history else None

    def part(
        self,
        title: Any,
        table_class: type[RegisterTable],
        rows: QuerySet[Any],
        *,
        columns: Sequence[str],
        empty: Any,
        more: str | None = None,
    ) -> Part:
        """A related list of at most ``part_size`` rows in the register's own columns."""
        found = list(rows[: self.part_size + 1])
        declared = table_class.declared()
        table = table_class(
            found[: self.part_size],
            user=self.request.user,
            shown=columns,
        )
        heads = [
            Head(name, declared[name].verbose_name, declared[name].unit, declared[name].css, None, "none")
            for name in columns
        ]
        return Part(title, table, heads, empty, more, len(found) > self.part_size)
