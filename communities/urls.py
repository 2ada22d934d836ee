"""Addresses of the ground's registers and of the place picker."""

from __future__ import annotations

from django.urls import include, path

from communities import forms, views
from communities.base.saved import LISTS, SavedViewPage, SavedViews
from communities.base.urls import register

# Registers that are also written as workbooks: address -> name and list.
WORKBOOKS = {
    "committees": ("committee", views.CommitteeList),
    "premises": ("premises", views.PremisesList),
    "nil-statements": ("nil-statement", views.NilStatementList),
    "household-counts": ("household-count", views.HouseholdCountList),
    "exemptions": ("exemption", views.ExemptionList),
}

LISTS["community"] = views.CommunityList

urlpatterns = [
    path("saved-views/", SavedViews.as_view(), name="saved-view-list"),
    path("saved-views/<uuid:public_id>/", SavedViewPage.as_view(), name="saved-view-detail"),
    *(
        path(f"{route}/export/", views.ExportPage.of(list_page, code), name=f"{code}-export")
        for route, (code, list_page) in WORKBOOKS.items()
    ),
    path("places/", views.Places.as_view(), name="places"),
    path("places/hits/", views.PlaceHits.as_view(), name="place-hits"),
    path("places/children/", views.PlaceChildren.as_view(), name="place-children"),
    path("communities/", views.CommunityList.as_view(), name="community-list"),
    *register("divisions", "division", views.DivisionList, views.DivisionDetail),
    *register(
        "committees", "committee", views.CommitteeList, views.CommitteeDetail, entry=forms.CommitteeForm
    ),
    *register("premises", "premises", views.PremisesList, views.PremisesDetail, entry=forms.PremisesForm),
    *register(
        "nil-statements",
        "nil-statement",
        views.NilStatementList,
        views.NilStatementDetail,
        entry=forms.NilStatementForm,
    ),
    *register(
        "household-counts",
        "household-count",
        views.HouseholdCountList,
        views.HouseholdCountDetail,
        entry=forms.HouseholdCountForm,
    ),
    *register(
        "exemptions", "exemption", views.ExemptionList, views.ExemptionDetail, entry=forms.ExemptionForm
    ),
    path("exports/<uuid:public_id>/", views.ExportDetail.as_view(), name="export-detail"),
    path("exports/<uuid:public_id>/file/", views.ExportedFile.as_view(), name="export-file"),
    path("imports/", views.ImportList.as_view(), name="import-list"),
    path("imports/new/", views.NewImport.as_view(), name="import-new"),
    path("imports/template/", views.TemplateFile.as_view(), name="import-template"),
    path("imports/<uuid:public_id>/", views.ImportDetail.as_view(), name="import-detail"),
    path("imports/<uuid:public_id>/confirm/", views.ConfirmImport.as_view(), name="import-confirm"),
    path("imports/<uuid:public_id>/refused/", views.RefusedFile.as_view(), name="import-refused"),
    *register(
        "policy-documents",
        "policy-document",
        views.PolicyDocumentList,
        views.PolicyDocumentDetail,
        entry=forms.PolicyDocumentForm,
    ),
    *register(
        "thresholds", "threshold", views.ThresholdList, views.ThresholdDetail, entry=forms.ThresholdForm
    ),
    path("", include("communities.approvals.urls")),
    path("", include("communities.evidence.urls")),
    *register("change-records", "change-record", views.ChangeRecordList, views.ChangeRecordDetail),
    *register("sign-in-records", "sign-in-record", views.SignInRecordList),
]
