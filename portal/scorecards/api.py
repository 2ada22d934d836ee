"""Indicators, their values and runs over the API."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from communities.base.measures import Indicator
from communities.base.paging import COUNT_CAP, Order
from communities.base.roles import Action
from portal.scorecards import actions
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import figure, slot_positions
from portal.scorecards.filters import (
    IndicatorValueFilterSet,
    RunFilterSet,
    SourcesBehindFilterSet,
    SubjectsBehindFilterSet,
    period_of,
)
from portal.scorecards.models import CurrentRun, MeasureCard, RatingSchemeVersion, Run, RunKind
from portal.scorecards.rows import Position, PositionLost, Scene, SubjectOrder, source_rows, subjects
from portal.scorecards.scoring.reading import versions_run
from portal.scorecards.scoring.runs import request_score_run
from portal.scorecards.serializers import (
    IndicatorSerializer,
    IndicatorValueSerializer,
    RunRequestSerializer,
    RunSerializer,
    SourceRowSerializer,
    SubjectSerializer,
    part_text,
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


LIVE_FACTS = {
    "changed_since": {"type": "boolean", "description": "明细在测算之后有改动"},
    "anchor_date": {"type": "string", "format": "date"},
}


class RowsPagination(KeysetPagination):
    """For the document: rows behind a figure are asked live, and say whether they still agree with it."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Without the orders of the list of values."""
        return [each for each in super().get_schema_operation_parameters(view) if each["name"] != "ordering"]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """With what tells whether figure and rows still agree."""
        return envelope_schema(schema, **LIVE_FACTS)


class SubjectPagination(RowsPagination):
    """With the counts of the live rows beside the page."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Subjects by outcome."""
        outcomes = {"type": "object", "additionalProperties": {"type": "integer"}}
        return envelope_schema(schema, outcomes=outcomes, **LIVE_FACTS)


class SourcePagination(RowsPagination):
    """With the sum of the live rows beside the page."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What the rows add up to, in people's units."""
        total = {"type": "string", "description": "现有明细合计"}
        return envelope_schema(schema, total=total, unit={"type": "string"}, **LIVE_FACTS)


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
        filterset_class=SubjectsBehindFilterSet,
        pagination_class=SubjectPagination,
        serializer_class=SubjectSerializer,
    )
    def rows(self, request: Request) -> Response:
        """Who is behind a rate: each subject with its rooms, its standard and the clause.

        Unlike figures, rows are read only in one's own places. Asked live; ``changed_since`` says when the
        figure no longer agrees with them.
        """
        asked, paging = self.rows_asked(request)
        indicator = INDICATORS[asked["indicator"]]
        if indicator.assessment is None:
            raise refuse("indicator", _("此指标不逐个判断，其明细请用 sources/ 查询。"), "not_assessed")
        outcome = asked["outcome"]
        with refusals():
            page = subjects(
                Scene(asked["division"], asked["period"], request.user),
                indicator,
                outcome=outcome,
                order=asked["ordering"] or SubjectOrder.PLACE,
                **paging,
            )
        context = {"unit": indicator.assessment.key.unit}
        return rows_envelope(
            request,
            page,
            SubjectSerializer(page.subjects, many=True, context=context).data,
            count=page.outcomes[str(outcome)] if outcome else sum(page.outcomes.values()),
            outcomes=page.outcomes,
        )

    @extend_schema(responses=SourceRowSerializer(many=True))
    @action(
        detail=False,
        action_to_read=Action.VIEW,
        filterset_class=SourcesBehindFilterSet,
        pagination_class=SourcePagination,
        serializer_class=SourceRowSerializer,
    )
    def sources(self, request: Request) -> Response:
        """What a mean or a share is made of: the rows that its numerator, or its denominator, summed or counted.

        In one's own places only, and asked live, as ``rows/``.
        """
        asked, paging = self.rows_asked(request)
        indicator = INDICATORS[asked["indicator"]]
        measure = indicator.part(asked["part"])
        if indicator.assessment is not None:
            raise refuse("indicator", _("此指标逐个判断，其明细请用 rows/ 查询。"), "is_assessed")
        if measure is None:
            raise refuse("part", _("此指标没有分母。"), "no_denominator")
        with refusals():
            page = source_rows(Scene(asked["division"], asked["period"], request.user), measure, **paging)
        return rows_envelope(
            request,
            page,
            SourceRowSerializer(page.rows, many=True, context={"unit": measure.unit}).data,
            count=page.number,
            total=part_text(page.total, measure.scale),
            unit=str(measure.unit),
        )

    def rows_asked(self, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is asked about, and which page of it. Raises ValidationError or NotFound."""
        refuse_not_yet(request.query_params)
        asked = self.filterset_class(
            request.query_params, self.get_queryset(), request=request, also={"after", "before", "page_size"}
        )
        check(asked)
        return asked.form.cleaned_data, {"position": position_of(request), "limit": page_size(request)}


def rows_envelope(request: Request, page: Any, results: Any, *, count: int, **more: Any) -> Response:
    """A page of rows behind a figure."""
    return envelope(
        request,
        results,
        following=str(page.next) if page.next else None,
        preceding=str(page.previous) if page.previous else None,
        count=min(count, COUNT_CAP),
        is_capped=count > COUNT_CAP,
        **more,
        changed_since=page.changed_since,
        anchor_date=page.anchor_date,
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Why rows cannot be listed, said as the API says it."""
    try:
        yield
    except CurrentRun.DoesNotExist as error:
        raise refuse("period", _("该报告期尚无测算结果。"), "not_computed") from error
    except PositionLost as error:
        raise refuse("after", _("翻页位置无效。"), "invalid_cursor") from error
    except Invalid as error:
        raise refuse("division", error.messages[0], "too_large") from error


def position_of(request: Request) -> Position | None:
    """The row after, or before, which to go on. Raises ValidationError."""
    asked = {
        name: text for name in ("after", "before") if (text := request.query_params.get(name)) is not None
    }
    if len(asked) > 1:
        raise refuse("before", _("after 和 before 只能给一个。"), "invalid")
    for name, text in asked.items():
        try:
            return Position(uuid.UUID(text), backwards=name == "before")
        except ValueError as error:
            raise refuse(name, _("翻页位置无效。"), "invalid_cursor") from error
    return None


def version_of(asked: Mapping[str, Any], user: Any) -> RatingSchemeVersion:
    """The version that a scoring run names. Raises ValidationError without one, NotFound outside one's scope."""
    if asked.get("scheme_version") is None:
        raise refuse("scheme_version", _("评分须指明评分表的版本。"), "required")
    version = versions_run(user).select_related("scheme").filter(public_id=asked["scheme_version"]).first()
    if version is None:
        raise NotFound
    found: RatingSchemeVersion = version
    return found


class RunViewSet(RegisterViewSet):
    """Runs, measuring and scoring: what was computed when, and asking for a new one."""

    queryset = Run.objects.select_related("period", "job", "current", "scheme_version")
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
        sent = RunRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        try:
            period = period_of(asked["period"])
            if asked["kind"] == RunKind.SCORE:
                version = version_of(asked, request.user)
                run = request_score_run(version, period, by=request.user)
            else:
                run = actions.request_run(period=period, by=request.user)
        except Invalid as error:
            raise refuse("period", error.messages[0], error.code or "invalid") from error
        return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)
