"""Addresses of the pages that gather several apps."""

from __future__ import annotations

from django.urls import path

from communities.base.tables import ROUTES
from communities.models import Community
from portal.dashboards import views

# The page of a community stands on this floor: it shows figures too.
ROUTES[Community._meta.label] = "community"

urlpatterns = [
    path("", views.home, name="home"),
    path("sight/", views.sight, name="sight"),
    path("workbench/", views.Workbench.as_view(), name="workbench"),
    path("dashboard/", views.Dashboard.as_view(), name="dashboard"),
    path("dashboard/subjects/", views.Subjects.as_view(), name="subjects"),
    path("dashboard/sources/", views.Sources.as_view(), name="sources"),
    path("dashboard/ratings/", views.Ratings.as_view(), name="ratings"),
    path("scores/", views.ScoreList.as_view(), name="score-list"),
    path("scores/run/", views.RunScores.as_view(), name="score-run"),
    path("scores/<uuid:public_id>/", views.ScoreDetail.as_view(), name="score-detail"),
    path("scores/<uuid:public_id>/rows/", views.ScoreRows.as_view(), name="score-rows"),
    path("communities/<uuid:public_id>/", views.CommunityPage.as_view(), name="community-detail"),
]
