"""Paths in the tree of places.

A place's path is the chain of fixed-width labels of its ancestors' ids and its own, so "everything below" is
one half-open range of a text column with collation C. Labels come from ids, never from official codes, which
change and are used again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q

LABEL_WIDTH = 6
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Sorts after every digit of a label in collation C, so ``path + _AFTER`` bounds all descendants of ``path``.
_AFTER = "~"


def label(division_id: int) -> str:
    """The six-character base-36 label of a division's id.

    Raises ValueError for ids outside 0 < id < 36**6.
    """
    if not 0 < division_id < 36**LABEL_WIDTH:
        raise ValueError(f"division id {division_id} does not fit a path label")
    out = []
    for _ in range(LABEL_WIDTH):
        division_id, digit = divmod(division_id, 36)
        out.append(_DIGITS[digit])
    return "".join(reversed(out))


def label_sql(column: str) -> str:
    """SQL that makes of an id column what :func:`label` makes of an id: for paths of many places at once."""
    digits = (
        f"substr('{_DIGITS}', mod({column} / {36**k}, 36)::int + 1, 1)" for k in reversed(range(LABEL_WIDTH))
    )
    return "(" + " || ".join(digits) + ")"


def division_id(label_text: str) -> int:
    """The id behind a label: the inverse of :func:`label`."""
    return int(label_text, 36)


def depth(path: str) -> int:
    """How many places a path names, the root counting 1."""
    return len(path) // LABEL_WIDTH


def ancestor(path: str, at_depth: int) -> str:
    """The prefix of ``path`` that names its ancestor (or itself) at a depth."""
    return path[: at_depth * LABEL_WIDTH]


def ancestors(path: str) -> list[str]:
    """Paths from the root down to and including ``path`` itself."""
    return [ancestor(path, k) for k in range(1, depth(path) + 1)]


def ancestor_ids(path: str) -> list[int]:
    """Ids from the root down to and including the place itself: readable without any query."""
    return [division_id(path[i : i + LABEL_WIDTH]) for i in range(0, len(path), LABEL_WIDTH)]


def common_ancestor(paths: Iterable[str]) -> str:
    """The path of the deepest place that all ``paths`` lie at or below; empty when they share none."""
    ordered = sorted(paths)
    if not ordered:
        return ""
    first, last = ancestors(ordered[0]), ancestors(ordered[-1])
    shared = [above for above, other in zip(first, last, strict=False) if above == other]
    return shared[-1] if shared else ""


class Span(NamedTuple):
    """A half-open range of paths: one place and everything below it."""

    low: str
    high: str

    @classmethod
    def below(cls, path: str) -> Span:
        return cls(path, path + _AFTER)

    def covers(self, path: str) -> bool:
        return self.low <= path < self.high


def outermost(paths: Iterable[str]) -> tuple[Span, ...]:
    """The spans of ``paths`` without those that lie inside another: the smallest equal set of ranges."""
    spans: list[Span] = []
    for path in sorted(set(paths)):
        if not spans or not spans[-1].covers(path):
            spans.append(Span.below(path))
    return tuple(spans)


def within(path_field: str, spans: Iterable[Span]) -> Q:
    """A condition that ``path_field`` lies in one of the spans; with no span nothing matches."""
    condition = Q(pk__in=())
    for span in spans:
        condition |= Q(**{f"{path_field}__gte": span.low, f"{path_field}__lt": span.high})
    return condition
