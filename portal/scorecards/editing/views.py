"""Rating schemes, their versions and items: lists, pages of rows, and what is done with a version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from communities.base import actions
from communities.base.detail import DetailPage, Part
from communities.base.entry.pages import version_of
from communities.base.roles import Action
from communities.base.tables import detail_url, link, written
from communities.base.views import ListPage, ScopedPage, readable
from portal.scorecards import schemes
from portal.scorecards.editing import filters, tables
from portal.scorecards.editing.pages import named_row
from portal.scorecards.models import RatingItem, RatingScheme, RatingSchemeVersion
from portal.scorecards.scheme_differences import differences, previous_of
from portal.scorecards.scheme_words import rule_sentences


class SchemeList(ListPage):
    model = RatingScheme
    table_class = tables.SchemeTable
    filterset_class = filters.SchemeFilterSet
    default_order = "jurisdiction"
    related = ("jurisdiction",)
    purpose = _("这里列出对区县、街镇或社区评分的评分表。评分内容写在各版本里。")

    def page_rows(self) -> QuerySet[Any]:
        """With the latest published version and the number of drafts."""
        live = Q(versions__deleted_at__isnull=True)
        published = live & Q(versions__published_at__isnull=False)
        drafts = live & Q(versions__isnull=False, versions__published_at__isnull=True)
        numbers = {"last_published": Max("versions__number", filter=published)}
        return super().page_rows().annotate(**numbers, drafts=Count("versions", filter=drafts))


class SchemeDetail(DetailPage):
    model = RatingScheme
    related = ("jurisdiction", "clause__document")
    template_name = "scorecards/scheme.html"
    groups = ((_("评分表"), ("level", "jurisdiction", "clause", "description")),)

    def fact_clause(self) -> tuple[Any, Any]:
        clause = self.row.clause
        return _("依据条款"), link(clause.document if clause else None, self.request.user, clause)

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("版本"),
            tables.VersionTable,
            self.row.versions.live().select_related("scheme").order_by("-number"),
            columns=("name", "state", "valid", "full_mark", "note"),
            empty=_("还没有版本。"),
            more=f"{reverse('rating-scheme-version-list')}?scheme={self.row.public_id}",
        )

    def context(self) -> dict[str, Any]:
        new = f"{reverse('rating-scheme-version-new')}?scheme={self.row.public_id}"
        found = super().context()
        return found | {"new_version_url": new if found["acts"] else ""}


class VersionList(ListPage):
    model = RatingSchemeVersion
    table_class = tables.VersionTable
    filterset_class = filters.VersionFilterSet
    default_order = "-number"
    related = ("scheme__jurisdiction",)
    purpose = _("这里列出评分表的各个版本。发布后的版本不再改动。")


class VersionDetail(DetailPage):
    """A version with all its content; for its writers, what is still missing and what is odd."""

    model = RatingSchemeVersion
    related = ("scheme__jurisdiction", "published_by")
    template_name = "scorecards/version.html"
    groups = ((_("版本"), ("scheme", "state", "valid", "full_mark", "peer_class", "note", "published_at")),)

    def jurisdiction(self) -> Any:
        return self.row.scheme.jurisdiction

    def fact_state(self) -> tuple[Any, Any]:
        return _("状态"), tables.state_of(self.row)

    def fact_peer_class(self) -> tuple[Any, Any]:
        return _("排名分组"), self.row.get_peer_class_display()

    def fact_published_at(self) -> tuple[Any, Any]:
        who = f"，{self.row.published_by}" if self.row.published_by else ""
        return _("发布时间"), f"{written(self.row.published_at)}{who}" if self.row.is_published else _(
            "未发布"
        )

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("评分等级"),
            tables.GradeTable,
            self.row.grades.live().order_by("-least", "pk"),
            columns=("name", "stars", "least"),
            empty=_("还没有评分等级。"),
        )
        yield self.part(
            _("否决事项"),
            tables.VetoTable,
            self.row.vetoes.live().order_by("position", "pk"),
            columns=("name", "condition", "effect"),
            empty=_("没有否决事项。"),
        )

    def context(self) -> dict[str, Any]:
        found, row = super().context(), self.row
        may_write = bool(found["acts"])
        if row.is_published:
            found["acts"] = {name: url for name, url in found["acts"].items() if name != "remove"}
        content = schemes.content_of(row)
        drafting = may_write and not row.is_published
        obstacles = schemes.obstacles(row) if drafting else []
        return found | {
            "content": content,
            "may_write": may_write,
            "drafting": drafting,
            "obstacles": obstacles,
            "ended": self.ended(row) if obstacles else None,
            "warnings": schemes.warnings_of(row) if drafting else [],
            "previous": previous_of(row, self.request.user),
        }

    @staticmethod
    def ended(row: RatingSchemeVersion) -> dict[str, Any] | None:
        """The version that publishing would have to end, and when, where nothing else is in the way."""
        former = schemes.former_of(row)
        if former is None or schemes.obstacles(row, former=former):
            return None
        return {"version": former, "last_day": row.valid.lower - dt.timedelta(days=1)}


class VersionButton(ScopedPage):
    """Something done with a version by one button."""

    action: ClassVar[Action] = Action.EDIT_STANDARDS

    def version(self, public_id: Any) -> RatingSchemeVersion:
        """Raises Http404 where the user may not write."""
        rows = readable(RatingSchemeVersion, self.request.user, self.action).select_related("scheme")
        version: RatingSchemeVersion = get_object_or_404(rows, public_id=public_id)
        return version

    def back_to(self, version: RatingSchemeVersion) -> HttpResponse:
        return HttpResponseRedirect(reverse("rating-scheme-version-detail", args=[version.public_id]))


class PublishVersion(VersionButton):
    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        version = self.version(public_id)
        if request.POST.get("confirmed") != "1":
            messages.warning(request, gettext("请先勾选确认。"))
            return self.back_to(version)
        version.version = version_of(request)
        # The version that the page named: should another one be in the way by now, it stays there.
        former = schemes.former_of(version)
        if former is not None and request.POST.get("end_former") != str(former.public_id):
            former = None
        try:
            schemes.publish_version(version, by=request.user, former=former)
            messages.success(request, gettext("「%(version)s」已发布。") % {"version": version})
        except ValidationError as error:
            messages.warning(request, gettext("没有发布：%(why)s") % {"why": "".join(error.messages)})
        except actions.StaleVersion:
            messages.warning(request, gettext("打开本页之后，这一版已被他人修改，请核对后再发布。"))
        return self.back_to(version)


class CopyVersion(VersionButton):
    def post(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        version = self.version(public_id)
        note = request.POST.get("note", "").replace("\x00", "")[:500]
        try:
            draft = schemes.copy_version(version, by=request.user, note=note)
        except ValidationError as error:
            messages.warning(request, " ".join(error.messages))
            return self.back_to(version)
        messages.success(
            request, gettext("已复制为「%(version)s」，现在是草稿。请先核对施行期间。") % {"version": draft}
        )
        return self.back_to(draft)


class VersionDifferences(ScopedPage):
    """How a version differs from the one before it, or from the one named by ``with``."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        rows = readable(RatingSchemeVersion, request.user, self.action).select_related("scheme__jurisdiction")
        version = get_object_or_404(rows, public_id=public_id)
        is_named = "with" in request.GET
        other = named_row(rows, request.GET["with"]) if is_named else previous_of(version, request.user)
        context = {
            "version": version,
            "previous": other,
            "against": gettext("与%(other)s比较") % {"other": other} if is_named else gettext("与上一版比较"),
            "old_head": str(other) if is_named else gettext("上一版"),
            "version_url": detail_url(version),
            "list_url": reverse("rating-scheme-version-list"),
            "differences": differences(other, version) if other is not None else [],
        }
        return render(request, "scorecards/differences.html", context)


class ItemList(ListPage):
    model = RatingItem
    table_class = tables.ItemTable
    filterset_class = filters.ItemFilterSet
    default_order = "name"
    related = ("group__scheme_version__scheme", "clause__document")
    purpose = _("这里列出评分表各版本里的评分项目。")


class ItemDetail(DetailPage):
    model = RatingItem
    related = ("group__scheme_version__scheme__jurisdiction", "clause__document")
    groups = (
        (_("项目"), ("version", "group", "full_mark", "rule")),
        (_("得分"), ("least", "most", "places", "mode", "not_applicable")),
        (_("依据和核查"), ("clause", "evidence", "method")),
        (_("评分对象"), ("building_classes", "location_classes", "community_kinds")),
    )
    units = {"full_mark": _("分"), "least": _("分"), "most": _("分")}

    def jurisdiction(self) -> Any:
        return self.row.group.scheme_version.scheme.jurisdiction

    def acts(self, place: Any) -> dict[str, str]:
        return {} if self.row.group.scheme_version.is_published else super().acts(place)

    def fact_version(self) -> tuple[Any, Any]:
        return _("评分表版本"), link(self.row.group.scheme_version, self.request.user)

    def fact_rule(self) -> tuple[Any, Any]:
        return _("评分规则"), "\n".join(rule_sentences(self.row))

    def fact_clause(self) -> tuple[Any, Any]:
        clause = self.row.clause
        return _("依据条款"), link(
            clause.document if clause else None, self.request.user, self.row.basis_at_hand
        )
