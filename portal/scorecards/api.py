"""Indicators, their values and runs over the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from communities.base.api import (
    Address,
    KeysetPagination,
    ListViewSet,
    RegisterViewSet,
    envelope,
    page_size,
    refuse,
    refuse_unknown,
)
from communities.base.measures import Indicator
from communities.base.paging import COUNT_CAP, Order
from communities.base.roles import Action
from portal.scorecards import actions
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import figure, slot_positions
from portal.scorecards.filters import IndicatorValueFilterSet, RunFilterSet, period_of
from portal.scorecards.models import MeasureCard, Run
from portal.scorecards.serializers import (
    IndicatorSerializer,
    IndicatorValueSerializer,
    RunRequestSerializer,
    RunSerializer,
    value_row,
)


class WholeList(KeysetPagination):
    """The envelope alone, for lists that fit into one answer."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        """None."""
        return []


@extend_schema_view(
    list=extend_schema(responses=IndicatorSerializer(many=True)),
    retrieve=extend_schema(responses=IndicatorSerializer),
)
class IndicatorViewSet(Address, ViewSet):
    """Indicators are declared in the program and addressed by code."""

    action_to_read = Action.COMPARE
    serializer_class = IndicatorSerializer
    pagination_class = WholeList
    lookup_field = "code"
    lookup_value_converter = "slug"
    http_method_names = ("get", "head")

    def list(self, request: Request) -> Response:
        """All of them, in the order of pages."""
        refuse_unknown(request.query_params, ())
        rows = IndicatorSerializer(list(INDICATORS.values()), many=True).data
        return envelope(request, rows, count=len(rows))

    def retrieve(self, request: Request, code: str) -> Response:
        """One indicator."""
        refuse_unknown(request.query_params, ())
        if code not in INDICATORS:
            raise NotFound
        return Response(IndicatorSerializer(INDICATORS[code]).data)


class ValuePagination(KeysetPagination):
    """Pages of whole cards: as many as give about ``page_size`` values."""

    def size(self, request: Request, view: Any) -> int:
        return max(1, page_size(request) // len(view.indicators_asked(request)))

    def get_paginated_response(self, data: Any) -> Response:
        """Counts values, not cards."""
        number = self.count.number * self.per_card
        return envelope(
            self.request,
            data,
            following=self.page.next,
            preceding=self.page.previous,
            count=min(number, COUNT_CAP),
            is_capped=self.count.is_capped or number > COUNT_CAP,
        )

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[Any]:
        """Cards."""
        self.per_card = len(view.indicators_asked(request))
        return super().paginate_queryset(queryset, request, view)


class IndicatorValueViewSet(ListViewSet):
    """Values of indicators, for every place of one's own city, with the two rates side by side.

    Without ``period`` all periods. A place that one may not compare is 404, whether it exists or not.
    """

    queryset = (
        MeasureCard.objects.current().select_related("division", "period", "run").defer("division__search")
    )
    action_to_read = Action.COMPARE
    filterset_class = IndicatorValueFilterSet
    serializer_class = IndicatorValueSerializer
    pagination_class = ValuePagination
    orders = {"place": Order("division__path_now"), "period": Order("period__code")}

    @staticmethod
    def indicators_asked(request: Request) -> list[Indicator]:
        """One or all."""
        code = request.query_params.get("indicator")
        return [INDICATORS[code]] if code in INDICATORS else list(INDICATORS.values())

    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Card by card, each indicator in the order of the catalogue."""
        cards = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        positions = slot_positions()
        asked = self.indicators_asked(request)
        rows = [
            value_row(card, figure(indicator, card.values, positions))
            for card in cards
            for indicator in asked
        ]
        return self.get_paginated_response(rows)


class RunViewSet(RegisterViewSet):
    """Measuring runs: what was computed when, and asking for a new one."""

    queryset = Run.objects.select_related("period", "job", "current")
    action_to_read = Action.COMPARE
    filterset_class = RunFilterSet
    serializer_class = RunSerializer
    orders = {"created_at": Order("created_at", descending=True, parse=dt.datetime.fromisoformat)}
    http_method_names = ("get", "head", "post")

    def needed(self, request: Request) -> tuple[Action, ...]:
        """Reading needs less than starting one."""
        return (Action.RUN,) if request.method == "POST" else (self.action_to_read,)

    @extend_schema(request=RunRequestSerializer, responses={202: RunSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a run; while one of the period is under way, that one is answered."""
        refuse_unknown(request.query_params, ())
        asked = RunRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            period = period_of(asked.validated_data["period"])
            run = actions.request_run(period=period, by=request.user)
        except Invalid as error:
            raise refuse("period", error.messages[0], error.code or "invalid") from error
        return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)
