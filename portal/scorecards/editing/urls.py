"""Addresses of rating schemes, their versions and items."""

from __future__ import annotations

from django.urls import path

from communities.base.urls import register
from portal.scorecards.editing import forms, pages, views
from portal.scorecards.editing.whatif_page import WhatIfPage

ONE_VERSION = "rating-scheme-versions/<uuid:public_id>"

urlpatterns = [
    *register(
        "rating-schemes",
        "rating-scheme",
        views.SchemeList,
        views.SchemeDetail,
        entry=forms.SchemeForm,
        pages=pages.SCHEME_PAGES,
    ),
    *register(
        "rating-scheme-versions",
        "rating-scheme-version",
        views.VersionList,
        views.VersionDetail,
        entry=forms.VersionForm,
        pages=pages.VERSION_PAGES,
    ),
    path(f"{ONE_VERSION}/publish/", views.PublishVersion.as_view(), name="rating-scheme-version-publish"),
    path(f"{ONE_VERSION}/copy/", views.CopyVersion.as_view(), name="rating-scheme-version-copy"),
    path(
        f"{ONE_VERSION}/differences/",
        views.VersionDifferences.as_view(),
        name="rating-scheme-version-differences",
    ),
    path(f"{ONE_VERSION}/what-if/", WhatIfPage.as_view(), name="rating-scheme-version-what-if"),
    *register(
        "rating-items",
        "rating-item",
        views.ItemList,
        views.ItemDetail,
        entry=forms.ItemForm,
        pages=pages.ITEM_PAGES,
    ),
]
