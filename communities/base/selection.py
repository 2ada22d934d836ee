"""Rows ticked in a list, to be changed together: which ones, and where the list sends them.

The browser keeps the ids of ticked rows over pages, sorting and filtering; nothing else about them is kept, and
whether the reader may write a row is asked anew wherever ids come in.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.base.entry.forms import EntryForm
from communities.base.held import with_query
from communities.base.paging import Count
from communities.base.roles import Action

# More rows than a person can answer for at once, and than one transaction should hold.
MOST_CHOSEN = 300


CHANGE = gettext_lazy("批量修改")


@dataclass(frozen=True)
class Choosing:
    """What a list needs so that its rows can be ticked. ``key`` names the register and the reader.

    ``act`` is what is done with the ticked rows, ``icon`` its sign.
    """

    key: str
    url: str
    all_url: str
    ids_url: str
    back: str
    count: Count
    act: Any = CHANGE
    icon: str = "pencil"
    most: int = MOST_CHOSEN

    @property
    def all_text(self) -> str:
        """What the button says that takes all rows the filters leave."""
        if self.count.number > self.most:
            return _("选择前 %(most)s 条筛选结果(一次最多 %(most)s 条)") % {"most": f"{self.most:,}"}
        return _("选择全部 %(number)s 条筛选结果") % {"number": self.count}


def choosing(entry: type[EntryForm] | None, code: str, request: HttpRequest, count: Count) -> Choosing | None:
    """None where the reader may not change rows of the register, or not many at once."""
    user: Any = request.user
    if entry is None or not entry.bulk_names() or not user.may(entry.action):
        return None
    return chosen_for(code, request, count)


def chosen_for(code: str, request: HttpRequest, count: Count, **more: Any) -> Choosing:
    """Ticked rows of the list ``code`` go to ``code-bulk``; all that its filters leave, ``code-chosen`` tells."""
    user: Any = request.user
    url = reverse(f"{code}-bulk")
    return Choosing(
        key=f"{code}:{user.public_id}",
        url=url,
        all_url=with_query(url, request.GET),
        ids_url=with_query(reverse(f"{code}-chosen"), request.GET),
        back=with_query("", request.GET).removeprefix("?"),
        count=count,
        **more,
    )


@dataclass(frozen=True)
class Mark:
    """One ticked row, with the version that was read where a page has shown it."""

    public_id: str
    version: int | None = None


def marks_in(texts: Iterable[str]) -> list[Mark]:
    """The rows that a page sent, each once: ``id`` or ``id:version``. Raises BadRequest."""
    found: dict[str, Mark] = {}
    for text in texts:
        public_id, _colon, version = text.partition(":")
        if version and not (version.isascii() and version.isdecimal() and len(version) < 10):
            raise BadRequest(_("页面已失效，请重新打开。"))
        try:
            known = str(uuid.UUID(public_id))
        except ValueError as error:
            raise BadRequest(_("页面已失效，请重新打开。")) from error
        found[known] = Mark(known, int(version) if version else None)
    if len(found) > MOST_CHOSEN:
        raise BadRequest(_("一次最多修改 %(most)d 条，请减少选择。") % {"most": MOST_CHOSEN})
    return list(found.values())


def ids_left(list_page: Any, action: Action) -> list[str]:
    """Ids of the rows that the list's filters leave and on which the reader may do ``action``, up to the cap.

    In the list's order.

    Raises Http404, BadRequest as the list does.
    """
    filters = list_page.filters
    if filters.names_unknown_row:
        raise Http404
    if filters.form.unknown() or not filters.is_valid():
        raise BadRequest(_("地址中有不认识的参数。"))
    rows = list_page.model.objects.visible_to(list_page.request.user, action).live()
    rows = rows.filter(pk__in=filters.qs.order_by().values("pk"))
    ordered = rows.order_by(*list_page.order[1].clauses(backwards=False))
    return [str(public_id) for public_id in ordered.values_list("public_id", flat=True)[:MOST_CHOSEN]]


def marks_sent(request: HttpRequest, list_page: type[Any], action: Action) -> list[Mark]:
    """The rows that a list sent: those ticked, or all that its filters leave. Raises BadRequest."""
    if "all" not in request.POST:
        return marks_in(request.POST.getlist("row"))
    page = list_page()
    page.setup(request)
    return [Mark(public_id) for public_id in ids_left(page, action)]


class ChosenIds:
    """The ids of all rows that a list's filters leave, for its script: beside a list page."""

    needed: Action
    offers_removed = False

    @classmethod
    def of(cls, list_page: Any, action: Action) -> Any:
        """The view beside one list; asked by whoever may do ``action``."""
        page = type(f"{list_page.__name__}Ids", (cls, list_page), {"needed": action})
        return page.as_view()  # type: ignore[attr-defined]

    def get(self: Any, request: HttpRequest) -> HttpResponse:
        """``{"ids": [...]}``, at most as many as may be changed at once."""
        if not request.user.may(self.needed):  # type: ignore[union-attr]
            return HttpResponse(status=403)
        return JsonResponse({"ids": ids_left(self, self.needed)})

    def post(self: Any, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - the list's own way to remember
        """There is nothing to write here."""
        return HttpResponse(status=405)


def list_query(text: str) -> str:
    """The query of a list that a page carried along, to go back to: parsed and written anew."""
    return with_query("", QueryDict(text[:2000]))
