"""The registers of the ground over the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from communities import forms
from communities.base.api import (
    KeysetPagination,
    ListViewSet,
    RegisterViewSet,
    envelope,
    envelope_schema,
    refuse,
)
from communities.base.entry.api import EntryViewSet
from communities.base.paging import (
    BadPosition,
    Order,
    count_of,
    decode_position,
    encode_position,
    parse_decimal,
)
from communities.base.querysets import today, valid_on
from communities.base.roles import Action
from communities.filters import (
    ChangeFilterSet,
    CommitteeFilterSet,
    CommunityFilterSet,
    DivisionFilterSet,
    ExemptionFilterSet,
    HouseholdCountFilterSet,
    NilStatementFilterSet,
    PolicyDocumentFilterSet,
    PremisesFilterSet,
    ThresholdFilterSet,
)
from communities.models import (
    ChangeRecord,
    Clause,
    Committee,
    CommitteePlacement,
    Community,
    CommunityRecord,
    Division,
    Exemption,
    HouseholdCount,
    PolicyDocument,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    PremisesPlacement,
    Threshold,
)
from communities.models.work import FeedHorizon
from communities.serializers import (
    ChangeSerializer,
    CommitteeDetailSerializer,
    CommitteeSerializer,
    CommunitySerializer,
    DivisionSerializer,
    ExemptionSerializer,
    HouseholdCountSerializer,
    NilStatementSerializer,
    PolicyDocumentDetailSerializer,
    PolicyDocumentSerializer,
    PremisesDetailSerializer,
    PremisesSerializer,
    ThresholdSerializer,
    place_now,
    places_on,
)

FEED_ORDER = Order("transaction", parse=int)
MAX_POSITION = 2**63
AS_OF = OpenApiParameter("as_of", OpenApiTypes.DATE, description="截至日期：按该日的情况显示；不扩大可见范围")
dated = extend_schema_view(retrieve=extend_schema(parameters=[AS_OF]))


def dress_places(rows: Sequence[Any], day: dt.date | None) -> None:
    """Attach to divisions their record and their parent of a day, or of today."""
    known = places_on([row.pk for row in rows], day or today())
    if day is None:
        # Lists show the present row; the record adds the classes. A closed place shows its last name.
        for row in rows:
            row.at_day = known.get(row.pk) or place_now(row)
            row.parent_at_day = row.parent_now
        return
    parents = places_on({place.parent_id for place in known.values() if place.parent_id}, day)
    for row in rows:
        row.at_day = known[row.pk]
        row.parent_at_day = parents.get(row.at_day.parent_id)


def dress_things(rows: Sequence[Any], placement: Any, day: dt.date | None) -> None:
    """Attach to enduring things the place where they stand, or stood on a day."""
    if day is None:
        for row in rows:
            row.stands_in = row.division_now
        return
    stood = dict(
        placement.objects.filter(valid_on(day), thing__in=[row.pk for row in rows]).values_list(
            "thing_id", "division_id"
        )
    )
    places = places_on(set(stood.values()), day)
    for row in rows:
        row.stands_in = places.get(stood.get(row.pk, 0)) or row.division_now


@dated
class DivisionViewSet(RegisterViewSet):
    """Places of every level in one's scope."""

    queryset = Division.objects.select_related("parent_now").defer("search", "parent_now__search")
    filterset_class = DivisionFilterSet
    serializer_class = DivisionSerializer
    orders = {
        "place": Order("path_now"),
        "code": Order("code_now"),
        "name": Order("sort_key"),
    }

    def dress(self, rows: Sequence[Any]) -> None:
        dress_places(rows, self.day)


@dated
class CommunityViewSet(RegisterViewSet):
    """Communities with their kind, building class and state."""

    queryset = Community.objects.select_related("parent_now").defer("search", "parent_now__search")
    filterset_class = CommunityFilterSet
    serializer_class = CommunitySerializer
    orders = DivisionViewSet.orders

    def dress(self, rows: Sequence[Any]) -> None:
        dress_places(rows, self.day)
        records = CommunityRecord.objects.live().filter(
            valid_on(self.day or today()), division__in=[row.pk for row in rows]
        )
        of_place = {record.division_id: record for record in records}
        for row in rows:
            row.record = of_place.get(row.pk)


def placements(model: Any) -> Prefetch:
    """The history of where a thing stood."""
    return Prefetch("placements", model.objects.select_related("division").order_by("valid"))


@dated
class CommitteeViewSet(EntryViewSet):
    """Residents' and villagers' committees."""

    entry = forms.CommitteeForm

    queryset = Committee.objects.select_related("division_now")
    filterset_class = CommitteeFilterSet
    serializer_class = CommitteeSerializer
    detail_serializer_class = CommitteeDetailSerializer
    detail_related = (placements(CommitteePlacement),)
    orders = {
        "place": Order("division_now__path_now"),
        "name": Order("name"),
        "expires_on": Order("expires_on", nullable=True, parse=dt.date.fromisoformat),
    }

    def dress(self, rows: Sequence[Any]) -> None:
        dress_things(rows, CommitteePlacement, self.day)


@dated
class PremisesViewSet(EntryViewSet):
    """Premises with their functions; without ``as_of`` those given up as well."""

    entry = forms.PremisesForm

    queryset = Premises.objects.select_related("division_now", "committee").prefetch_related(
        Prefetch("functions", PremisesFunctionArea.objects.live(), to_attr="live_functions"),
    )
    filterset_class = PremisesFilterSet
    serializer_class = PremisesSerializer
    detail_serializer_class = PremisesDetailSerializer
    detail_related = (placements(PremisesPlacement),)
    orders = {
        "place": Order("division_now__path_now"),
        "name": Order("name"),
        "area": Order("area", parse=parse_decimal),
        "obtained_on": Order("obtained_on", nullable=True, parse=dt.date.fromisoformat),
    }

    def dress(self, rows: Sequence[Any]) -> None:
        dress_things(rows, PremisesPlacement, self.day)


class FactViewSet(EntryViewSet):
    """Facts of a community, each said once at one place."""

    def dress(self, rows: Sequence[Any]) -> None:
        places = places_on({row.division_id for row in rows}, self.day) if self.day is not None else {}
        for row in rows:
            row.stands_in = places.get(row.division_id) or row.division


@dated
class HouseholdCountViewSet(FactViewSet):
    """Households and residents by source and date; with ``as_of`` those counted by that day."""

    entry = forms.HouseholdCountForm

    queryset = HouseholdCount.objects.select_related("division").defer("division__search")
    filterset_class = HouseholdCountFilterSet
    serializer_class = HouseholdCountSerializer
    orders = {
        "place": Order("division__path_now"),
        "counted_on": Order("counted_on", descending=True, parse=dt.date.fromisoformat),
    }


@dated
class NilStatementViewSet(FactViewSet):
    """Dated statements that there are no rooms of a kind."""

    entry = forms.NilStatementForm

    queryset = PremisesNilStatement.objects.select_related("division", "committee").defer("division__search")
    filterset_class = NilStatementFilterSet
    serializer_class = NilStatementSerializer
    orders = {
        "place": Order("division__path_now"),
        "stated_on": Order("stated_on", descending=True, parse=dt.date.fromisoformat),
    }


@dated
class ExemptionViewSet(FactViewSet):
    """Decisions that free a committee or a community from one standard for a time."""

    entry = forms.ExemptionForm

    queryset = Exemption.objects.select_related("division", "committee").defer("division__search")
    filterset_class = ExemptionFilterSet
    serializer_class = ExemptionSerializer
    orders = {
        "place": Order("division__path_now"),
        "review_on": Order("review_on", nullable=True, parse=dt.date.fromisoformat),
    }


class PolicyDocumentViewSet(EntryViewSet):
    """Rule books with their clauses: those of one's places, of the places above and of those below.

    Written with their clauses, by whoever answers for standards there.
    """

    entry = forms.PolicyDocumentForm

    queryset = PolicyDocument.objects.select_related("jurisdiction").prefetch_related(
        Prefetch("clauses", Clause.objects.live(), to_attr="live_clauses")
    )
    filterset_class = PolicyDocumentFilterSet
    serializer_class = PolicyDocumentSerializer
    detail_serializer_class = PolicyDocumentDetailSerializer
    orders = {
        "issued_on": Order("issued_on", descending=True, nullable=True, parse=dt.date.fromisoformat),
        "title": Order("title"),
    }


class ThresholdViewSet(EntryViewSet):
    """Numbers that clauses set."""

    entry = forms.ThresholdForm

    queryset = Threshold.objects.select_related("jurisdiction", "clause__document")
    filterset_class = ThresholdFilterSet
    serializer_class = ThresholdSerializer
    orders = {
        "key": Order("key"),
        "low": Order("low", nullable=True, parse=parse_decimal),
    }


class FeedPagination(KeysetPagination):
    """The change feed goes one way: ``after`` a position, to the end of what is settled."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The changes after a position, in the order of commits."""
        self.request = request
        rows = queryset.settled()
        size, after = self.size(request, view), request.query_params.get("after")
        found = list((rows.filter(beyond(after)) if after else rows)[: size + 1])
        shown = found[:size]
        self.has_more = len(found) > size
        self.cursor = encode_position(shown[-1].transaction, shown[-1].pk) if shown else after
        self.count = count_of(rows)
        return shown

    def get_paginated_response(self, data: Any) -> Response:
        """With the position to come back with, also where nothing more is to be read now."""
        return envelope(
            self.request,
            data,
            following=self.cursor if self.has_more else None,
            count=self.count.number,
            is_capped=self.count.is_capped,
            cursor=self.cursor,
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the OpenAPI document."""
        cursor = {"type": "string", "nullable": True, "description": "下次读取时作为 after"}
        return envelope_schema(schema, cursor=cursor)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        kept = ChangeViewSet.list_parameters
        return [each for each in super().get_schema_operation_parameters(view) if each["name"] in kept]


class ChangeViewSet(ListViewSet):
    """The change feed: what happened to rows in one's scope, in the order of commits, deletions included.

    Keep ``cursor`` and come back with it as ``after``: nothing is missed and nothing told twice. While
    ``next`` is not null there is more to read at once.
    """

    queryset = ChangeRecord.objects.select_related("division").defer("division__search")
    filterset_class = ChangeFilterSet
    serializer_class = ChangeSerializer
    pagination_class = FeedPagination
    list_parameters = frozenset({"after", "page_size"})
    orders = {"position": FEED_ORDER}

    def needed(self, request: Request) -> tuple[Action, ...]:  # noqa: ARG002 - the same for all methods
        """Readers of registers, and auditors."""
        return (Action.VIEW, Action.AUDIT)

    def scoped(self, queryset: Any) -> Any:
        """As far as the user's roles reach, whichever of them."""
        return queryset.visible_to(self.request.user)


def beyond(after: str) -> Q:
    """Raises ValidationError for a position that this database never gave out."""
    try:
        transaction, pk = decode_position(after, FEED_ORDER)
    except BadPosition as error:
        raise refuse("after", _("读取位置无效。"), "invalid_cursor") from error
    if transaction is None or not 0 <= transaction < MAX_POSITION:
        raise refuse("after", _("读取位置无效。"), "invalid_cursor")
    if transaction >= feed_horizon():
        # The database was restored from a backup: what was told after it may have been undone.
        raise refuse("after", _("读取位置已失效，请从头读取。"), "cursor_expired")
    return Q(transaction__gte=transaction) & (Q(transaction__gt=transaction) | Q(pk__gt=pk))


def feed_horizon() -> int:
    """Below it the feed is settled."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + FeedHorizon.template % {"function": FeedHorizon.function})
        (horizon,) = cursor.fetchone()
    return int(horizon)
