"""Indicators, their values and runs over the API."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from communities.base.api import (
    Address,
    KeysetPagination,
    ListViewSet,
    RegisterViewSet,
    check,
    envelope,
    envelope_schema,
    page_size,
    refuse,
    refuse_not_yet,
    refuse_unknown,
)
from communities.base.measures import Grain, Indicator
from communities.base.paging import COUNT_CAP, Order
from communities.base.roles import Action
from communities.models import Committee, Division
from portal.scorecards import actions
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import figure, slot_positions
from portal.scorecards.filters import IndicatorValueFilterSet, RowsBehindFilterSet, RunFilterSet, period_of
from portal.scorecards.models import CurrentRun, MeasureCard, Run
from portal.scorecards.rows import subjects
from portal.scorecards.serializers import (
    IndicatorSerializer,
    IndicatorValueSerializer,
    RunRequestSerializer,
    RunSerializer,
    SubjectSerializer,
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

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Cards."""
        self.per_card = len(view.indicators_asked(request))
        return super().paginate_queryset(queryset, request, view)


class SubjectPagination(KeysetPagination):
    """For the document: subjects go one way, with the counts of the live rows beside the page."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """No order to choose, and no way back."""
        kept = {"after", "page_size"}
        return [each for each in super().get_schema_operation_parameters(view) if each["name"] in kept]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """With what tells whether figure and rows still agree."""
        return envelope_schema(
            schema,
            outcomes={"type": "object", "additionalProperties": {"type": "integer"}},
            changed_since={"type": "boolean", "description": "明细在测算之后有改动"},
            anchor_date={"type": "string", "format": "date"},
        )


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

    @extend_schema(responses=SubjectSerializer(many=True))
    @action(
        detail=False,
        action_to_read=Action.VIEW,
        filterset_class=RowsBehindFilterSet,
        pagination_class=SubjectPagination,
        serializer_class=SubjectSerializer,
    )
    def rows(self, request: Request) -> Response:
        """Who is behind a figure: each subject with its rooms, its standard and the clause.

        Unlike figures, rows are read only in one's own places. Asked live; ``changed_since`` says when the
        figure no longer agrees with them.
        """
        refuse_not_yet(request.query_params)
        asked = RowsBehindFilterSet(
            request.query_params, self.get_queryset(), request=request, also={"after", "page_size"}
        )
        check(asked)
        values, size = asked.form.cleaned_data, page_size(request)
        indicator = INDICATORS[values["indicator"]]
        if indicator.assessment is None:
            raise refuse("indicator", _("此指标不逐个判断,没有明细。"), "not_assessed")
        try:
            page = subjects(
                values["division"],
                values["period"],
                indicator,
                by=request.user,
                outcome=values["outcome"],
                after=position_of(request, indicator.assessment.grain),
                limit=size,
            )
        except CurrentRun.DoesNotExist as error:
            raise refuse("period", _("该报告期尚无测算结果。"), "not_computed") from error
        except Invalid as error:
            raise refuse("division", error.messages[0], "too_large") from error
        context = {"unit": indicator.assessment.key.unit}
        outcome = values["outcome"]
        return envelope(
            request,
            SubjectSerializer(page.subjects, many=True, context=context).data,
            following=str(page.after) if page.after else None,
            count=page.outcomes[str(outcome)] if outcome else sum(page.outcomes.values()),
            outcomes=page.outcomes,
            changed_since=page.changed_since,
            anchor_date=page.anchor_date,
        )


def position_of(request: Request, grain: Grain) -> uuid.UUID | None:
    """The subject after which to go on; a foreign one is as unknown as one that does not exist."""
    text = request.query_params.get("after")
    if text is None:
        return None
    model: Any = Committee if grain == Grain.COMMITTEE else Division
    try:
        position = uuid.UUID(text)
    except ValueError:
        position = None
    if position is None or not model.objects.visible_to(request.user).filter(public_id=position).exists():
        raise refuse("after", _("翻页位置无效。"), "invalid_cursor")
    return position


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
