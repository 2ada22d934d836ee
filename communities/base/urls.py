"""Addresses of registers: a list and, where rows have pages, one address per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, path

from communities.base.entry.draft_pages import DraftPage, TogetherDraftPage
from communities.base.entry.forms import ENTRIES, EntryForm
from communities.base.entry.pages import BringBackPage, CreatePage, EditPage, RemovePage
from communities.base.entry.row_pages import RowsPage
from communities.base.entry.together import TogetherPage
from communities.base.filters import FILTER_SETS
from communities.base.saved import LISTS
from communities.base.selection import ChosenIds
from communities.base.tables import READ_WHEN_REMOVED, ROUTES


@dataclass(frozen=True)
class EntryPages:
    """The pages on which rows are written; a register with rules of its own brings its own."""

    create: type[CreatePage] = CreatePage
    edit: type[EditPage] = EditPage
    remove: type[RemovePage] = RemovePage
    bring_back: type[BringBackPage] = BringBackPage


def row_paths(route: str, code: str, entry: type[EntryForm]) -> list[URLPattern]:
    """Where the fields of a form that name other rows search them: ``route/rows/<field>/``."""
    return [
        path(f"{route}/rows/{name}/", RowsPage.of_field(entry, name), name=f"{code}-rows-{name}")
        for name in entry.row_names()
    ]


def register(
    route: str,
    code: str,
    list_page: Any,
    detail_page: Any = None,
    *,
    entry: type[EntryForm] | None = None,
    pages: EntryPages = EntryPages(),
) -> list[URLPattern]:
    """``route/`` and ``route/<id>/`` under the names ``code-list`` and ``code-detail``.

    Links to rows of the model are made everywhere from here on. With ``entry`` rows are entered, corrected,
    removed and brought back at ``route/new/``, ``.../edit/``, ``.../remove/`` and ``.../bring-back/``, and many
    are changed together at ``route/bulk/``.
    """
    LISTS[code] = list_page
    paths = [path(f"{route}/", list_page.as_view(), name=f"{code}-list")]
    if detail_page is not None:
        ROUTES[detail_page.model._meta.label] = code
        paths.append(path(f"{route}/<uuid:public_id>/", detail_page.as_view(), name=f"{code}-detail"))
    if entry is not None:
        ENTRIES[entry._meta.model._meta.label] = entry
        FILTER_SETS[entry._meta.model._meta.label] = list_page.filterset_class
        if detail_page is not None and detail_page.shows_history:
            READ_WHEN_REMOVED.add(entry._meta.model._meta.label)
        one = f"{route}/<uuid:public_id>"
        paths += [
            path(f"{route}/new/", pages.create.of(entry), name=f"{code}-new"),
            path(f"{one}/edit/", pages.edit.of(entry), name=f"{code}-edit"),
            path(f"{one}/remove/", pages.remove.of(entry), name=f"{code}-remove"),
            path(f"{one}/bring-back/", pages.bring_back.of(entry), name=f"{code}-bring-back"),
            *row_paths(route, code, entry),
        ]
        if entry.keeps_drafts:
            paths += [
                path(f"{route}/new/draft/", DraftPage.of(entry), name=f"{code}-new-draft"),
                path(f"{one}/edit/draft/", DraftPage.of(entry), name=f"{code}-edit-draft"),
            ]
        if entry.bulk_names():
            paths += [
                path(f"{route}/bulk/", TogetherPage.beside(list_page, entry), name=f"{code}-bulk"),
                path(f"{route}/chosen/", ChosenIds.of(list_page, entry.action), name=f"{code}-chosen"),
            ]
            if entry.keeps_drafts:
                drafted = TogetherDraftPage.of(entry)
                paths.append(path(f"{route}/bulk/draft/", drafted, name=f"{code}-bulk-draft"))
    return paths
