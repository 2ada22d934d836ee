"""Querysets of the ground: what a place has on a date is a dated query, written here."""

from __future__ import annotations

import datetime as dt
import re
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.apps import apps
from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from communities.base.places import Span, ancestor_ids, outermost, within
from communities.base.querysets import (
    DivisionScopedQuerySet,
    RowQuerySet,
    ScopedQuerySet,
    spellings,
    valid_on,
    words,
)
from communities.base.roles import Action
from communities.choices import CommitteeKind, Level

if TYPE_CHECKING:
    from communities.models import Division

# How far a search reads in the order of the tree before it turns to the word's index, and how many hits it
# gathers there at most.
ROWS_TO_WALK = 5000
HITS_TO_GATHER = 5000
# A word that more places above the communities have in their names is too generic to say where.
PLACES_MEANT = 50


class DivisionQuerySet(ScopedQuerySet):
    """Places; a place lies in its own scope."""

    scope_path = "path_now"
    searched_by = _("输入名称、代码或拼音首字母查找")

    def first_hits(self, text: str, limit: int) -> list[Any]:
        """By the search of the place picker."""
        return first_hits(self, text, limit)

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


def _answers_to(word: str) -> Q:
    """One word's condition in a form that the indexes serve."""
    if word.isascii():
        return _begins_with(word)
    pairs = Q(search=SearchQuery(search_query(word), config="simple", search_type="raw"))
    # Lexemes are indexed apart for communities and for what lies above them.
    above, communities = Q(level__lt=Level.COMMUNITY), Q(level=Level.COMMUNITY)
    return ((above & pairs) | (communities & pairs)) & _holds(word)


def _begins_with(word: str) -> Q:
    # The index on initials begins with the level: naming all levels lets it serve.
    return Q(code_now__startswith=word) | Q(level__in=Level.values, initials__startswith=word)


def _holds(word: str) -> Q:
    """That a name holds the word, read from the name itself."""
    return Q(name_now__icontains=word) if re.search("[a-z]", word) else Q(name_now__contains=word)


def search_query(word: str) -> str:
    """The raw tsquery for one word: pairs of neighbours that cover it, or the beginning of a pair."""
    if len(word) == 1:
        return f"'{word}':*"
    starts = sorted({*range(0, len(word) - 1, 2), len(word) - 2})
    return " & ".join(f"'{word[at : at + 2]}'" for at in starts)


def first_hits(places: DivisionQuerySet, text: str, limit: int = 20) -> list[Division]:
    """The places among ``places`` that a person most likely means by ``text``, best first.

    First those whose code, name or initials are ``text`` or begin with it, the equal ones before all, then
    higher levels before lower; then those whose name holds it elsewhere, from the top of the tree downwards.
    What is generic (社区 stands in 150,000 names) costs no more than what is rare: each step reads a bounded
    number of rows in the order of an index. ``places`` may be limited to a scope (``visible_to``), not sliced.
    """
    found: list[int] = []
    for spelling in spellings(text):
        if len(found) < limit:
            found += _ids_of_hits(places.exclude(pk__in=found), words(spelling), limit - len(found))
    rows = places.in_bulk(found)
    return [rows[pk] for pk in found if pk in rows]


def _ids_of_hits(places: DivisionQuerySet, wanted: list[str], limit: int) -> list[int]:
    found: list[int] = []
    if len(wanted) == 1:
        found = _beginning_with(places, wanted[0], limit)
    if len(found) < limit and not all(word.isascii() for word in wanted):
        others = places.exclude(pk__in=found)
        found += _above_communities(others, wanted, limit - len(found))
        found += _communities(others, wanted, limit - len(found))
    elif len(wanted) > 1:
        found = list(
            places.matching(" ".join(wanted))
            .order_by("level", "path_now")
            .values_list("pk", flat=True)[:limit]
        )
    if len(wanted) > 1 and len(found) < limit:
        found += _below_named(places.exclude(pk__in=found), wanted, limit - len(found))
    return found


def _below_named(places: DivisionQuerySet, wanted: list[str], limit: int) -> list[int]:
    """Ids of places that some of the words name, in places that the others name: 长街 云州, in any order.

    Only what lies in one of the latter is read, so the index on paths bounds what that costs.
    """
    spans = spans_named(wanted)
    inside = outermost(span.low for listed in spans.values() for span in listed)
    found = places.inside(inside)
    for word, above in spans.items():
        here = _begins_with(word) if word.isascii() else _holds(word)
        found = found.filter(here | within("path_now", above))
    return list(found.order_by("level", "path_now").values_list("pk", flat=True)[:limit]) if inside else []


def spans_named(wanted: list[str]) -> dict[str, tuple[Span, ...]]:
    """By word, all below the places above the communities that it names; nothing for one that names too many.

    One query. What is above a place is no secret to whoever may see it, so the scope has no say here.
    """
    above = apps.get_model("communities", "Division")._default_manager.filter(is_closed=False)
    above = above.filter(level__lt=Level.COMMUNITY).order_by()
    named = [
        above.filter(_by_lexemes([word]))
        .annotate(word=Value(number))
        .values_list("word", "path_now")[: PLACES_MEANT + 1]
        for number, word in enumerate(wanted)
    ]
    paths: dict[int, list[str]] = {}
    for number, path in named[0].union(*named[1:], all=True) if len(named) > 1 else named[0]:
        paths.setdefault(number, []).append(path)
    return {
        word: outermost(paths.get(number, ())) if len(paths.get(number, ())) <= PLACES_MEANT else ()
        for number, word in enumerate(wanted)
    }


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


def _by_lexemes(wanted: list[str]) -> Q:
    condition = Q()
    for word in wanted:
        condition &= (
            _begins_with(word)
            if word.isascii()
            else _holds(word) & Q(search=SearchQuery(search_query(word), config="simple", search_type="raw"))
        )
    return condition


def _above_communities(places: DivisionQuerySet, wanted: list[str], limit: int) -> list[int]:
    """Ids of places above the communities whose names hold the words.

    They have a small index of their own and are gathered whole: asked for the first few in order, the planner
    would read all of them one by one, since it takes words of communities for words of all.
    """
    above = places.filter(_by_lexemes(wanted), level__lt=Level.COMMUNITY).order_by()
    return [pk for *_order, pk in nsmallest(limit, above.values_list("level", "path_now", "pk"))]


def _communities(places: DivisionQuerySet, wanted: list[str], limit: int) -> list[int]:
    """Ids of communities whose names hold the words, in the order of the tree as far as that comes cheap.

    A generic word is found in the first rows of the tree; only where it is not are all hits gathered by their
    lexemes, and of very many the first ones that come.
    """
    if limit <= 0:
        return []
    communities = places.filter(level=Level.COMMUNITY).order_by("path_now")
    boundary = communities.values_list("path_now", flat=True)[ROWS_TO_WALK : ROWS_TO_WALK + 1].first()
    near = communities.filter(path_now__lt=boundary) if boundary else communities
    for word in wanted:
        # Without lexemes, or the planner would take the index, whose estimates of generic words are far off.
        near = near.filter(_begins_with(word) if word.isascii() else _holds(word))
    found = list(near.values_list("pk", flat=True)[:limit])
    if boundary is None or len(found) == limit:
        return found
    gathered = (
        communities.filter(_by_lexemes(wanted)).order_by().values_list("path_now", "pk")[:HITS_TO_GATHER]
    )
    return [pk for _path, pk in nsmallest(limit, gathered)]


class DivisionDatedQuerySet(DivisionScopedQuerySet):
    """Dated rows about a place: records, counts, codes."""

    def as_of(self, day: dt.date) -> Self:
        """Those in force on a day."""
        return self.filter(valid_on(day))


class CommitteeQuerySet(ScopedQuerySet):
    searched = (
        "name__icontains",
        "division_now__name_now__contains",
        "division_now__code_now__startswith",
        "division_now__initials__startswith",
    )
    searched_by = _("输入名称、社区代码或社区拼音首字母查找")

    def in_place_named(self, word: str) -> Q:
        return within("division_now__path_now", spans_named([word])[word])

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
    """Rule books of a user's places and of those below them; to read, those of all places above as well.

    What binds him he reads, and does not write.
    """

    jurisdiction: ClassVar[str] = "jurisdiction"

    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        spans = user.spans(action or Action.VIEW)
        here = within(f"{self.jurisdiction}__path_now", spans)
        if action == Action.EDIT_STANDARDS:
            return self.filter(here)
        above = {pk for span in spans for pk in ancestor_ids(span.low)}
        return self.filter(here | Q(**{f"{self.jurisdiction}__in": above}))


class ClauseQuerySet(RuleBookQuerySet):
    jurisdiction = "document__jurisdiction"
    searched = ("label__icontains", "document__title__icontains", "document__number__icontains")
    searched_by = _("输入条款、文件标题或文号查找")


class ThresholdQuerySet(RuleBookQuerySet):
    def in_force(self, day: dt.date) -> Self:
        return self.live().filter(valid_on(day))
