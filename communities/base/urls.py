"""Addresses of registers: a list and, where rows have pages, one address per row."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from communities.base.tables import ROUTES


def register(route: str, code: str, list_page: Any, detail_page: Any = None) -> list[URLPattern]:
    """``route/`` and ``route/<id>/`` under the names ``code-list`` and ``code-detail``.

    Links to rows of the model are made everywhere from here on.
    """
    paths = [path(f"{route}/", list_page.as_view(), name=f"{code}-list")]
    if detail_page is not None:
        ROUTES[detail_page.model._meta.label] = code
        paths.append(path(f"{route}/<uuid:public_id>/", detail_page.as_view(), name=f"{code}-detail"))
    return paths
