"""Querysets of the ground: what a place has on a date is a dated query, written here."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from communities.base.places import Span, ancestor_ids, within
from communities.base.querysets import DivisionScopedQuerySet, RowQuerySet, ScopedQuerySet, valid_on
from communities.base.roles import Action
from communities.choices import CommitteeKind, Level


class DivisionQuerySet(ScopedQuerySet):
    """Places; a place lies in its own scope."""

    scope_path = "path_now"

    def communities(self) -> Self:
        return self.filter(level=Level.COMMUNITY)

    def ancestors_of(self, path: str) -> Self:
        """From the root down to and including the place at ``path``."""
        return self.filter(pk__in=ancestor_ids(path)).order_by("path_now")

    def matching(self, text: str) -> Self:
        """Places whose name holds ``text``, or whose code or pinyin initials begin with it.

        Every pair of neighbouring characters is a lexeme of the generated column ``search``, so words of two
        characters use the index too. Text without any usable character matches nothing.
        """
        query = search_query(text)
        if not query:
            return self.none()
        return self.filter(search=SearchQuery(query, config="simple", search_type="raw"))


def search_query(text: str) -> str:
    """The raw tsquery for a person's words; empty when nothing in them can be searched."""
    terms: list[str] = []
    for word in text.lower().split():
        kept = "".join(ch for ch in word if ch.isalnum())
        if kept.isascii() or len(kept) == 1:
            terms.extend([f"'{kept}':*"] if kept else [])
        else:
            terms.extend(f"'{kept[i : i + 2]}'" for i in range(len(kept) - 1))
    return " & ".join(terms)


class DivisionDatedQuerySet(DivisionScopedQuerySet):
    """Dated rows about a place: records, counts, codes."""

    def as_of(self, day: dt.date) -> Self:
        """Those in force on a day."""
        return self.filter(valid_on(day))


class CommitteeQuerySet(ScopedQuerySet):
    def in_force(self, day: dt.date) -> Self:
        return self.live().filter(valid_on(day))

    def residents(self) -> Self:
        """Residents' committees: the only kind that premises standards judge."""
        return self.filter(kind=CommitteeKind.RESIDENTS)


class PremisesQuerySet(ScopedQuerySet):
    def held_on(self, day: dt.date) -> Self:
        """Rooms obtained by and not lost before or on a day, wherever they stand."""
        return self.live().filter(valid_on(day))

    def standing_in(self, path: str, day: dt.date) -> Self:
        """Rooms held on a day that stood below a place on that day."""
        here = within("placements__division__path_now", (Span.below(path),))
        return self.held_on(day).filter(here, placements__valid__contains=day)


class RuleBookQuerySet(RowQuerySet):
    """Rule books of a user's places, of all places above them (they bind him) and below them."""

    jurisdiction: ClassVar[str] = "jurisdiction"

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        spans = user.spans(action or Action.VIEW)
        above = {pk for span in spans for pk in ancestor_ids(span.low)}
        return self.filter(
            within(f"{self.jurisdiction}__path_now", spans) | Q(**{f"{self.jurisdiction}__in": above})
        )


class ClauseQuerySet(RuleBookQuerySet):
    jurisdiction = "document__jurisdiction"


class ThresholdQuerySet(RuleBookQuerySet):
    def in_force(self, day: dt.date) -> Self:
        return self.live().filter(valid_on(day))
