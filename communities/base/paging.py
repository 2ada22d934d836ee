"""Keyset paging: the next page starts after the last row, however deep one is. Shared by pages and API.

A position is the sort value and the key of a row, written as an opaque word. Counts are capped: beyond
:data:`COUNT_CAP` rows nobody needs the exact number to turn a page.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

COUNT_CAP = 10_000
PAGE_SIZES = (25, 50, 100)


class BadPosition(ValueError):
    """The word does not name a position in this list."""


@dataclass(frozen=True)
class Order:
    """One way to order a list: a column, ties broken by the primary key.

    ``parse`` reads the column's value back from a position; ``nullable`` columns sort their empty rows last in
    both directions.
    """

    column: str
    descending: bool = False
    nullable: bool = False
    parse: Callable[[str], Any] = str

    def reversed(self) -> Order:
        return Order(self.column, not self.descending, self.nullable, self.parse)

    def clauses(self, *, backwards: bool) -> list[OrderBy]:
        """What to sort by; backwards for the page before a row."""
        down = self.descending != backwards
        nulls: dict[str, bool] = {}
        if self.nullable:
            nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
        column = F(self.column)
        key = F("pk")
        if down:
            return [column.desc(**nulls), key.desc()]
        return [column.asc(**nulls), key.asc()]

    def beyond(self, value: Any, pk: int, *, backwards: bool) -> Q:
        """The condition that a row stands after (backwards: before) the given one."""
        over = "lt" if self.descending != backwards else "gt"
        empty = Q(**{f"{self.column}__isnull": True})
        if value is None:
            same = empty & Q(**{f"pk__{over}": pk})
            return same | Q(**{f"{self.column}__isnull": False}) if backwards else same
        # The outer bound lets an index of the column find the place; the inner one settles ties.
        found = Q(**{f"{self.column}__{over}e": value}) & (
            Q(**{f"{self.column}__{over}": value}) | Q(**{f"pk__{over}": pk})
        )
        return found | empty if self.nullable and not backwards else found


@dataclass(frozen=True)
class Page:
    """Rows of one page with the positions of its neighbours (None: there is none)."""

    rows: Sequence[Any]
    next: str | None = None
    previous: str | None = None


@dataclass(frozen=True)
class Count:
    """How many rows a list has, exact up to the cap."""

    number: int
    is_capped: bool = field(default=False)

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.is_capped else f"{self.number:,}"


def encode_position(value: Any, pk: int) -> str:
    text = None if value is None else value.isoformat() if isinstance(value, date | datetime) else str(value)
    raw = json.dumps([text, pk], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_position(word: str, order: Order) -> tuple[Any, int]:
    """Raises BadPosition for anything that :func:`encode_position` did not write for such an order."""
    try:
        text, pk = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        if type(pk) is not int or not 0 <= pk < 2**63 or not isinstance(text, str | None):
            raise BadPosition(word)
        if text is not None and "\x00" in text:
            raise BadPosition(word)
        return (None if text is None else order.parse(text)), pk
    except (ValueError, TypeError, binascii.Error, InvalidOperation, RecursionError) as error:
        raise BadPosition(word) from error


def page_of(
    queryset: QuerySet[Any], order: Order, size: int, *, after: str | None = None, before: str | None = None
) -> Page:
    """One page of keys first, whatever the rows join: ``rows`` are (primary key, sort value) in order.

    Raises BadPosition.
    """
    backwards = before is not None and after is None
    word = before if backwards else after
    rows = queryset.order_by(*order.clauses(backwards=backwards))
    if word:
        value, pk = decode_position(word, order)
        if value is None and not order.nullable:
            raise BadPosition(word)
        rows = rows.filter(order.beyond(value, pk, backwards=backwards))
    found = list(rows.values_list("pk", order.column)[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([])
    has_next, has_previous = (True, more) if backwards else (more, bool(word))
    return Page(
        found,
        encode_position(found[-1][1], found[-1][0]) if has_next else None,
        encode_position(found[0][1], found[0][0]) if has_previous else None,
    )


def rows_of(queryset: QuerySet[Any], page: Page) -> list[Any]:
    """The rows of a page of keys, in its order, with whatever ``queryset`` joins or prefetches."""
    by_key = {row.pk: row for row in queryset.filter(pk__in=[pk for pk, _value in page.rows])}
    return [by_key[pk] for pk, _value in page.rows if pk in by_key]


def count_of(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> Count:
    """Counts no further than the cap."""
    number = queryset.order_by()[: cap + 1].count()
    return Count(min(number, cap), number > cap)


def parse_decimal(text: str) -> Decimal:
    """A plain decimal; exponents and NaN are refused."""
    value = Decimal(text)
    if not value.is_finite() or "e" in text.lower():
        raise ValueError(text)
    return value
