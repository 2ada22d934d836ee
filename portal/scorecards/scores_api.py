"""Scores over the API: what places got by rating schemes, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from communities.base.api import RegisterViewSet, refuse_unknown
from communities.base.filters import IdFilter, PickFilter, PlaceFilter, RegisterFilterSet
from communities.base.paging import Order
from communities.base.roles import Action
from communities.choices import LEVEL_CODES, Level
from communities.models import Division
from portal.scorecards.filters import PeriodFilter
from portal.scorecards.models import ScoreCard
from portal.scorecards.scores_serializers import ExplanationSerializer, ScoreSerializer, explained
from portal.scorecards.scoring import reading
from portal.scorecards.scoring.explaining import explain


class ScoreFilterSet(RegisterFilterSet):
    """Scores of places in one's own city."""

    action: ClassVar[Action] = Action.COMPARE

    scheme = IdFilter(field_name="scheme_version__scheme", label=_("评分表"), rows=reading.schemes_read)
    scheme_version = IdFilter(field_name="scheme_version", label=_("评分表版本"), rows=reading.versions_read)
    division = PlaceFilter(label=_("地区"), method="of_place")
    parent = PlaceFilter(label=_("上级地区(取其直接下级)"), method="of_children")
    within = PlaceFilter(field_name="division", label=_("地区(含下级)"))
    level = PickFilter(
        field_name="division__level", label=_("层级"), choices=LEVEL_CODES, coerce=Level.from_code
    )
    period = PeriodFilter(field_name="period", label=_("报告期"))

    def of_place(self, queryset: QuerySet, _name: str, value: Division) -> QuerySet:
        return queryset.filter(division=value)

    def of_children(self, queryset: QuerySet, _name: str, value: Division) -> QuerySet:
        """The places directly below, by the tree on the day of the card."""
        return queryset.filter(parent=value)


class ScoreViewSet(RegisterViewSet):
    """Scores of places in one's own city; a place has one only where a scheme of its level ran."""

    queryset = ScoreCard.objects.current().select_related(*reading.RELATED).defer("division__search")
    action_to_read = Action.COMPARE
    filterset_class = ScoreFilterSet
    serializer_class = ScoreSerializer
    orders: ClassVar[dict[str, Order]] = {
        "place": Order("division__path_now"),
        "rank": Order("rank", nullable=True, parse=int),
        "total": Order("total", nullable=True, descending=True, parse=int),
    }

    def dress(self, rows: Sequence[Model]) -> None:
        """Grades, vetoes and the score before."""
        reading.dress(rows)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, filter_backends=(), pagination_class=None)
    def explanation(self, request: Request, public_id: Any) -> Response:
        """All that is needed to reckon a score again: rules, clauses, values with source and date, and rows.

        Rows are listed in one's own places only; elsewhere ``rows`` is null.
        """
        refuse_unknown(request.query_params, ())
        card = self.get_queryset().filter(public_id=public_id).first()
        if card is None:
            raise NotFound
        reading.dress([card])
        return Response(explained(explain(card, by=request.user)))
