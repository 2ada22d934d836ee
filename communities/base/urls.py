"""Addresses of registers: a list and, where rows have pages, one address per row."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from communities.base.entry.draft_pages import DraftPage
from communities.base.entry.forms import ENTRIES, EntryForm
from communities.base.entry.pages import BringBackPage, CreatePage, EditPage, RemovePage
from communities.base.entry.together import TogetherPage
from communities.base.saved import LISTS
from communities.base.selection import ChosenIds
from communities.base.tables import ROUTES


def register(
    route: str, code: str, list_page: Any, detail_page: Any = None, *, entry: type[EntryForm] | None = None
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
        one = f"{route}/<uuid:public_id>"
        paths += [
            path(f"{route}/new/", CreatePage.of(entry), name=f"{code}-new"),
            path(f"{route}/bulk/", TogetherPage.beside(list_page, entry), name=f"{code}-bulk"),
            path(f"{route}/chosen/", ChosenIds.of(list_page, entry), name=f"{code}-chosen"),
            path(f"{one}/edit/", EditPage.of(entry), name=f"{code}-edit"),
            path(f"{route}/new/draft/", DraftPage.of(entry), name=f"{code}-new-draft"),
            path(f"{one}/edit/draft/", DraftPage.of(entry), name=f"{code}-edit-draft"),
            path(f"{one}/remove/", RemovePage.of(entry), name=f"{code}-remove"),
            path(f"{one}/bring-back/", BringBackPage.of(entry), name=f"{code}-bring-back"),
        ]
    return paths
