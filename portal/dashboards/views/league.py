"""The league table of one scheme in one period, and the button that scores anew."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from communities.base.held import held_query, with_query
from communities.base.paging import BadPosition, Order, Page, count_of, page_of, rows_of
from communities.base.querysets import valid_on
from communities.base.roles import Action
from communities.base.views import Head, ScopedPage, place_lines
from communities.models import Division, Period
from portal.dashboards.ratings import (
    CLASS_WORDS,
    NO_GRADE,
    bars,
    is_about,
    mean,
    named_version,
    versions_about,
)
from portal.dashboards.views.dashboard import refuse_unknown
from portal.frame import frame_of
from portal.scorecards.models import CurrentRun, RatingSchemeVersion, RunKind
from portal.scorecards.scoring import reading
from portal.scorecards.scoring.runs import request_score_run, versions_in_force
from portal.scorecards.scoring.sheet import CLASSES, Sheet, sheet_of

PAGE_SIZE = 50
# Grades are counted from the highest; another period's version may have fewer, and then none has the last ones.
GRADES = frozenset(str(number) for number in range(1, 100))
# Stands for no rank: more than there are places, and few enough that a class times it is a small integer.
NO_RANK = 10**7
PARAMETERS = frozenset({"place", "period", "version", "class", "grade", "sort", "after", "before"})
ORDERS: dict[str, Order] = {
    "place": Order("division__path_now"),
    "rank": Order("rank", nullable=True, parse=int),
    "total": Order("total", nullable=True, parse=int),
}


class ScoreList(ScopedPage):
    """Who stands where below the place at hand; of a place that is scored itself, among those beside it."""

    action: ClassVar[Action] = Action.COMPARE

    def get(self, request: HttpRequest) -> HttpResponse:
        refuse_unknown(request, PARAMETERS)
        frame = frame_of(request)
        self.place = frame.require_place(Action.COMPARE)
        self.period = frame.require_period()
        context: dict[str, Any] = {
            "place": self.place,
            "period": self.period,
            "may_run": bool(request.user.may(Action.RUN)),  # type: ignore[union-attr]
        }
        if self.period is not None:
            context |= self.of_period(self.period)
        return render(request, "scores/list.html", context)

    def of_period(self, period: Period) -> dict[str, Any]:
        versions = versions_about(self.request.user, self.place, period)
        version = self.chosen(versions)
        if version is None:
            return {"version": None, "in_force": self.in_force(period)}
        sheet = sheet_of(version)
        listed = self.listed(version)
        return {
            "versions": versions,
            "version": version,
            "unscored": self.unscored(versions, period),
            "sheet": sheet,
            "listed": listed,
            **self.summary(version, listed, period),
            **self.table(version, sheet, listed, period),
        }

    def chosen(self, versions: list[RatingSchemeVersion]) -> RatingSchemeVersion | None:
        """The version in the address, else the one of its scheme for this period, else the nearest.

        Raises Http404 for a foreign or unknown one.
        """
        text = self.request.GET.get("version")
        if text:
            asked = named_version(reading.versions_read(self.request.user), text)
            alike = [each for each in versions if each == asked]
            alike += [each for each in versions if each.scheme_id == asked.scheme_id]
            versions = [*alike, *versions]
        return versions[0] if versions else None

    def unscored(self, versions: list[RatingSchemeVersion], period: Period) -> list[tuple[Any, bool]]:
        """The schemes that one may look for in vain, and whether each ended since the period before.

        They are that of the version in the address, and those whose last version has just ended.
        """
        rows = reading.versions_read(self.request.user).select_related("scheme__jurisdiction")
        day = period.anchor_date
        in_force = rows.published().filter(valid_on(day)).values("scheme")
        ended = rows.published().filter(valid__endswith__gte=period.first_day, valid__endswith__lte=day)
        ended = ended.exclude(scheme__in=in_force).order_by("pk")
        text = self.request.GET.get("version")
        found = {each.scheme: False for each in ([named_version(rows, text)] if text else [])}
        found |= {each.scheme: True for each in ended if is_about(each, self.place)}
        scored = {each.scheme_id for each in versions}
        return [(scheme, is_over) for scheme, is_over in found.items() if scheme.pk not in scored]

    def in_force(self, period: Period) -> list[RatingSchemeVersion]:
        """What could score the period here and has not yet."""
        measured = CurrentRun.objects.filter(kind=RunKind.MEASURE, period=period).select_related("run")
        ids = [version.pk for each in measured for version in versions_in_force(each.run)]
        found = reading.versions_read(self.request.user).filter(pk__in=ids)
        return [each for each in found.select_related("scheme__jurisdiction") if is_about(each, self.place)]

    def listed(self, version: RatingSchemeVersion) -> Division:
        """The place whose parts are ranked: the nearest one above those that the version scores."""
        line = [step for step in frame_of(self.request).line if step.level < version.scheme.level]
        return line[-1] if line else self.place

    def summary(self, version: RatingSchemeVersion, listed: Division, period: Period) -> dict[str, Any]:
        """How many were scored, with which mean and which stars. Two queries."""
        rows = reading.roll_ups_for(self.request.user, listed, period)
        row = next((each for each in rows if each.scheme_version_id == version.pk), None)
        return {"summary": row, "mean": mean(row), "bars": bars(row) if row is not None else []}

    # -- the table -------------------------------------------------------------------------------------

    def table(
        self, version: RatingSchemeVersion, sheet: Sheet, listed: Division, period: Period
    ) -> dict[str, Any]:
        user = self.request.user
        below = reading.cards_for(user, version=version, period=period).below(listed.path_now)
        found = self.filtered(below, version)
        page = self.page(*self.by_class(found, version))
        cards = rows_of(reading.cards_for(user), page)
        reading.dress(cards)
        for card in cards:
            card.group_points = sheet.group_points(card.points)
        path, query = self.request.path, self.request.GET
        return {
            "cards": cards,
            "count": count_of(found),
            "place_lines": place_lines((card.division for card in cards), listed.path_now),
            "heads": self.heads(),
            "classes": CLASS_WORDS.get(version.peer_class),
            "asked_class": query.get("class", ""),
            "asked_grade": query.get("grade", ""),
            "held": held_query(self.request),
            "all_url": with_query(path, query, **{"class": None, "grade": None}),
            "next_url": with_query(path, query, after=page.next) if page.next else None,
            "previous_url": with_query(path, query, before=page.previous) if page.previous else None,
        }

    def by_class(self, cards: QuerySet[Any], version: RatingSchemeVersion) -> tuple[QuerySet[Any], Order]:
        """The order asked for; by rank class after class, where classes are ranked apart.

        One number says both, so that pages go on from it: the class above, the rank below, those without one last.
        """
        asked, order = self.order
        classes = CLASS_WORDS.get(version.peer_class)
        if order.column != "rank" or not classes or self.request.GET.get("class"):
            return cards, order
        named = f"classes__{CLASSES.index(version.peer_class)}"
        number = Case(
            *(When(**{named: code}, then=Value(at)) for at, code in enumerate(classes)),
            default=Value(len(classes)),
            output_field=IntegerField(),
        )
        ranked = F("rank") if asked == "rank" else Value(NO_RANK - 1) - F("rank")
        rank = Coalesce(ranked, Value(NO_RANK), output_field=IntegerField())
        return cards.annotate(standing=number * Value(NO_RANK + 1) + rank), Order("standing", parse=int)

    def filtered(self, cards: QuerySet[Any], version: RatingSchemeVersion) -> QuerySet[Any]:
        """By class and grade as the address says. Raises BadRequest for what cannot be either."""
        asked_class, grade = self.request.GET.get("class"), self.request.GET.get("grade")
        if asked_class and version.peer_class:
            if asked_class not in CLASS_WORDS[version.peer_class]:
                raise BadRequest(_("没有这个类别。"))
            cards = cards.filter(**{f"classes__{CLASSES.index(version.peer_class)}": asked_class})
        if grade == NO_GRADE:
            return cards.filter(grade__isnull=True)
        if grade:
            if grade not in GRADES:
                raise BadRequest(_("没有这个等级。"))
            cards = cards.filter(grade=int(grade))
        return cards

    @cached_property
    def order(self) -> tuple[str, Order]:
        """The order asked for and its name. Raises BadRequest for one that is not on offer."""
        asked = self.request.GET.get("sort") or "rank"
        order = ORDERS.get(asked.removeprefix("-"))
        if order is None:
            raise BadRequest(_("不能按此列排序。"))
        return asked, (order.reversed() if asked.startswith("-") else order)

    def page(self, rows: QuerySet[Any], order: Order) -> Page:
        asked = self.request.GET
        after, before = asked.get("after") or None, asked.get("before") or None
        try:
            return page_of(rows, order, PAGE_SIZE, after=after, before=before)
        except BadPosition as error:
            raise BadRequest(_("翻页位置无效，请从第一页开始。")) from error

    def heads(self) -> dict[str, Head]:
        """Where a click on a head sorts: totals from the highest down first."""
        asked = self.order[0]
        labels = {"place": _("地区"), "rank": _("名次"), "total": _("总分")}
        found = {}
        for name, label in labels.items():
            is_asked = asked.removeprefix("-") == name
            state = "none" if not is_asked else "descending" if asked.startswith("-") else "ascending"
            first, second = (f"-{name}", name) if name == "total" else (name, f"-{name}")
            url = with_query(self.request.path, self.request.GET, sort=second if asked == first else first)
            found[name] = Head(name, label, "", "number" if name == "total" else "", url, state)
        return found


class RunScores(ScopedPage):
    """The button on the league page: a version scores a period anew."""

    action: ClassVar[Action] = Action.RUN

    def post(self, request: HttpRequest) -> HttpResponse:
        rows = RatingSchemeVersion.objects.live().visible_to(request.user, self.action)
        version = named_version(rows.select_related("scheme"), request.POST.get("version", ""))
        code = request.POST.get("period", "").replace("\x00", "")
        period = get_object_or_404(Period.objects.live(), code=code)
        try:
            request_score_run(version, period, by=request.user)
        except ValidationError as error:
            messages.warning(request, " ".join(error.messages))
            back = f"?period={period.code}&version={version.public_id}"
            return HttpResponseRedirect(reverse("score-list") + back)
        told = {"version": version, "period": period.label}
        messages.success(
            request, _("已开始按%(version)s为%(period)s评分，进度见下方；完成后得分自动更新。") % told
        )
        return HttpResponseRedirect(reverse("period-detail", args=[period.public_id]))
