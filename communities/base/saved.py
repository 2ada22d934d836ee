"""Lists as somebody wants to see them again: saved, opened, renamed, shared with one's organisation, deleted.

A view is a name for a query. Opening it means going to the list with that query, and the list's own filter set
has said before that it still understands every word of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View

from communities.base.entry import texts
from communities.base.filters import REMOVED
from communities.base.held import with_query

# The list pages of which views are saved, by page code; filled by ``communities.base.urls``.
LISTS: dict[str, Any] = {}
# The parameter by which a list is told which view it was opened from: for its columns, and to mark it in the menu.
VIEW = "view"
# Where in a list somebody was is not part of how he wants to see it.
POSITION = ("after", "before", VIEW)


def views_of(user: Any, code: str) -> Sequence[Any]:
    """The views of one list that a menu offers, one's own first. One query."""
    saved = apps.get_model("communities", "SavedView").objects
    found = saved.offered_to(user).filter(page=code).select_related("user")
    return sorted(found, key=lambda view: (view.user_id != user.pk, view.name))


def opened(views: Iterable[Any], request: HttpRequest) -> Any | None:
    """The view among them that the list was opened from; an unknown one is none."""
    asked = request.GET.get(VIEW, "")
    return next((view for view in views if str(view.public_id) == asked), None)


def kept_query(query: QueryDict) -> QueryDict:
    """What of a list's address a view keeps."""
    kept = QueryDict(query.urlencode(), mutable=True)
    for name, values in list(kept.lists()):
        if name in POSITION or not any(values):
            del kept[name]
    return kept


def list_url(code: str) -> str:
    return reverse(f"{code}-list")


def list_with(code: str, query: QueryDict, request: HttpRequest) -> Any:
    """The list page, asked with a query by the reader of a request."""
    asked = HttpRequest()
    asked.method, asked.path, asked.user = "GET", list_url(code), request.user
    asked.GET = query  # type: ignore[assignment] # nobody writes into it
    page = LISTS[code]()
    page.setup(asked)
    return page


def misunderstood(page: Any) -> list[str]:
    """Parameters that the list does not know, or whose values it does not take from this reader."""
    try:
        filters = page.filters
    except Http404:
        return ["period"]
    place = page.place_filter
    wrong = [*filters.form.unknown(), *("place" if name == place else name for name in filters.errors)]
    try:
        _order = page.order
    except BadRequest:
        wrong.append("sort")
    return sorted({name for name in wrong if name != "__all__"})


@dataclass(frozen=True)
class Doubt:
    """A condition of a view that the list no longer takes."""

    label: str
    text: str


def doubts(page: Any, names: Iterable[str], query: QueryDict) -> list[Doubt]:
    """In people's words as far as there are any: a parameter that nobody knows has only its name."""
    known = {"place": _("当前地区"), "period": _("报告期"), "sort": _("排序")}
    known[REMOVED] = _("已删除")
    known |= {name: each.label for name, each in page.filterset_class.base_filters.items() if each.label}
    return [Doubt(known.get(name, name)[:60], "、".join(query.getlist(name))[:60]) for name in names]


def name_in(text: str) -> str:
    """The name that somebody typed. Raises ValidationError."""
    name = texts.tidy(text)
    if not name:
        raise ValidationError(_("请填写视图名称。"))
    if len(name) > 40:
        raise ValidationError(_("视图名称最多 40 个字，现有 %(now)d 个。") % {"now": len(name)})
    if unseen := texts.unseen(name.replace("\n", "\0")):
        raise ValidationError(_("视图名称含有看不见的%(kind)s，请重新输入。") % {"kind": unseen.kind})
    return name


def keep(view: Any) -> None:
    """Raises ValidationError for a name that the user has given already."""
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ValidationError(_("已有同名的视图，请换一个名称。")) from error


class SavedPage(LoginRequiredMixin, View):
    """What the pages of views have in common."""

    @property
    def saved(self) -> Any:
        return apps.get_model("communities", "SavedView").objects

    def may(self, code: str) -> bool:
        """Whether the user may read the list at all."""
        return code in LISTS and self.request.user.may(LISTS[code].action)  # type: ignore[union-attr]


class SavedViews(SavedPage):
    """One's own views of all lists; a new one is posted here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = self.saved.filter(user=request.user).select_related("shared_with")
        own = [view for view in found if self.may(view.page)]
        titles = {code: LISTS[code].title or LISTS[code].model._meta.verbose_name_plural for code in LISTS}
        rows = [(titles[view.page], view) for view in own]
        return render(request, "generic/saved_views.html", {"rows": rows})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save a list as it is. What is wrong is said on the list, which stays as it was."""
        code = request.POST.get("page", "")
        if not self.may(code):
            raise PermissionDenied
        query = kept_query(QueryDict(request.POST.get("query", "")[:10_000]))
        here = with_query(list_url(code), query)
        try:
            view = self.new(code, query)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(here)
        messages.success(request, _("已保存视图「%(name)s」。") % {"name": view.name})
        return HttpResponseRedirect(with_query(list_url(code), query, view=str(view.public_id)))

    def new(self, code: str, query: QueryDict) -> Any:
        """Raises ValidationError."""
        user: Any = self.request.user
        page = list_with(code, query, self.request)
        if misunderstood(page) or len(query.urlencode()) > self.saved.model.LONGEST_QUERY:
            raise ValidationError(_("当前的筛选条件有误或过长，没有保存视图。"))
        if self.saved.filter(user=user, page=code).count() >= self.saved.model.MOST_PER_LIST:
            said = _("每个列表最多保存 %(most)d 个视图，请先删除不用的。")
            raise ValidationError(said % {"most": self.saved.model.MOST_PER_LIST})
        view = self.saved.model(
            user=user,
            page=code,
            name=name_in(self.request.POST.get("name", "")),
            query=query.urlencode(),
            columns=page.shown_columns,
            shared_with=user.organisation if "share" in self.request.POST else None,
        )
        keep(view)
        view.refresh_from_db()
        return view


class SavedViewPage(SavedPage):
    """One view: opened by whoever it is offered to; renamed, shared and deleted by its owner."""

    def view(self, public_id: uuid.UUID) -> Any:
        """Raises Http404 for one that is not offered to the user, or whose list he may not read."""
        view = get_object_or_404(self.saved.offered_to(self.request.user), public_id=public_id)
        if not self.may(view.page):
            raise Http404
        return view

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        """To the list; where it no longer understands the view, say which condition and what to do."""
        view = self.view(public_id)
        query = kept_query(QueryDict(view.query))
        page = list_with(view.page, query, request)
        wrong = misunderstood(page)
        if not wrong:
            return HttpResponseRedirect(with_query(list_url(view.page), query, view=str(view.public_id)))
        context = {
            "saved": view,
            "doubts": doubts(page, wrong, query),
            "rest_url": with_query(list_url(view.page), query, **dict.fromkeys(wrong)),
            "list_url": list_url(view.page),
            "list_title": page.title or page.model._meta.verbose_name_plural,
            "is_own": view.user_id == request.user.pk,
        }
        return render(request, "generic/saved_view_broken.html", context, status=409)

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        view = self.view(public_id)
        if view.user_id != request.user.pk:
            raise PermissionDenied
        match request.POST.get("act"):
            case "delete":
                view.delete()
                messages.success(request, _("已删除视图「%(name)s」。") % {"name": view.name})
            case "save":
                self.change(view)
            case _:
                raise BadRequest(_("页面已失效，请重新打开。"))
        return HttpResponseRedirect(reverse("saved-view-list"))

    def change(self, view: Any) -> None:
        """Another name, shared or not."""
        user: Any = self.request.user
        try:
            view.name = name_in(self.request.POST.get("name", ""))
            view.shared_with = user.organisation if "share" in self.request.POST else None
            keep(view)
        except ValidationError as error:
            messages.error(self.request, " ".join(error.messages))
        else:
            messages.success(self.request, _("已保存视图「%(name)s」。") % {"name": view.name})
