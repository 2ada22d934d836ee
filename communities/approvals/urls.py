"""Addresses of decisions, and of the registers by which they are routed."""

from __future__ import annotations

from django.urls import path

from communities import views as ground
from communities.approvals import case_pages, forms, views
from communities.approvals.highest import HighestCreatePage
from communities.base.roles import Action
from communities.base.saved import LISTS
from communities.base.selection import ChosenIds
from communities.base.urls import EntryPages, register
from communities.models import ExemptionRequest

ONE = "approvals/<uuid:public_id>"
# What waits for the user stands at the register's own address.
BOXES = {
    "done": views.DoneList,
    "submitted": views.SubmittedList,
    "overdue": views.OverdueList,
    "all": views.AllList,
}
LISTS |= {f"approval-{name}": page for name, page in BOXES.items()}

urlpatterns = [
    *(
        path(f"approvals/{name}/", page.as_view(), name=f"approval-{name}-list")
        for name, page in BOXES.items()
    ),
    path("approvals/bulk/", case_pages.DecideMany.beside(views.ToDoList), name="approval-bulk"),
    path("approvals/chosen/", ChosenIds.of(views.ToDoList, Action.VIEW), name="approval-chosen"),
    *register("approvals", "approval", views.ToDoList, case_pages.CaseDetail),
    path(f"{ONE}/decide/", case_pages.Decide.as_view(), name="approval-decide"),
    path(f"{ONE}/withdraw/", case_pages.Withdraw.as_view(), name="approval-withdraw"),
    path(f"{ONE}/hand-on/", case_pages.HandOn.as_view(), name="approval-hand-on"),
    path(f"{ONE}/urge/", case_pages.Urge.as_view(), name="approval-urge"),
    *register("approval-routes", "approval-route", views.RouteList, views.RouteDetail, entry=forms.RouteForm),
    *register(
        "approval-freezes", "approval-freeze", views.FreezeList, views.FreezeDetail, entry=forms.FreezeForm
    ),
    *register(
        "approval-delegations",
        "approval-delegation",
        views.DelegationList,
        views.DelegationDetail,
        entry=forms.DelegationForm,
    ),
    *register(
        "holiday-schedules",
        "holiday-schedule",
        views.HolidayScheduleList,
        views.HolidayScheduleDetail,
        entry=forms.HolidayScheduleForm,
        pages=EntryPages(create=HighestCreatePage),
    ),
    *register(
        "exemption-requests",
        "exemption-request",
        views.ExemptionRequestList,
        views.ExemptionRequestDetail,
        entry=forms.ExemptionRequestForm,
    ),
    path(
        "exemption-requests/<uuid:public_id>/submit/",
        case_pages.SubmitRow.of(ExemptionRequest),
        name="exemption-request-submit",
    ),
    path(
        "exemption-requests/export/",
        ground.ExportPage.of(views.ExemptionRequestList, "exemption-request"),
        name="exemption-request-export",
    ),
]
