"""One community on one page: what it is, what it has, how it stands against the standards, how it came about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from communities import tables
from communities.base.changes import SHOWN, History
from communities.base.detail import DetailPage, FactGroup, Part
from communities.base.querysets import today
from communities.base.tables import describe, field_name
from communities.choices import PremisesKind
from communities.models import ChangeRecord, Community, CommunityRecord
from portal.dashboards.standing import of_place
from portal.dashboards.views.ratings import own_scores
from portal.frame import frame_of
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import slot_positions
from portal.scorecards.reading import history


class CommunityPage(DetailPage):
    """The page of a community. It gathers figures and registers, so it stands in the portal."""

    model = Community
    template_name = "dashboards/community.html"
    related = ("parent_now",)

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        self.day = today()
        return super().get(request, public_id)

    def place(self) -> Any:
        return self.row

    def context(self) -> dict[str, Any]:
        frame = frame_of(self.request)
        frame.stand_at(self.row)
        period = frame.require_period()
        cards = history(self.request.user, self.row)
        positions = slot_positions()
        card = next((each for each in cards if each.period == period), None)
        return super().context() | {
            "period": period,
            "card": card,
            "differs_since": card.differs_since if card is not None else None,
            "standing": of_place(self.row, card.period, self.request.user) if card is not None else [],
            "scores": own_scores(self.request.user, self.row, period) if period is not None else [],
            "totals": self.totals(),
            "series": [
                (indicator, [each.figure(indicator, positions) for each in cards])
                for indicator in INDICATORS.values()
            ],
            "cards": cards,
            "may_see_rows": True,
        }

    def fact_groups(self) -> list[FactGroup]:
        """The place, and its record in force today."""
        user = self.request.user
        facts = [self.fact(name) for name in ("code_now", "kind_now", "is_closed")]
        record = self.row.community_records.live().as_of(self.day).first()
        if record is not None:
            facts += [
                (field_name(CommunityRecord, name), describe(record, name, user))
                for name in ("kind", "building_class", "state", "feature")
            ]
        return [FactGroup(_("基本情况"), facts)]

    def totals(self) -> list[dict[str, Any]]:
        """Rooms held today, summed by kind. One query."""
        labels = dict(PremisesKind.choices)
        held = self.row.premises_now.held_on(self.day).order_by("kind").values("kind")
        return [
            {"kind": labels.get(each["kind"], each["kind"]), "number": each["number"], "area": each["area"]}
            for each in held.annotate(number=Count("pk"), area=Sum("area"))
        ]

    def parts(self) -> Iterable[Part]:
        row, here = self.row, f"?place={self.row.public_id}"
        rooms = row.premises_now.live().select_related("committee")
        room_columns = ("name", "kind", "committee", "area", "tenure", "obtained_on", "temporary_until")
        yield self.part(
            _("居(村)民委员会"),
            tables.CommitteeTable,
            row.committees_now.live().order_by("pk"),
            columns=("name", "kind", "term_number", "elected_on", "expires_on", "valid"),
            empty=_("没有登记委员会。"),
            more=reverse("committee-list") + here,
        )
        yield self.part(
            _("现有用房"),
            tables.PremisesTable,
            rooms.held_on(self.day).order_by("kind", "pk"),
            columns=room_columns,
            empty=_("目前没有登记用房。"),
            more=reverse("premises-list") + here + "&held=true",
        )
        yield self.part(
            _("已失去的用房"),
            tables.PremisesTable,
            rooms.filter(lost_on__lte=self.day).order_by("-lost_on", "pk"),
            columns=("name", "kind", "area", "obtained_on", "lost_on", "lost_reason"),
            empty=_("没有失去过用房。"),
            more=reverse("premises-list") + here + "&held=false",
        )
        yield from self.dated_parts()

    def dated_parts(self) -> Iterable[Part]:
        """Counts, statements, exemptions and the records of the place."""
        row, here = self.row, f"?place={self.row.public_id}"
        yield self.part(
            _("无用房申明"),
            tables.NilStatementTable,
            row.premises_nil_statements.live().select_related("committee").order_by("-stated_on", "pk"),
            columns=("title", "committee", "stated_on", "note"),
            empty=_("没有申明。"),
            more=reverse("nil-statement-list") + here,
        )
        yield self.part(
            _("达标豁免"),
            tables.ExemptionTable,
            row.exemptions.live().select_related("committee").order_by("-valid", "pk"),
            columns=("reason", "key", "committee", "valid", "decision_number", "review_on"),
            empty=_("没有豁免。"),
            more=reverse("exemption-list") + here,
        )
        yield self.part(
            _("户数和人数"),
            tables.HouseholdCountTable,
            row.household_counts.live().order_by("-counted_on", "source", "pk"),
            columns=("title", "definition", "counted_on", "households", "residents"),
            empty=_("没有登记户数。"),
            more=reverse("household-count-list") + here,
        )
        yield self.part(
            _("社区档案沿革"),
            tables.CommunityRecordTable,
            row.community_records.live().order_by("-valid"),
            columns=("valid", "kind", "building_class", "state", "feature"),
            empty=_("没有社区档案。"),
        )
        yield self.part(
            _("区划沿革"),
            tables.DivisionRecordTable,
            row.records.select_related("parent").order_by("-valid"),
            columns=("valid", "name", "kind", "parent", "location_class", "urban_rural_class"),
            empty=_("没有沿革记录。"),
        )
        yield self.part(
            _("代码沿革"),
            tables.DivisionCodeTable,
            row.codes.order_by("scheme", "-valid"),
            columns=("valid", "scheme", "code"),
            empty=_("没有代码记录。"),
        )

    def history(self) -> History:
        """What changed on anything that stands on the community."""
        records = ChangeRecord.objects.visible_to(self.request.user, self.action)
        found = list(records.filter(division=self.row.pk).order_by("-pk")[: SHOWN + 1])
        return History(found[:SHOWN], len(found) > SHOWN)
