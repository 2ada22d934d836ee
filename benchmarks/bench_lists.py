"""G11, G12: a page of the list of premises over the API, against DRF's defaults, and deep in the list.

The default is what one writes without thinking: a ``ModelViewSet`` with a ``ModelSerializer`` whose places are
nested four levels deep, page numbers and an exact count. Both answer fifty rooms as JSON, in one process.
Page 10,001 is measured with five rooms a page, against page 1 of the same size: so many fit into ten cities.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from rest_framework import pagination, serializers, viewsets
from rest_framework.test import APIRequestFactory, force_authenticate

from benchmarks.bench_saving import officer
from benchmarks.generate import plant_cities
from benchmarks.harness import milliseconds, report, timed
from communities.api import PremisesViewSet
from communities.base.paging import encode_position
from communities.models import Division, Premises

CITIES, PAGE, SMALL_PAGE = 10, 50, 5
DEEP = 10_000 * SMALL_PAGE


class PlaceDefault(serializers.ModelSerializer):
    parent = serializers.SerializerMethodField()

    class Meta:
        model = Division
        fields = ("public_id", "code_now", "name_now", "parent")

    def get_parent(self, place: Division) -> Any:
        return PlaceDefault(place.parent_now).data if place.parent_now is not None else None


class RoomDefault(serializers.ModelSerializer):
    division_now = PlaceDefault()

    class Meta:
        model = Premises
        exclude = ("deleted_at", "deleted_by", "deleted_reason")


class PageNumbers(pagination.PageNumberPagination):
    page_size = PAGE


class RoomsDefault(viewsets.ModelViewSet):
    """Joins the places above each room, as the advice against N+1 goes."""

    queryset = Premises.objects.select_related("division_now__parent_now__parent_now__parent_now__parent_now")
    serializer_class = RoomDefault
    pagination_class = PageNumbers
    permission_classes = ()
    filter_backends = ()


def main() -> None:
    plant_cities(CITIES)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    user = officer()
    rows = Premises.objects.count()
    first = timed(lambda: answer(PremisesViewSet, user, "place"), runs=15)
    default = timed(lambda: answer(RoomsDefault, user), runs=3)
    ratio = default.median / first.median
    report(
        "G11",
        f"page 1 of {rows:,} rooms, DRF's defaults {milliseconds(default.median)}",
        f"{milliseconds(first.median)} ({ratio:.1f} x)",
        "at least 5 x",
        met=ratio >= 5,
    )
    column = "division_now__path_now"
    order = Premises.objects.order_by(column, "pk").values_list(column, "pk")
    position = encode_position(*order[DEEP - 1 : DEEP][0])
    small = {"page_size": str(SMALL_PAGE)}
    start = timed(lambda: answer(PremisesViewSet, user, "place", **small), runs=15)
    deep = timed(lambda: answer(PremisesViewSet, user, "place", **small, after=position), runs=15)
    ratio = deep.median / start.median
    report(
        "G12",
        f"page 10,001, page 1 being {milliseconds(start.median)}",
        f"{milliseconds(deep.median)} ({ratio:.2f} x)",
        "at most 2 x",
        met=ratio <= 2,
    )


def answer(view: Any, user: Any, ordering: str = "", **asked: str) -> bytes:
    """One page as it leaves the view."""
    query = {**({"ordering": ordering} if ordering else {}), **asked}
    request = APIRequestFactory().get("/api/v1/premises/", query)
    force_authenticate(request, user)
    response = view.as_view({"get": "list"})(request)
    assert response.status_code == 200
    body: bytes = response.render().content
    return body
