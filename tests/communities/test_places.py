"""Paths: their order is the tree's order, a span is a place and all below it, and an index answers for it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st

from communities.base import places
from communities.base.places import LABEL_WIDTH, Span
from communities.choices import Level
from communities.models import Division, DivisionRecord
from tests.conftest import World

ids = st.integers(min_value=1, max_value=36**LABEL_WIDTH - 1)
# Trees as a list of parents: node k hangs below an earlier one.
trees = st.lists(st.integers(min_value=0), max_size=40)
paths = st.lists(ids, min_size=1, max_size=6).map(lambda chain: "".join(map(places.label, chain)))


def planted(tree: list[int]) -> tuple[list[str], list[int | None]]:
    """Paths and parents of a tree whose nodes are numbered from 1 in the order in which they were set up."""
    found, parents = [places.label(1)], [None]
    for number, choice in enumerate(tree, start=2):
        parent = choice % len(found)
        found.append(found[parent] + places.label(number))
        parents.append(parent)
    return found, parents


@given(ids)
def test_a_label_has_six_signs_and_leads_back_to_its_id(pk: int) -> None:
    assert len(places.label(pk)) == LABEL_WIDTH
    assert places.division_id(places.label(pk)) == pk


@given(ids, ids)
def test_labels_sort_as_ids_do(one: int, other: int) -> None:
    assert (places.label(one) < places.label(other)) == (one < other)


@pytest.mark.parametrize("pk", [0, -1, 36**LABEL_WIDTH])
def test_an_id_without_a_label_is_refused(pk: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        places.label(pk)


@given(trees)
def test_paths_sort_as_the_tree_is_walked(tree: list[int]) -> None:
    found, parents = planted(tree)

    def walk(node: int) -> list[int]:
        children = [k for k, parent in enumerate(parents) if parent == node]
        return [node, *(below for child in children for below in walk(child))]

    assert sorted(range(len(found)), key=found.__getitem__) == walk(0)


@given(trees, st.integers(min_value=0))
def test_a_span_covers_a_place_and_all_below_it_and_nothing_else(tree: list[int], choice: int) -> None:
    found, parents = planted(tree)
    top = choice % len(found)

    def is_below(node: int | None) -> bool:
        return node is not None and (node == top or is_below(parents[node]))

    span = Span.below(found[top])
    assert [span.covers(path) for path in found] == [is_below(node) for node in range(len(found))]


@given(st.lists(paths, max_size=8))
def test_the_outermost_spans_cover_the_same_and_are_apart(chosen: list[str]) -> None:
    spans = places.outermost(chosen)
    assert all(any(span.covers(path) for span in spans) for path in chosen)
    assert all(span.low in chosen for span in spans)
    assert all(one is other or not one.covers(other.low) for one in spans for other in spans)


@given(paths)
def test_ancestors_lead_from_the_root_to_the_place(path: str) -> None:
    above = places.ancestors(path)
    assert above[-1] == path
    assert [places.depth(each) for each in above] == list(range(1, places.depth(path) + 1))
    assert places.ancestor_ids(path) == [places.division_id(each[-LABEL_WIDTH:]) for each in above]


@given(trees, st.lists(st.integers(min_value=0), min_size=1, max_size=5))
def test_the_common_ancestor_is_the_deepest_above_all(tree: list[int], choices: list[int]) -> None:
    found, _parents = planted(tree)
    chosen = [found[choice % len(found)] for choice in choices]
    shared = places.common_ancestor(chosen)
    above_all = [path for path in found if all(Span.below(path).covers(each) for each in chosen)]
    assert shared == max(above_all, key=len)


def test_places_without_a_common_root_share_nothing() -> None:
    assert places.common_ancestor([]) == ""
    assert places.common_ancestor([places.label(1), places.label(2)]) == ""


@pytest.mark.django_db
def test_the_database_makes_the_same_labels() -> None:
    chosen = [1, 35, 36, 37, 36**3 - 1, 36**3, 123_456_789, 36**LABEL_WIDTH - 1]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {places.label_sql('id')} FROM unnest(%s::bigint[]) AS id", [chosen])
        assert [row[0] for row in cursor.fetchall()] == [places.label(pk) for pk in chosen]


def path_columns() -> list[tuple[str, str]]:
    return [
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.CharField) and (field.name == "path" or field.name.startswith("path_"))
        if model._meta.app_label in {"communities", "scorecards", "grid", "services", "funding"}
        if not model._meta.proxy
    ]


@pytest.mark.django_db
def test_every_path_column_has_collation_c() -> None:
    """Two path columns of different collation silently lose the index."""
    columns = path_columns()
    assert ("communities_division", "path_now") in columns
    assert ("communities_divisionrecord", "path") in columns
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE collation_name = 'C' AND table_schema = current_schema()"
        )
        in_c = set(cursor.fetchall())
    assert [column for column in columns if column not in in_c] == []


def plan_of(queryset: models.QuerySet) -> str:
    """The plan when a sequential scan is the last resort, as it is on a big table."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        statement, values = queryset.query.sql_with_params()
        cursor.execute(f"EXPLAIN {statement}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("model", [Division, DivisionRecord])
def test_a_range_of_paths_is_answered_by_the_index(world: World, model: type[models.Model]) -> None:
    field = "path_now" if model is Division else "path"
    span = Span.below(world.city.path_now)
    plan = plan_of(model._default_manager.filter(places.within(field, (span,))).order_by())
    assert "Index Cond" in plan
    assert f"({field})::text >= '{span.low}'::text" in plan
    assert f"({field})::text < '{span.high}'::text" in plan


def test_the_places_below_are_those_below(world: World) -> None:
    below = Division.objects.below(world.district.path_now)
    assert set(below) == {world.district, world.street, world.community, world.neighbour}
    assert set(below.communities()) == {world.community, world.neighbour}


def test_a_communitys_ancestors_come_from_its_path(world: World) -> None:
    above = Division.objects.ancestors_of(world.community.path_now)
    assert [place.level for place in above] == list(Level)
