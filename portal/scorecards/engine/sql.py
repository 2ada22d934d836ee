"""A piece of SQL with its parameters, so that statements can be put together from small named parts."""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet


@dataclass(frozen=True)
class Sql:
    """Text with ``%s`` places and what stands in them, in order; texts are literals of ours and the ORM's."""

    text: str
    params: tuple[Any, ...] = ()

    def __add__(self, other: Sql | str) -> Sql:
        if isinstance(other, str):
            return Sql(self.text + other, self.params)
        return Sql(self.text + other.text, self.params + other.params)

    def named(self, name: str, *, materialized: bool = False) -> Sql:
        """As a common table expression."""
        return Sql(f"{name} AS {'MATERIALIZED ' if materialized else ''}(\n{self.text}\n)", self.params)

    def execute(self) -> int:
        """Run it; the number of rows written or read."""
        with connection.cursor() as cursor:
            cursor.execute(self.text, self.params)
            return int(cursor.rowcount)

    def execute_prepared(self) -> int:
        """The same, parsed and planned once for each connection, whatever the values.

        For a text that is always the same and takes longer to plan than to run; to be called inside a transaction.
        The database is asked each time whether it knows the statement: behind a pool of connections nobody else can
        tell.
        """
        with connection.cursor() as cursor:
            self._run_prepared(cursor)
            return int(cursor.rowcount)

    def rows_prepared(self) -> list[tuple[Any, ...]]:
        """All rows, read in the same way."""
        with connection.cursor() as cursor:
            self._run_prepared(cursor)
            return list(cursor.fetchall())

    def _run_prepared(self, cursor: Any) -> None:
        name, text = _numbered(self.text)
        cursor.execute(_PLANNING, [name])
        if not cursor.fetchone()[0]:
            cursor.execute(f"PREPARE {name} AS {text}")
        places = ", ".join(["%s"] * len(self.params))
        cursor.execute(f"EXECUTE {name} ({places})" if places else f"EXECUTE {name}", self.params)

    def rows(self) -> list[tuple[Any, ...]]:
        """Run it; all rows."""
        with connection.cursor() as cursor:
            cursor.execute(self.text, self.params)
            return list(cursor.fetchall())


# For the present transaction: one plan for all values, and fewer orders of joins tried (``cards.plan_briefly``). Is
# the statement known?
_PLANNING = """SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = %s),
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('join_collapse_limit', '5', true)"""


@lru_cache(maxsize=64)
def _numbered(text: str) -> tuple[str, str]:
    """A name for a statement to be prepared, and its text with ``$1``, ``$2``... for ``%s``."""
    numbers = itertools.count(1)
    numbered = re.sub("%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", text)
    return "portal_" + hashlib.sha256(text.encode()).hexdigest()[:24], numbered


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    """The parts one after the other."""
    listed = list(parts)
    return Sql(
        separator.join(part.text for part in listed),
        tuple(param for part in listed for param in part.params),
    )


def with_ctes(ctes: Sequence[Sql], main: Sql) -> Sql:
    """``WITH a AS (...), b AS (...) main``."""
    return Sql("WITH ") + joined(",\n", ctes) + "\n" + main if ctes else main


def of_queryset(queryset: QuerySet[Any]) -> Sql:
    """The statement that the ORM would send."""
    text, params = queryset.query.sql_with_params()
    return Sql(text, tuple(params))


# A run of which the planner is not told: one that it has not counted yet it would take for empty, and read all of
# it for each place. So it goes by what runs hold on average.
SOME_RUN = "(SELECT %s::bigint)"


def standing(table: str, run_id: int | None) -> Sql:
    """To be joined to ``fresh``: as ``old`` the card that a place has in another run, if any."""
    return Sql(
        f"""LEFT JOIN LATERAL (
    SELECT public_id FROM {table} WHERE run_id = {SOME_RUN} AND division_id = fresh.division_id LIMIT 1
) old ON true""",
        (run_id,),
    )
