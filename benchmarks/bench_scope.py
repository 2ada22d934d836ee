"""G14: what scope costs. A district's officer reads one row, a page and a sum, against the same without scope.

The table holds 138,000 communities in 460 districts; the comparison asks for the same rows by primary key or by
the district's own key, which is what an unscoped query of the same answer would cost.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Count

from benchmarks.harness import milliseconds, report, timed
from communities.base.places import Span, within
from communities.models import Division

COMMUNITIES, PER_DISTRICT = 138_000, 300


def main() -> None:
    spans = plant_districts()
    span = spans[len(spans) // 2]
    rows = Division.objects.filter(level=5)
    scoped = rows.inside((span,))
    one = scoped.values_list("pk", flat=True)[PER_DISTRICT // 2]

    compare("one row", lambda: rows.get(pk=one), lambda: scoped.get(pk=one), 1.2)
    parent = Division.objects.get(path_now=span.low).pk
    plain = rows.filter(parent_now=parent)
    compare(
        "page of 50",
        lambda: list(plain.order_by("pk")[:50]),
        lambda: list(scoped.order_by("pk")[:50]),
        1.5,
    )
    compare("sum", lambda: plain.aggregate(n=Count("pk")), lambda: scoped.aggregate(n=Count("pk")), 1.5)
    with connection.cursor() as cursor:
        statement, values = rows.filter(within("path_now", (span,))).query.sql_with_params()
        cursor.execute(f"EXPLAIN {statement}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    report(
        "G14",
        "range on the path uses its index",
        "yes" if "path" in plan else "no",
        "yes",
        met="path" in plan,
    )


def compare(what: str, plain, scoped, limit: float) -> None:  # noqa: ANN001
    floor, measured = timed(plain, runs=60).median, timed(scoped, runs=60).median
    ratio = measured / floor
    figures = f"{milliseconds(measured)} ({ratio:.2f} x)"
    report("G14", f"{what}, of {COMMUNITIES:,} rows", figures, f"at most {limit} x", met=ratio <= limit)


def plant_districts() -> list[Span]:
    """Districts right below the root, each with its communities; returns their spans."""
    root = Division.objects.get(level=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM communities_division")
        first = cursor.fetchone()[0] + 1
        districts = COMMUNITIES // PER_DISTRICT
        cursor.execute(LABEL)
        cursor.execute(PLANT, {"first": first, "count": districts, "root": root.path_now, "parent": root.pk})
        cursor.execute(PLANT_BELOW, {"first": first, "districts": districts, "count": COMMUNITIES})
        cursor.execute("ANALYZE communities_division")
    paths = Division.objects.filter(level=3, pk__gte=first).values_list("path_now", flat=True)
    return [Span.below(path) for path in paths]


LABEL = """
CREATE OR REPLACE FUNCTION pg_temp.label(id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('0123456789abcdefghijklmnopqrstuvwxyz', (id / (36 ^ k)::bigint % 36)::int + 1, 1), ''
        ORDER BY k DESC) FROM generate_series(0, 5) k
$$
"""
COLUMNS = """INSERT INTO communities_division
    (id, level, path_now, parent_now_id, name_now, kind_now, code_now, sort_key, initials, is_closed,
     version, created_at, updated_at, deleted_reason)"""
PLANT = (
    COLUMNS
    + """
SELECT %(first)s + n, 3, %(root)s || pg_temp.label(%(first)s + n), %(parent)s, '区' || n, 'district', '',
       '', '', false, 1, now(), now(), '' FROM generate_series(0, %(count)s - 1) n
"""
)
PLANT_BELOW = (
    COLUMNS
    + """
SELECT %(first)s + %(districts)s + n, 5, d.path_now || pg_temp.label(%(first)s + %(districts)s + n), d.id,
       '社区' || n, 'residents_community', '', '', '', false, 1, now(), now(), ''
FROM generate_series(0, %(count)s - 1) n
JOIN communities_division d ON d.id = %(first)s + n %% %(districts)s
"""
)
