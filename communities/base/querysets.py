"""Scope and date: the two questions every list answers, each written once."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.base.places import Span, within
from communities.base.roles import Action


def today() -> dt.date:
    """The current day in Asia/Shanghai, whatever the process's own zone."""
    return timezone.localdate()


MOST_WORDS = 5


def words(text: str) -> list[str]:
    """The words of a person's search: runs of letters, digits and characters, in small letters."""
    return re.findall(r"[^\W_]+", text.lower())[:MOST_WORDS]


def spellings(text: str) -> list[str]:
    """A person's search as it is typed and, where that differs, with ordinary digits and letters for wide ones.

    Names are kept as they are written, so that either may be what stands in them.
    """
    return list(dict.fromkeys((text, unicodedata.normalize("NFKC", text))))


class RowQuerySet(models.QuerySet):
    """Rows with soft delete."""

    # Where the words of a search are looked for when one row is chosen, and what people call that. What the
    # first names is the row's own name.
    searched: ClassVar[tuple[str, ...]] = ("name__icontains",)
    searched_by: ClassVar[Any] = _("输入名称查找")

    def removed(self) -> Self:
        """Rows that were deleted, and can be brought back."""
        return self.filter(deleted_at__isnull=False)

    def live(self) -> Self:
        """Without the softly deleted."""
        return self.filter(deleted_at__isnull=True)

    def first_hits(self, text: str, limit: int) -> list[Any]:
        """The rows that a person most likely means: those whose name is ``text``, then those with its words."""
        hits: list[Any] = []
        for spelling in spellings(text):
            known = {row.pk for row in hits}
            hits += [row for row in self._hits(spelling, limit) if row.pk not in known]
        return hits[:limit]

    def _hits(self, text: str, limit: int) -> list[Any]:
        wanted = words(text)
        if not wanted:
            return []
        found = self
        for word in wanted:
            somewhere = self.in_place_named(word) if len(wanted) > 1 else Q()
            for lookup in self.searched:
                somewhere |= Q(**{lookup: word})
            found = found.filter(somewhere)
        own = self.searched[0].rpartition("__")[0]
        first: list[Any] = list(self.filter(**{own: text})[:limit])
        others = found.exclude(pk__in=[row.pk for row in first])
        return first + list(others[: limit - len(first)])

    def in_place_named(self, word: str) -> Q:  # noqa: ARG002 - rows that stand nowhere
        """A condition that a row stands below a place whose name holds a word."""
        return Q()


class ScopedQuerySet(RowQuerySet):
    """Rows that hang on a division.

    ``scope_path`` is the look-up of the division's present path. Scope always uses the present path; a date
    never widens it.
    """

    scope_path: ClassVar[str] = "division_now__path_now"
    # The action that reading these rows asks for unless the caller says otherwise.
    read_action: ClassVar[Action] = Action.VIEW

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """The rows on which ``user`` may do ``action``; nothing for the anonymous."""
        return self.inside(user.spans(action or self.read_action))

    def inside(self, spans: tuple[Span, ...]) -> Self:
        """The rows whose place lies in one of the spans."""
        return self.filter(within(self.scope_path, spans))

    def below(self, path: str) -> Self:
        """The rows of one place and all places below it."""
        return self.inside((Span.below(path),))


class DivisionScopedQuerySet(ScopedQuerySet):
    """Rows with a plain ``division`` key that is never re-pointed (observations)."""

    scope_path = "division__path_now"


class PublicQuerySet(RowQuerySet):
    """Rows that everybody who may read registers may read: rule books, periods."""

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """All rows for a user who holds the action anywhere, none for others."""
        return self if user.spans(action or Action.VIEW) else self.none()


def valid_on(day: dt.date, field: str = "valid") -> Q:
    """A condition that the half-open date range ``field`` contains ``day``."""
    return Q(**{f"{field}__contains": day})
