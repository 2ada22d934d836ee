"""Rating schemes over REST: read like all rule books, written by whoever answers for standards there."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from communities.base.api import envelope, refuse, refuse_unknown
from communities.base.entry.api import EntryViewSet, as_answers
from communities.base.entry.bodies import id_text, opened, unknown_in
from communities.base.entry.conditions import version_asked
from communities.base.entry.schema import ETAG, IF_MATCH
from communities.base.paging import Order, parse_decimal
from portal.scorecards import schemes
from portal.scorecards.api import WholeList
from portal.scorecards.editing import filters, forms
from portal.scorecards.editing.serializers import (
    CopySerializer,
    DifferenceSerializer,
    ItemSerializer,
    PublishSerializer,
    SchemeSerializer,
    VersionSerializer,
    WhatIfSerializer,
)
from portal.scorecards.editing.whatif_page import grade_rows, named_changes
from portal.scorecards.filters import period_of
from portal.scorecards.models import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
)
from portal.scorecards.reading import default_period
from portal.scorecards.scheme_differences import differences, previous_of
from portal.scorecards.scoring.whatif import what_if

WITH = OpenApiParameter("with", OpenApiTypes.UUID, description="与之比较的版本；不写则与上一版比较")

PERIOD = OpenApiParameter("period", OpenApiTypes.STR, description="报告期代码；不写则取最近测算过的")


class RatingSchemeViewSet(EntryViewSet):
    """Rating schemes: whom a place rates; their content stands in versions."""

    entry = forms.SchemeForm

    queryset = RatingScheme.objects.select_related("jurisdiction", "clause__document")
    filterset_class = filters.SchemeFilterSet
    serializer_class = SchemeSerializer
    orders = {"name": Order("name")}


class RatingSchemeVersionViewSet(EntryViewSet):
    """Versions of rating schemes, written with their groups, grades and vetoes until they are published."""

    entry = forms.VersionForm

    queryset = RatingSchemeVersion.objects.select_related("scheme").prefetch_related(
        Prefetch("groups", RatingGroup.objects.live().order_by("position", "pk"), to_attr="live_groups"),
        Prefetch("grades", RatingGrade.objects.live().order_by("-least", "pk"), to_attr="live_grades"),
        Prefetch("vetoes", RatingVeto.objects.live().order_by("position", "pk"), to_attr="live_vetoes"),
    )
    filterset_class = filters.VersionFilterSet
    serializer_class = VersionSerializer
    orders = {
        "number": Order("number", descending=True, parse=int),
        "full_mark": Order("full_mark", parse=parse_decimal),
    }

    @extend_schema(
        parameters=[IF_MATCH, ETAG],
        request=PublishSerializer,
        responses={200: VersionSerializer},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, public_id: Any) -> Response:
        """Make a draft count; needs ``If-Match``. Every obstacle is named.

        ``end_former``: the version in force that it overlaps ends the day before it begins, in the same act.
        """
        refuse_unknown(request.query_params, ())
        row = self.row_to_write(public_id)
        body, reason, wrong = opened(request.data or {})
        ends = body.get("end_former", False)
        if not isinstance(ends, bool):
            wrong |= {"end_former": [ErrorDetail(_("应为 true 或 false。"), "invalid")]}
        if wrong := unknown_in(body, ("end_former",)) | wrong:
            raise ValidationError(wrong)
        row.version = version_asked(request, row)
        former = schemes.former_of(row) if ends else None
        with as_answers(self.entry):
            schemes.publish_version(row, by=request.user, reason=reason, former=former)
        return self.told_of(row, status.HTTP_200_OK)

    @extend_schema(request=CopySerializer, responses={201: VersionSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, public_id: Any) -> Response:
        """A new draft with all that the version consists of."""
        refuse_unknown(request.query_params, ())
        row = self.row_to_write(public_id)
        sent = CopySerializer(data=request.data or {})
        sent.is_valid(raise_exception=True)
        with as_answers(self.entry):
            draft = schemes.copy_version(row, by=request.user, note=sent.validated_data["note"])
        answer = self.told_of(draft, status.HTTP_201_CREATED)
        answer["Location"] = request.path.replace(f"{public_id}/copy/", f"{draft.public_id}/")
        return answer

    @extend_schema(parameters=[WITH], responses=DifferenceSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=WholeList)
    def differences(self, request: Request, public_id: Any) -> Response:
        """What this version adds, leaves out and changes against another one, or the one before it."""
        refuse_unknown(request.query_params, {"with"})
        version = self.version_read(str(public_id))
        if "with" in request.query_params:
            asked = id_text(request.query_params["with"])
            if not asked:
                raise refuse("with", _("请给出另一个版本的编号。"), "invalid")
            other: RatingSchemeVersion | None = self.version_read(asked)
        else:
            other = previous_of(version, request.user)
        found = differences(other, version) if other is not None else []
        return envelope(request, DifferenceSerializer(found, many=True).data, count=len(found))

    @extend_schema(parameters=[PERIOD], responses=WhatIfSerializer, filters=False)
    @action(detail=True, methods=["get"], url_path="what-if", pagination_class=None)
    def what_if(self, request: Request, public_id: Any) -> Response:
        """What the version, draft or not, would give in a period: from the cards alone, and nothing is written.

        ``period`` left out: the latest one that is measured. Places that one may compare.
        """
        refuse_unknown(request.query_params, {"period"})
        version = self.version_read(str(public_id))
        try:
            asked = request.query_params.get("period")
            period = default_period() if asked is None else period_of(asked)
            if period is None:
                raise refuse("period", _("还没有测算过的报告期，请先测算。"), "not_measured")
            found = what_if(version, period, by=request.user)
        except Invalid as error:
            raise refuse("period", error.messages[0], error.code or "invalid") from error
        told = {
            "found": found,
            "grades": grade_rows(found),
            "changes": named_changes(found),
            "period": period,
        }
        return Response(WhatIfSerializer(told).data)

    def version_read(self, public_id: str) -> RatingSchemeVersion:
        """Raises NotFound for a version that one may not read, whether it exists or not."""
        version: RatingSchemeVersion | None = self.get_queryset().filter(public_id=public_id).first()
        if version is None:
            raise NotFound
        return version


class RatingItemViewSet(EntryViewSet):
    """Items of rating schemes with their rules."""

    entry = forms.ItemForm

    queryset = RatingItem.objects.select_related("group__scheme_version__scheme", "clause__document")
    filterset_class = filters.ItemFilterSet
    serializer_class = ItemSerializer
    orders = {
        "position": Order("position", parse=int),
        "name": Order("name"),
    }
