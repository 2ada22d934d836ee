"""Finding a place: search by name, code or pinyin initials, and the tree, a level at a time.

``for=compare`` looks where figures may be compared, ``for=view`` where rows may be read.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from communities.base.places import LABEL_WIDTH, ancestor_ids
from communities.base.roles import Action
from communities.choices import Level
from communities.models import Division
from communities.querysets import DivisionQuerySet, first_hits

SHOWN_HITS = 12
PAGE_HITS = 50
MOST_CHILDREN = 500
LONGEST_QUERY = 50
SCOPES = {"compare": Action.COMPARE, "view": Action.VIEW}


class PlacePage(LoginRequiredMixin, View):
    """What all parts of the picker share: for whom and for what places are looked for."""

    parameters = frozenset({"q", "for"})
    otherwise = "view"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            if set(request.GET) - self.parameters:
                raise BadRequest(_("地址中有不认识的参数。"))
            self.action = self.read_action(request)
            if not request.user.may(self.action):
                raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def read_action(self, request: HttpRequest) -> Action:
        asked = request.GET.get("for", self.otherwise)
        if asked not in SCOPES:
            raise BadRequest(_("地址中的参数无效。"))
        return SCOPES[asked]

    def places(self) -> DivisionQuerySet:
        return (
            Division.objects.visible_to(self.request.user, self.action)
            .filter(is_closed=False)
            .defer("search")
        )

    def query(self) -> str:
        text = self.request.GET.get("q", "").strip()
        if len(text) > LONGEST_QUERY or "\x00" in text:
            raise BadRequest(_("查找内容过长或含有无效字符。"))
        return text

    def hits(self, limit: int) -> list[tuple[Division, str]]:
        """The first places that match, best first, each with the places above it. Seven queries at most."""
        text = self.query()
        if not text:
            return []
        return with_lines(first_hits(self.places(), text, limit))


def with_lines(found: list[Division]) -> list[tuple[Division, str]]:
    """Each place with the names of those above it, provinces downward. One query."""
    above = {pk for place in found for pk in ancestor_ids(place.path_now)[1:-1]}
    names = dict(Division.objects.filter(pk__in=above).values_list("pk", "name_now")) if above else {}
    return [
        (place, " ".join(names[pk] for pk in ancestor_ids(place.path_now)[1:-1] if pk in names))
        for place in found
    ]


class PlaceHits(PlacePage):
    """The list under the search field: a part of a page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        hits = self.hits(SHOWN_HITS)
        return render(request, "includes/place_hits.html", {"hits": hits, "asked": self.query()})


class PlaceChildren(PlacePage):
    """One level of the tree: the places directly below ``parent``, or where the user's places begin."""

    parameters = frozenset({"parent", "for"})

    def get(self, request: HttpRequest) -> HttpResponse:
        parent = request.GET.get("parent")
        return render(
            request,
            "includes/place_children.html",
            {"children": self.below(parent) if parent else self.tops(), "leaf": Level.COMMUNITY},
        )

    def below(self, parent: str) -> list[Division]:
        try:
            public_id = uuid.UUID(parent)
        except ValueError as error:
            raise BadRequest(_("地址中的参数无效。")) from error
        place = self.places().filter(public_id=public_id).first()
        if place is None:
            raise Http404
        return list(self.places().filter(parent_now=place).order_by("code_now", "path_now")[:MOST_CHILDREN])

    def tops(self) -> list[Division]:
        spans = self.request.user.spans(self.action)  # type: ignore[union-attr]
        ids = [int(span.low[-LABEL_WIDTH:], 36) for span in spans]
        return list(self.places().filter(pk__in=ids).order_by("path_now"))


class Places(PlacePage):
    """Search results as a page of their own: for the search field of the top bar, and without scripts."""

    parameters = frozenset({"q", "for", "place", "period"})
    otherwise = "compare"

    def get(self, request: HttpRequest) -> HttpResponse:
        spans = request.user.spans(Action.VIEW)  # type: ignore[union-attr]
        hits = [
            (place, line, any(span.covers(place.path_now) for span in spans))
            for place, line in self.hits(PAGE_HITS)
        ]
        tree = [] if self.query() else self.level(request)
        return render(
            request,
            "communities/places.html",
            {"hits": hits, "asked": self.query(), "tree": tree, "is_cut": len(hits) == PAGE_HITS},
        )

    def level(self, request: HttpRequest) -> list[Division]:
        """The places directly below the one in the address, for browsing without scripts."""
        picker = PlaceChildren()
        picker.request, picker.action = request, self.action
        asked = request.GET.get("place")
        return picker.below(asked) if asked else picker.tops()
