"""Addresses of periods."""

from __future__ import annotations

from django.urls import path

from communities.base.urls import register
from portal.scorecards import views

urlpatterns = [
    *register("periods", "period", views.PeriodList, views.PeriodDetail),
    path("periods/<uuid:public_id>/close/", views.ClosePeriod.as_view(), name="period-close"),
]
