"""Addresses of evidence."""

from __future__ import annotations

from django.urls import path

from communities.base.detail import BESIDE
from communities.base.urls import EntryPages, register
from communities.evidence import pages, views
from communities.evidence.forms import EvidenceForm

ONE = "evidence/<uuid:public_id>"
BESIDE.append(views.beside)

urlpatterns = [
    path("evidence/link/", pages.LinkPage.as_view(), name="evidence-link"),
    *register(
        "evidence",
        "evidence",
        views.EvidenceList,
        views.EvidenceDetail,
        entry=EvidenceForm,
        pages=EntryPages(create=pages.UploadPage),
    ),
    path(f"{ONE}/file/", views.EvidenceFile.as_view(), name="evidence-file"),
    path(f"{ONE}/thumbnail/", views.EvidenceThumbnail.as_view(), name="evidence-thumbnail"),
    path("evidence-links/<uuid:public_id>/remove/", pages.UnlinkPage.as_view(), name="evidence-link-remove"),
]
