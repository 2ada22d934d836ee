"""All addresses below /api/v1/."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from communities.api import (
    ChangeViewSet,
    CommitteeViewSet,
    CommunityViewSet,
    DivisionViewSet,
    ExemptionViewSet,
    HouseholdCountViewSet,
    NilStatementViewSet,
    PolicyDocumentViewSet,
    PremisesViewSet,
    ThresholdViewSet,
)
from communities.approvals.api import (
    ApprovalDelegationViewSet,
    ApprovalFreezeViewSet,
    ApprovalRouteViewSet,
    ApprovalViewSet,
    ExemptionRequestViewSet,
    HolidayScheduleViewSet,
)
from communities.base.api import Address, refuse_unknown
from communities.base.querysets import today, valid_on
from communities.base.roles import ROLES, actions_of
from communities.base.serializers import NamedSerializer, PlaceSerializer
from communities.evidence.api import EvidenceViewSet
from communities.imports_api import ImportViewSet
from communities.models import ApiToken, User
from portal import errors
from portal.scorecards.api import IndicatorValueViewSet, IndicatorViewSet, RunViewSet
from portal.scorecards.editing.api import (
    RatingItemViewSet,
    RatingSchemeVersionViewSet,
    RatingSchemeViewSet,
)
from portal.scorecards.rules_api import RatingRuleViewSet
from portal.scorecards.scores_api import ScoreViewSet


class TokenScheme(OpenApiAuthenticationExtension):
    """Tells the OpenAPI document about tokens."""

    target_class = "portal.accounts.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        """Bearer."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": f"{ApiToken.PREFIX}_..."}


class HeldRoleSerializer(serializers.Serializer):
    """One role at one place."""

    code = serializers.CharField(source="role", read_only=True)
    name = serializers.CharField(source="get_role_display", read_only=True)
    division = PlaceSerializer(read_only=True)


class MeSerializer(serializers.Serializer):
    """Who asks."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    username = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    organisation = NamedSerializer(allow_null=True, read_only=True)
    roles = HeldRoleSerializer(source="assignments", many=True, read_only=True)
    actions = serializers.ListField(child=serializers.CharField(), read_only=True)


class MeView(Address):
    """Who I am and what I may do; with a token, what the token may do."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The account behind the request."""
        refuse_unknown(request.query_params, ())
        user = cast("User", request.user)
        held = user.role_assignments.live().filter(valid_on(today())).select_related("division")
        if user.token_role is not None:
            held = held.filter(role=user.token_role)
        me: Any = user
        me.assignments = [row for row in held.order_by("role", "pk") if row.role in ROLES]
        me.actions = sorted(actions_of(row.role for row in me.assignments))
        return Response(MeSerializer(me).data)


docs = TemplateView.as_view(template_name="api_docs.html")
unstored = cache_control(private=True, no_store=True)

router = SimpleRouter(use_regex_path=False)
router.register("divisions", DivisionViewSet, "api-division")
router.register("communities", CommunityViewSet, "api-community")
router.register("committees", CommitteeViewSet, "api-committee")
router.register("premises", PremisesViewSet, "api-premises")
router.register("household-counts", HouseholdCountViewSet, "api-household-count")
router.register("nil-statements", NilStatementViewSet, "api-nil-statement")
router.register("exemptions", ExemptionViewSet, "api-exemption")
router.register("exemption-requests", ExemptionRequestViewSet, "api-exemption-request")
router.register("approvals", ApprovalViewSet, "api-approval")
router.register("approval-routes", ApprovalRouteViewSet, "api-approval-route")
router.register("approval-freezes", ApprovalFreezeViewSet, "api-approval-freeze")
router.register("approval-delegations", ApprovalDelegationViewSet, "api-approval-delegation")
router.register("holiday-schedules", HolidayScheduleViewSet, "api-holiday-schedule")
router.register("evidence", EvidenceViewSet, "api-evidence")
router.register("policy-documents", PolicyDocumentViewSet, "api-policy-document")
router.register("thresholds", ThresholdViewSet, "api-threshold")
router.register("indicators", IndicatorViewSet, "api-indicator")
router.register("indicator-values", IndicatorValueViewSet, "api-indicator-value")
router.register("rating-rules", RatingRuleViewSet, "api-rating-rule")
router.register("rating-schemes", RatingSchemeViewSet, "api-rating-scheme")
router.register("rating-scheme-versions", RatingSchemeVersionViewSet, "api-rating-scheme-version")
router.register("rating-items", RatingItemViewSet, "api-rating-item")
router.register("runs", RunViewSet, "api-run")
router.register("scores", ScoreViewSet, "api-score")
router.register("imports", ImportViewSet, "api-import")
router.register("changes", ChangeViewSet, "api-change")

urlpatterns: list[URLPattern | URLResolver] = [
    *router.urls,
    path("me/", MeView.as_view(), name="api-me"),
    path("schema/", unstored(SpectacularAPIView.as_view()), name="api-schema"),
    path("docs/", unstored(login_required(docs)), name="api-docs"),
    # Last: an address that does not exist is an API error, not a page.
    re_path(r"^[\s\S]*$", errors.not_found, name="api-not-found"),
]
