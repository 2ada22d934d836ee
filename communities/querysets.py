"""Querysets of the ground: what a place has on a date is a dated query, written here."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from communities.base.places import Span, ancestor_ids, within
from communities.base.querysets import DivisionScopedQuerySet, RowQuerySet, ScopedQuerySet, valid_on
from communities.base.roles import Action
from communities.choices import CommitteeKind, Level

if TYPE_CHECKING:
    from communities.models import Division

MOST_WORDS = 5
# How far a search reads in the order of the tree before it turns to the word's index, and how many hits it
# gathers there at most.
ROWS_TO_WALK = 2000
HITS_TO_GATHER = 5000


class DivisionQuerySet(ScopedQuerySet):
    """Places; a place lies in its own scope."""

    scope_path = "path_now"

    def communities(self) -> Self:
        return self.filter(level=Level.COMMUNITY)

    def ancestors_of(self, path: str) -> Self:
        """From the root down to and including the place at ``path``."""
        return self.filter(pk__in=ancestor_ids(path)).order_by("path_now")

    def matching(self, text: str) -> Self:
        """Places that answer to every word of ``text``: by name, or by the beginning of code or pinyin initials.

        A word with Chinese characters must stand in the name; every pair of neighbouring characters is a lexeme
        of the generated column ``search``, so words of two characters use the index too. Text without any
        usable character matches nothing.
        """
        found = self if words(text) else self.none()
        for word in words(text):
            found = found.filter(_answers_to(word))
        return found


def words(text: str) -> list[str]:
    """The words of a person's search: runs of letters, digits and characters, in small letters."""
    return re.findall(r"[^\W_]+", text.lower())[:MOST_WORDS]


def _answers_to(word: str) -> Q:
    if word.isascii():
        # The index on initials begins with the level: naming all levels lets it serve.
        return Q(code_now__startswith=word) | Q(level__in=Level.values, initials__startswith=word)
    # Pairs alone would also find their characters apart from one another.
    whole = Q(name_now__icontains=word) if len(word) > 2 else Q()
    return Q(search=SearchQuery(search_query(word), config="simple", search_type="raw")) & whole


def search_query(word: str) -> str:
    """The raw tsquery for one word: all its pairs of neighbours, or the beginning of a pair."""
    if len(word) == 1:
        return f"'{word}':*"
    return " & ".join(f"'{word[at : at + 2]}'" for at in range(len(word) - 1))


def first_hits(places: DivisionQuerySet, text: str, limit: int = 20) -> list[Division]:
    """The places among ``places`` that a person most likely means by ``text``, best first.

    First those whose code, name or initials are ``text`` or begin with it, the equal ones before all, then
    higher levels before lower; then those whose name holds it elsewhere, from the top of the tree downwards.
    What is generic (社区 stands in 150,000 names) costs no more than what is rare: each step reads a bounded
    number of rows in the order of an index. ``places`` may be limited to a scope (``visible_to``), not sliced.
    """
    wanted = words(text)
    if not wanted:
        return []
    found: list[int] = []
    if len(wanted) == 1:
        found = _beginning_with(places, wanted[0], limit)
    if len(found) < limit and not (len(wanted) == 1 and wanted[0].isascii()):
        matching = places.matching(text).exclude(pk__in=found)
        above = matching.filter(level__lt=Level.COMMUNITY).order_by("level", "path_now")
        found += above.values_list("pk", flat=True)[: limit - len(found)]
        found += _communities(places, matching, limit - len(found))
    rows = places.in_bulk(found)
    return [rows[pk] for pk in found if pk in rows]


def _beginning_with(places: DivisionQuerySet, word: str, limit: int) -> list[int]:
    """Ids of places whose code, name or initials are the word or begin with it: a few rows of each level."""
    of_signs = "code_now" if word.isdigit() else "initials"
    field = of_signs if word.isascii() else "name_now"
    beginning = places.order_by().filter(**{f"{field}__startswith": word})
    levels = [
        beginning.filter(level=level)
        .order_by(field, "path_now")
        .values_list("pk", "level", field, "path_now")[:limit]
        for level in Level.values
    ]
    hits = levels[0].union(*levels[1:], all=True)
    best = sorted(hits, key=lambda hit: (hit[2] != word, hit[1], hit[2], hit[3]))
    return [pk for pk, *_rest in best[:limit]]


def _communities(places: DivisionQuerySet, matching: DivisionQuerySet, limit: int) -> list[int]:
    """Ids of communities among ``matching``, in the order of the tree as far as that comes cheap.

    A generic word is found in the first rows of the tree; only where it is not are all hits gathered by the
    word's index, and of very many the first ones that come.
    """
    if limit <= 0:
        return []
    communities = matching.filter(level=Level.COMMUNITY).order_by("path_now")
    last = places.filter(level=Level.COMMUNITY).order_by("path_now").values_list("path_now", flat=True)
    boundary = last[ROWS_TO_WALK : ROWS_TO_WALK + 1].first()
    near = communities.filter(path_now__lt=boundary) if boundary else communities
    found = list(near.values_list("pk", flat=True)[:limit])
    if boundary is None or len(found) == limit:
        return found
    gathered = communities.order_by().values_list("path_now", "pk")[:HITS_TO_GATHER]
    return [pk for _path, pk in sorted(gathered)[:limit]]


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
