"""Furnishes a city: rooms, statements and exemptions of every committee and community, by their standing."""

from __future__ import annotations

import datetime as dt

from communities.choices import BuildingClass, CommitteeKind, CommunityState, PremisesKind, Tenure
from communities.indicators import OFFICE_AREA_KEY, OFFICE_SHARE_KEY, SERVICE_AREA_KEY
from portal.demo.chance import Dice
from portal.demo.plan import Body, CityPlan, CommunityPlan, ExemptionPlan, Nil, Room, Standing
from portal.demo.rooms import Builder, Offices
from portal.demo.specs import CitySpec
from portal.demo.timeline import AFTER_2002, END_OF_2002, Timeline, years_after

SERVICE_LIMIT = {BuildingClass.RENOVATED: 200, BuildingClass.NEW: 400, BuildingClass.OLD: 0}
EXEMPTION_REASONS = (
    "历史原因未安排用房，周边无可用房源",
    "所在片区已列入征收计划，暂不新配用房",
    "文物保护建筑内办公，不得扩建",
    "与街道综合服务中心合址办公",
)
MEETS_THOUGH_EXEMPT = 3


class Furnisher:
    """Draws what the committees and communities of one city have and had."""

    def __init__(self, spec: CitySpec, city: CityPlan, timeline: Timeline) -> None:
        self.spec = spec
        self.city = city
        self.timeline = timeline
        self.dice = Dice(f"rooms {spec.name}")
        self.builder = Builder(self.dice, timeline)
        self.offices = Offices(self.builder, spec.quotas.office_limit)
        self._temporary_left = spec.quotas.temporary
        self._decisions = 0

    def draw(self) -> None:
        for community in self.city.communities:
            for body in community.bodies:
                self._office(body)
            self._service(community)
            self._activity(community)
        self._exempt_all()
        self._state_nil_in_2002()

    # ------------------------------------------------------------ offices

    def _office(self, body: Body) -> None:
        if body.kind == CommitteeKind.VILLAGERS:
            self.offices.villagers(body, with_office=self.spec.quotas.villagers_have_offices)
            return
        if body.ended is not None:
            self.offices.past(body)
            return
        match body.office:
            case Standing.MEETS:
                self.offices.meets(body)
            case Standing.EXEMPT:
                self._exempt_office(body)
            case Standing.SHORT:
                self._short_office(body)

    def _exempt_office(self, body: Body) -> None:
        """Little room, a statement that there is none, or not even that."""
        luck = self.dice.randrange(100)
        if luck < 60:
            self.offices.too_small(body, kept=luck < 30)
        elif luck < 85:
            self._say_none(body)

    def _short_office(self, body: Body) -> None:
        luck = self.dice.randrange(100)
        was_there = body.founded is None or body.founded < self.timeline.visible_from - dt.timedelta(days=120)
        if was_there and self._temporary_left and luck >= 80:
            self._temporary_left -= 1
            self.offices.temporary(body)
        elif was_there and luck >= 93:
            self.offices.lost(body)
        elif luck >= 88:
            self._say_none(body)
        else:
            self.offices.too_small(body, kept=luck < 17)

    def _say_none(self, body: Body) -> None:
        since = self.offices.nothing(body)
        stated = self.dice.day(since, self.timeline.anchor)
        body.community.nils.append(Nil(PremisesKind.OFFICE, stated, body))

    # ------------------------------------------------------------ service rooms

    def _service(self, community: CommunityPlan) -> None:
        match community.service:
            case Standing.MEETS:
                self._enough_service(community)
            case Standing.SPLIT:
                self._split_service(community)
            case Standing.SHORT:
                self._short_service(community)
            case Standing.EXEMPT:
                if self.dice.percent(60):
                    self._open_service(community, self.dice.area(20, 110), self._middle(community))
            case Standing.NO_STANDARD if community.state == CommunityState.ACTIVE:
                self._unjudged_service(community)

    def _open_service(
        self,
        community: CommunityPlan,
        area: int,
        day: dt.date | None,
        body: Body | None = None,
        tenure: Tenure | None = None,
    ) -> Room:
        return self.builder.room(community, PremisesKind.SERVICE, area, day, body=body, tenure=tenure)

    def _middle(self, community: CommunityPlan) -> dt.date:
        return self.builder.middle_day(community.place.since)

    def _enough_service(self, community: CommunityPlan) -> None:
        """Enough since a new estate was handed over or a renovation ended; a third within the last two years."""
        limit = SERVICE_LIMIT[community.building_class]
        day = self._middle(community)
        if self.dice.percent(34):
            day = self.builder.recent_day(community.place.since)
        if community.renovated_on is not None:
            day = max(day, community.renovated_on)
        area = limit * 100 if self.dice.percent(4) else self.dice.area(limit, limit + limit * 2 // 5)
        second = area // 3 if self.dice.percent(15) else 0
        self._open_service(community, area - second, day)
        if second:
            self._open_service(community, second, day, tenure=Tenure.SHARED)
        self._earlier_service(community, day, area)

    def _split_service(self, community: CommunityPlan) -> None:
        """Rooms for all, and rooms of the first committee, which together suffice for that one."""
        day = self._middle(community)
        first = community.judged(self.timeline.anchor)[0]
        self._open_service(community, self.dice.area(105, 130), day)
        self._open_service(community, self.dice.area(96, 120), day, first)

    def _short_service(self, community: CommunityPlan) -> None:
        luck = self.dice.randrange(100)
        if luck < 14:
            self._say_no_service(community)
            return
        top = SERVICE_LIMIT[community.building_class]
        day = self.builder.recent_day(community.place.since) if luck > 90 else self._middle(community)
        since = community.place.since
        was_there = since is None or since < self.timeline.visible_from - dt.timedelta(days=120)
        if luck < 22 and was_there:
            day = self._middle(community)
            room = self._open_service(community, self.dice.area(60, top + 40), day)
            self.builder.lose(room, max(self.builder.recent_day(None), day + dt.timedelta(days=1)))
            return
        area = self.dice.area(18, 95) if self.dice.percent(75) else self.dice.area(60, top - 5)
        self._open_service(community, area, day)
        self._earlier_service(community, day, area)

    def _unjudged_service(self, community: CommunityPlan) -> None:
        """Old communities have no standard, and often little."""
        luck = self.dice.randrange(100)
        if luck < 52:
            day = self.builder.old_day() if luck < 9 else self._middle(community)
            area = self.dice.area(14, 88)
            self._open_service(community, area, day)
            if day is not None and day >= AFTER_2002:
                self._earlier_service(community, day, area)
        elif luck < 75:
            self._say_no_service(community)

    def _say_no_service(self, community: CommunityPlan) -> None:
        since = max(self._middle(community), dt.date(2008, 1, 1))
        stated = self.dice.day(since, self.timeline.anchor)
        community.nils.append(Nil(PremisesKind.SERVICE, stated))

    def _earlier_service(self, community: CommunityPlan, until: dt.date, top: int) -> None:
        """A small room of 2002, or one from between, until ``until`` at the latest."""
        since = community.place.since
        if since is None and self.dice.percent(36):
            area = self.builder.at_most(top, self.dice.area(20, 90))
            room = self._open_service(community, area, self.builder.old_day())
            lost = self.dice.day(AFTER_2002, max(min(until, dt.date(2016, 6, 1)), AFTER_2002))
            self.builder.lose(room, lost, replaced=lost == until)
        between = self.builder.before(until, since)
        if until >= self.timeline.visible_from and between is not None and self.dice.percent(60):
            area = self.builder.at_most(top, self.dice.area(20, 120))
            self.builder.lose(self._open_service(community, area, between), until, replaced=True)

    # ------------------------------------------------------------ activity rooms

    def _activity(self, community: CommunityPlan) -> None:
        if self._says_nothing(community) or not community.judged(self.timeline.anchor):
            return
        if self.spec.quotas.has_share_limit:
            times = 6 if self.dice.percent(55) else 1
            self._open_activity(community, self.dice.area(40 * times, 110 * times), self._middle(community))
        elif self.dice.percent(60):
            is_recent = self.dice.percent(15)
            since = community.place.since
            day = self.builder.recent_day(since) if is_recent else self._middle(community)
            self._open_activity(community, self.dice.area(40, 420), day)
        if community.place.since is None and self.dice.percent(9):
            room = self._open_activity(community, self.dice.area(30, 160), self.builder.old_day())
            self.builder.lose(room, self.dice.day(AFTER_2002, dt.date(2014, 12, 31)))

    def _open_activity(self, community: CommunityPlan, area: int, day: dt.date | None) -> Room:
        return self.builder.room(community, PremisesKind.ACTIVITY, area, day)

    def _says_nothing(self, community: CommunityPlan) -> bool:
        """A community that reports nothing at all."""
        offices = {body.office for body in community.judged(self.timeline.anchor)}
        return community.service == Standing.SILENT and offices == {Standing.SILENT}

    # ------------------------------------------------------------ statements and exemptions

    def _state_nil_in_2002(self) -> None:
        """Half of those who had no office in 2002 said so."""
        for community in self.city.communities:
            for body in community.judged(END_OF_2002):
                had = any(room.body is body and room.held(END_OF_2002) for room in community.rooms)
                if body.office != Standing.SILENT and not had and self.dice.percent(50):
                    stated = self.dice.day(dt.date(2002, 9, 1), END_OF_2002)
                    community.nils.append(Nil(PremisesKind.OFFICE, stated, body))

    def _exempt_all(self) -> None:
        """Exemptions in force, a few for those who meet the standard anyway, and some that have run out."""
        bodies = [b for c in self.city.communities for b in c.judged(self.timeline.anchor)]
        for body in bodies:
            if body.office == Standing.EXEMPT:
                self._exempt(body.community, OFFICE_AREA_KEY.code, body)
        meeting = [b for b in bodies if b.office == Standing.MEETS]
        for body in self.dice.sample(meeting, MEETS_THOUGH_EXEMPT):
            self._exempt(body.community, OFFICE_AREA_KEY.code, body)
        falling = [b for b in bodies if b.office == Standing.SHORT and b.founded is None]
        for body in self.dice.sample(falling, min(12, len(falling) // 3)):
            self._exempt(body.community, OFFICE_AREA_KEY.code, body, has_ended=True)
        for community in self.city.communities:
            if community.service == Standing.EXEMPT:
                self._exempt(community, SERVICE_AREA_KEY.code)
        served = [c for c in self.city.communities if c.service == Standing.MEETS]
        self._exempt(served[0], SERVICE_AREA_KEY.code)
        unjudged = [c for c in self.city.communities if c.building_class == BuildingClass.OLD and c.bodies]
        self._exempt(unjudged[0], SERVICE_AREA_KEY.code)
        if self.spec.quotas.has_share_limit:
            self._exempt_shares()

    def _exempt_shares(self) -> None:
        """One community above the limit and one within it are free from the office share."""

        def share(community: CommunityPlan) -> tuple[int, int]:
            rooms = community.held(self.timeline.anchor)
            return sum(r.area for r in rooms if r.kind == PremisesKind.OFFICE), sum(r.area for r in rooms)

        shares = [(community, *share(community)) for community in self.city.communities]
        above = [community for community, office, whole in shares if whole and office * 5 > whole]
        below = [community for community, office, whole in shares if whole and office * 5 <= whole]
        for community in (above[0], below[0]):
            self._exempt(community, OFFICE_SHARE_KEY.code)

    def _exempt(
        self, community: CommunityPlan, key: str, body: Body | None = None, *, has_ended: bool = False
    ) -> None:
        self._decisions += 1
        founded = body.founded if body is not None else community.place.since
        first = max(founded or dt.date(2012, 1, 1), dt.date(2012, 1, 1))
        last = self.timeline.before_visible if has_ended else self.timeline.anchor
        since = self.dice.day(first, last)
        # Ends lie so far ahead that no demo in use runs into them.
        until = years_after(self.timeline.anchor, self.dice.randint(3, 6)) if self.dice.percent(70) else None
        if has_ended:
            until = self.dice.day(self.timeline.visible_from, self.timeline.anchor)
        review = self.timeline.anchor + dt.timedelta(days=self.dice.randint(-40, 700))
        community.exemptions.append(
            ExemptionPlan(
                key,
                since,
                until,
                self.dice.choice(EXEMPTION_REASONS),
                self._decisions,
                review_on=max(review, since + dt.timedelta(days=180)) if not has_ended else None,
                body=body,
            )
        )
