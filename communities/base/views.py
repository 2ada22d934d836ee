"""List pages by declaration: a register's view says what, these classes say how.

Every page asks ``visible_to`` once, here. A role that may not do the page's action gets 403, a foreign row or
place 404, a parameter nobody declared 400.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

import django_filters
from django import forms
from django.apps import apps
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from communities.base.entry.forms import ENTRIES
from communities.base.filters import REMOVED, IdFilter, PlaceFilter, RegisterFilterSet
from communities.base.held import AS_OF, ShownDay, asked_period, held_query, with_query
from communities.base.models import Row
from communities.base.paging import PAGE_SIZES, BadPosition, Order, Page, count_of, page_of, rows_of
from communities.base.places import ancestor_ids
from communities.base.roles import Action
from communities.base.saved import LISTS, VIEW, opened, views_of
from communities.base.selection import Choosing, choosing
from communities.base.tables import ROUTES, RegisterTable, resource_of

# Names in the address that the list itself reads.
OWN_PARAMETERS = frozenset({"place", "period", "sort", "after", "before", VIEW})
DISTRICT_LEVEL = 3


class ScopedPage(LoginRequiredMixin, View):
    """A page for whoever may do ``action`` somewhere; administrators see no business data by their roles."""

    action: ClassVar[Action] = Action.VIEW

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            if not request.user.may(self.action):
                raise PermissionDenied
            request.place_action = self.action  # type: ignore[attr-defined] # read by the frame of the page
        return super().dispatch(request, *args, **kwargs)


def readable(model: Any, user: Any, action: Action) -> QuerySet[Any]:
    """The rows that a reader may see: in his scope, and not deleted where rows can be."""
    rows: Any = model.objects.visible_to(user, action)
    return rows.live() if issubclass(model, Row) else rows


@dataclass(frozen=True)
class Chip:
    """One filter in force, with the address without it."""

    label: Any
    text: Any
    url: str


@dataclass(frozen=True)
class FilterField:
    """A filter as the bar draws it: words, day, one of, several of."""

    bound: forms.BoundField
    look: str

    @property
    def options(self) -> list[tuple[Any, Any, bool]]:
        """(value, label, chosen) for the looks that choose from a list."""
        value = self.bound.value() or []
        chosen = {str(item) for item in (value if isinstance(value, list | tuple) else [value])}
        return [(key, label, str(key) in chosen) for key, label in getattr(self.bound.field, "choices", ())]

    @property
    def nothing(self) -> Any:
        """What the list offers for leaving the filter out."""
        return dict(getattr(self.bound.field.widget, "choices", ())).get("", _("全部"))

    @property
    def chosen_count(self) -> int:
        return sum(1 for _key, _label, is_chosen in self.options if is_chosen)


@dataclass(frozen=True)
class Head:
    """A column's head: where a click on it sorts."""

    name: str
    label: Any
    unit: str
    css: str
    url: str | None
    state: str  # ascending, descending, none


def place_lines(rows: Iterable[Any], under: str = "") -> dict[int, str]:
    """Division id to the names of the places above it, from district level down. One query.

    What stands above the place at the path ``under``, and that place, is known to the reader and left out.
    """
    known = set(ancestor_ids(under))
    places = {
        place.pk: [pk for pk in ancestor_ids(place.path_now)[:-1] if pk not in known]
        for place in rows
        if place is not None
    }
    if not places:
        return {}
    division = apps.get_model("communities", "Division")
    above = division.objects.filter(
        pk__in={pk for line in places.values() for pk in line}, level__gte=DISTRICT_LEVEL
    )
    names = dict(above.values_list("pk", "name_now"))
    return {pk: " ".join(names[step] for step in line if step in names) for pk, line in places.items()}


class ListPage(ScopedPage):
    """A register as a list: filter bar, chips, sort by head, chosen columns, keyset paging.

    A view names ``model``, ``table_class``, ``filterset_class`` and ``default_order``; ``related`` is joined
    for the rows of one page only.
    """

    model: ClassVar[Any]
    table_class: ClassVar[type[RegisterTable]]
    filterset_class: ClassVar[type[RegisterFilterSet]]
    default_order: ClassVar[str]
    related: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[Any] = ""
    # What belongs here, for the empty page.
    purpose: ClassVar[Any] = ""
    # What entering a row is called.
    new_label: ClassVar[Any] = gettext_lazy("登记")
    template_name = "generic/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        request.follows_period = self.follows_period  # type: ignore[attr-defined] # read by the frame of the page
        filters = self.filters
        if filters.names_unknown_row:
            raise Http404
        if filters.form.unknown():
            raise BadRequest(_("地址中有不认识的参数。"))
        status = 200 if filters.is_valid() else 400
        context = self.context(filters)
        part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
        template = "generic/register.html" if part else self.template_name
        response = render(request, template, context, status=status)
        if part:
            response["HX-Push-Url"] = self.clean_address()
        patch_vary_headers(response, ["HX-Request"])
        return response

    def post(self, request: HttpRequest) -> HttpResponse:
        """Remember how the reader likes this list."""
        names = [name for name in self.table_class.declared() if name in request.POST.getlist("columns")]
        size = request.POST.get("page_size", "")
        self.preferences.update_or_create(
            defaults={
                "columns": names,
                "is_dense": request.POST.get("is_dense") == "1",
                "page_size": int(size) if size in {str(n) for n in PAGE_SIZES} else 50,
            },
            user=request.user,
            page=self.page_code,
        )
        return HttpResponseRedirect(with_query(request.path, request.GET))

    # -- rows ----------------------------------------------------------------------------------------

    def queryset(self) -> QuerySet[Any]:
        """The rows of the register that the reader may see; or the removed ones, if he may bring them back."""
        if self.shows_removed:
            writing = ENTRIES[self.model._meta.label].action
            removed: QuerySet[Any] = self.model.objects.visible_to(self.request.user, writing).removed()
            return removed
        return readable(self.model, self.request.user, self.action)

    def page_rows(self) -> QuerySet[Any]:
        """The rows of a page, found by their keys, with whatever the table shows of them."""
        rows: QuerySet[Any] = self.model._default_manager.select_related(*self.related)
        return rows

    @property
    def offers_removed(self) -> bool:
        """Whether the reader may bring back what was removed from the register."""
        entry = ENTRIES.get(self.model._meta.label)
        return entry is not None and bool(self.request.user.may(entry.action))  # type: ignore[union-attr]

    @property
    def shows_removed(self) -> bool:
        return self.offers_removed and self.request.GET.get(REMOVED) == "true"

    @cached_property
    def filters(self) -> RegisterFilterSet:
        """The filter set; the place in the address is its place filter, the period says on which day."""
        data = self.request.GET.copy()
        own = OWN_PARAMETERS
        if self.place_filter is not None:
            asked = data.pop("place", [""])[-1]
            if asked:
                data[self.place_filter] = asked
            own -= {"place"}
        if self.period is not None and not data.get(AS_OF) and not self.shows_removed:
            data[AS_OF] = self.period.anchor_date.isoformat()
        return self.filterset_class(
            data,
            self.queryset(),
            request=self.request,
            also=own,
            offers_removed=self.offers_removed,
        )

    @cached_property
    def place_filter(self) -> str | None:
        declared = self.filterset_class.base_filters
        return next((name for name, each in declared.items() if isinstance(each, PlaceFilter)), None)

    @property
    def follows_period(self) -> bool:
        """Whether a period in the address means its anchor day: a register for readers, of dated rows."""
        return self.action == Action.VIEW and AS_OF in self.filterset_class.base_filters

    @cached_property
    def period(self) -> Any | None:
        """The period in the address, where the register follows it. Raises Http404 for an unknown one."""
        return asked_period(self.request) if self.follows_period else None

    def shown_day(self, filters: RegisterFilterSet) -> ShownDay | None:
        """The day that the rows are shown on; None for the register as a whole."""
        day = filters.day
        if day is None:
            return None
        return ShownDay(day, self.period if self.period and self.period.anchor_date == day else None)

    def at_path(self, filters: RegisterFilterSet) -> str:
        """The path of the place at hand: the one asked for, else the one place that is the user's."""
        if self.place_filter is not None and filters.is_valid():
            place = filters.form.cleaned_data.get(self.place_filter)
            if place is not None:
                return str(place.path_now)
        spans = self.request.user.spans(self.action)  # type: ignore[union-attr]
        return spans[0].low if len(spans) == 1 else ""

    @cached_property
    def order(self) -> tuple[str, Order]:
        """The order asked for and its name. Raises BadRequest for one that is not on offer."""
        asked = self.request.GET.get("sort") or self.default_order
        name = asked.removeprefix("-")
        order = self.table_class.orders().get(name)
        if order is None:
            raise BadRequest(_("不能按此列排序。"))
        return asked, (order.reversed() if asked.startswith("-") else order)

    def page(self, rows: QuerySet[Any]) -> Page:
        asked = self.request.GET
        try:
            return page_of(
                rows,
                self.order[1],
                self.preference.page_size,
                after=asked.get("after") or None,
                before=asked.get("before") or None,
            )
        except BadPosition as error:
            raise BadRequest(_("翻页位置无效，请从第一页开始。")) from error

    def place_of(self, row: Any) -> Any:
        """The place whose line of ancestors the table shows."""
        accessor = self.table_class.place
        for step in (accessor or "").split("__"):
            row = row if step in ("", "self") else getattr(row, step)
        return row if accessor else None

    # -- the reader's liking -------------------------------------------------------------------------

    @property
    def page_code(self) -> str:
        """The word by which addresses, preferences and views know the list."""
        return next(code for code, page in LISTS.items() if isinstance(self, page))

    @property
    def preferences(self) -> Any:
        return apps.get_model("communities", "ListPreference").objects

    @cached_property
    def preference(self) -> Any:
        found = self.preferences.filter(user=self.request.user, page=self.page_code).first()
        return found or self.preferences.model(page=self.page_code)

    @cached_property
    def saved_views(self) -> Sequence[Any]:
        """The views of this list that are offered to the reader."""
        return views_of(self.request.user, self.page_code)

    @cached_property
    def saved_view(self) -> Any | None:
        """The view that the list was opened from."""
        return opened(self.saved_views, self.request)

    @property
    def shown_columns(self) -> list[str]:
        """Chosen columns in the table's order; the first always stays."""
        declared = list(self.table_class.declared())
        view = self.saved_view
        chosen = (
            (view.columns if view else None) or self.preference.columns or self.table_class.default_columns()
        )
        return [name for name in declared if name == declared[0] or name in chosen]

    @property
    def new_url(self) -> str | None:
        """Where a row is entered, for those who may: at the place at hand."""
        entry = ENTRIES.get(self.model._meta.label)
        if entry is None or not self.request.user.may(entry.action):  # type: ignore[union-attr]
            return None
        address = reverse(f"{ROUTES[self.model._meta.label]}-new")
        place = self.request.GET.get("place")
        return f"{address}?{urlencode({'place': place})}" if place else address

    def workbook_urls(self) -> dict[str, str]:
        """Where the rows shown are downloaded, and for those who may write, where a workbook is brought in."""
        entry = ENTRIES.get(self.model._meta.label)
        if entry is None or not entry.alike:
            return {}
        code = ROUTES[self.model._meta.label]
        # What comes back in a workbook names rows that stand.
        urls = (
            {}
            if self.shows_removed
            else {"export_url": with_query(reverse(f"{code}-export"), self.request.GET)}
        )
        if self.request.user.may(entry.action):  # type: ignore[union-attr]
            place = self.request.GET.get("place")
            query = urlencode({"resource": resource_of(code)} | ({"place": place} if place else {}))
            urls["import_url"] = f"{reverse('import-new')}?{query}"
        return urls

    def choosing(self, count: Any) -> Choosing | None:
        """What can be done with ticked rows; None for nothing."""
        return choosing(ENTRIES.get(self.model._meta.label), self.page_code, self.request, count)

    # -- what the template draws ---------------------------------------------------------------------

    def context(self, filters: RegisterFilterSet) -> dict[str, Any]:
        found = filters.qs if filters.is_valid() else filters.qs.none()
        page, count = self.page(found), count_of(found)
        choosing_rows = None if self.shows_removed else self.choosing(count)
        rows = rows_of(self.page_rows(), page)
        table = self.table_class(
            rows,
            user=self.request.user,
            place_lines=place_lines((self.place_of(row) for row in rows), self.at_path(filters)),
            shown=self.shown_columns,
            held=held_query(self.request),
            is_chosen_from=choosing_rows is not None,
            opens="bring-back" if self.shows_removed else "detail",
        )
        query = self.request.GET
        return {
            "view": self,
            "new_url": self.new_url,
            "new_label": self.new_label,
            **self.workbook_urls(),
            "title": self.title or self.model._meta.verbose_name_plural,
            "purpose": self.purpose,
            "table": table,
            "heads": self.heads(),
            "count": count,
            "choosing": choosing_rows,
            "query_text": query.urlencode(),
            "shown_day": self.shown_day(filters),
            "next_url": with_query(self.request.path, query, after=page.next) if page.next else None,
            "previous_url": with_query(self.request.path, query, before=page.previous)
            if page.previous
            else None,
            "first_url": with_query(self.request.path, query),
            "chips": self.chips(filters),
            "fields": self.filter_fields(filters),
            "hidden": self.hidden_fields(filters),
            "has_filters": bool(self.filter_names(filters) & set(query)),
            "clear_url": self.address_without(self.filter_names(filters)),
            "column_choices": self.column_choices(),
            "page_sizes": PAGE_SIZES,
            "preference": self.preference,
        }

    def column_choices(self) -> list[tuple[str, Any, bool]]:
        """(name, label, shown) of each column that may be left out."""
        return [
            (
                name,
                column.header if hasattr(column, "header") else column.verbose_name,
                name in self.shown_columns,
            )
            for name, column in list(self.table_class.declared().items())[1:]
        ]

    def heads(self) -> list[Head]:
        asked = self.order[0]
        heads = []
        for name in self.shown_columns:
            column = self.table_class.declared()[name]
            url, state = None, "none"
            if column.order is not None:
                descending = asked.startswith("-") if asked.removeprefix("-") == name else None
                state = "none" if descending is None else "descending" if descending else "ascending"
                url = with_query(
                    self.request.path, self.request.GET, sort=f"-{name}" if descending is False else name
                )
            heads.append(Head(name, column.verbose_name, column.unit, column.css, url, state))
        return heads

    def filter_names(self, filters: RegisterFilterSet) -> set[str]:
        return {name for name in filters.filters if name != self.place_filter}

    def filter_fields(self, filters: RegisterFilterSet) -> list[FilterField]:
        fields = []
        for name, each in filters.filters.items():
            if isinstance(each, IdFilter | django_filters.UUIDFilter):
                continue  # set by links, not typed
            bound = filters.form[name]
            match bound.field:
                case forms.MultipleChoiceField():
                    look = "several"
                case forms.ChoiceField():
                    look = "one"
                case forms.DateField():
                    look = "day"
                case _:
                    look = "words"
            fields.append(FilterField(bound, look))
        return fields

    def hidden_fields(self, filters: RegisterFilterSet) -> list[tuple[str, str]]:
        """What the filter bar's form must carry along."""
        drawn = {field.bound.name for field in self.filter_fields(filters)} | {"after", "before"}
        return [(k, v) for k, values in self.request.GET.lists() if k not in drawn for v in values]

    def chips(self, filters: RegisterFilterSet) -> list[Chip]:
        if not filters.is_valid():
            return []
        chips = []
        shown_day = self.shown_day(filters)
        by_period = {AS_OF} if shown_day is not None and shown_day.period is not None else set()
        for name, value in filters.chosen.items():
            if name in by_period | {self.place_filter}:
                continue
            each = filters.filters[name]
            choices = {str(k): label for k, label in getattr(filters.form[name].field, "choices", [])}
            raw = self.request.GET.getlist(name)
            text = "、".join(
                str(choices.get(item, value if isinstance(value, Model) else item)) for item in raw
            )
            chips.append(Chip(each.label, text, self.address_without({name})))
        return chips

    def address_without(self, names: Iterable[str]) -> str:
        return with_query(self.request.path, self.request.GET, **dict.fromkeys(names))

    def clean_address(self) -> str:
        """The address that is worth keeping: without the empty fields of the filter bar."""
        query = self.request.GET.copy()
        for name in [name for name, values in query.lists() if not any(values)]:
            del query[name]
        text = query.urlencode()
        return f"{self.request.path}?{text}" if text else self.request.path
