"""Rooms: the history of each committee's office and of each community's service and activity rooms.

Every room that stands today is drawn to fit the standing of its committee or community; what stood before it is
drawn so that the figures rise over the years, with losses in between.
"""

from __future__ import annotations

import datetime as dt

from communities.choices import CommitteeKind, Condition, LossReason, PremisesKind, Tenure
from portal.demo.chance import Dice
from portal.demo.plan import Body, CommunityPlan, Ring, Room
from portal.demo.timeline import AFTER_2002, END_OF_2002, Timeline

TENURES = {
    Ring.INNER: {Tenure.OWNED: 44, Tenure.RENTED: 26, Tenure.LENT: 18, Tenure.SHARED: 12},
    Ring.MIDDLE: {Tenure.OWNED: 58, Tenure.RENTED: 18, Tenure.LENT: 15, Tenure.SHARED: 9},
    Ring.OUTER: {Tenure.OWNED: 68, Tenure.RENTED: 12, Tenure.LENT: 10, Tenure.SHARED: 10},
}
# What takes rooms away without new ones in their stead.
LOSSES = {
    Tenure.OWNED: {LossReason.DEMOLITION: 80, LossReason.DANGEROUS: 20},
    Tenure.RENTED: {LossReason.LEASE_ENDED: 70, LossReason.DEMOLITION: 30},
    Tenure.LENT: {LossReason.TAKEN_BACK: 70, LossReason.DEMOLITION: 30},
    Tenure.SHARED: {LossReason.CONVERTED: 60, LossReason.DEMOLITION: 40},
}
FLOORS = {"一层": 52, "二层": 22, "一至二层": 18, "三层": 8}
NAMES = {
    PremisesKind.OFFICE: ("办公室", "办公用房"),
    PremisesKind.SERVICE: ("社区服务用房", "便民服务中心", "居民服务用房"),
    PremisesKind.ACTIVITY: ("文体活动室", "文化活动中心", "居民活动站"),
}
ROADS = ("中路", "东路", "西路", "南街", "北街", "巷")


class Builder:
    """Draws single rooms and places them in time."""

    def __init__(self, dice: Dice, timeline: Timeline) -> None:
        self.dice = dice
        self.timeline = timeline

    def room(
        self,
        community: CommunityPlan,
        kind: PremisesKind,
        area: int,
        obtained: dt.date | None,
        *,
        body: Body | None = None,
        tenure: Tenure | None = None,
    ) -> Room:
        """Rooms that stand from a day on."""
        dice = self.dice
        tenure = tenure or dice.weighted(TENURES[community.place.ring])
        user = (
            community.stem
            if body is None or len(community.bodies) == 1
            else body.name.removesuffix("居民委员会")
        )
        room = Room(
            name=user + dice.choice(NAMES[kind]),
            kind=kind,
            body=body,
            area=area,
            tenure=tenure,
            obtained=obtained,
            condition=self._condition(obtained),
            address=f"{community.stem[:2]}{dice.choice(ROADS)}{dice.randint(1, 188)}号",
            floor=dice.weighted(FLOORS),
            has_open_counter=kind != PremisesKind.ACTIVITY and dice.percent(35),
            is_one_door=kind == PremisesKind.SERVICE and dice.percent(40),
        )
        community.rooms.append(room)
        return room

    def _condition(self, obtained: dt.date | None) -> Condition:
        if obtained is None or obtained <= END_OF_2002:
            return self.dice.weighted({Condition.FAIR: 45, Condition.POOR: 50, Condition.DANGEROUS: 5})
        return self.dice.weighted({Condition.GOOD: 62, Condition.FAIR: 33, Condition.POOR: 5})

    def lose(self, room: Room, day: dt.date, *, replaced: bool = False) -> None:
        """Rooms are gone from a day on."""
        room.lost = day
        room.reason = LossReason.REPLACED if replaced else self.dice.weighted(LOSSES[room.tenure])

    def at_most(self, top: int | None, area: int) -> int:
        """``area``, or somewhat less than ``top`` if that is smaller: people move to larger rooms."""
        share = self.dice.randint(62, 96)
        return area if top is None or area < top else top * share // 1_000 * 10

    def old_day(self) -> dt.date | None:
        """A day before 2003, or one that nobody wrote down."""
        day = self.dice.day(dt.date(1984, 1, 1), END_OF_2002)
        return None if self.dice.percent(55) else day

    def middle_day(self, since: dt.date | None) -> dt.date:
        """A day between 2003 and the first quarter shown, the later the likelier; not before ``since``."""
        first, last = AFTER_2002, self.timeline.before_visible
        day = max(self.dice.day(first, last), self.dice.day(first, last))
        return day if since is None else self.not_before(day, since)

    def recent_day(self, since: dt.date | None) -> dt.date:
        """A day within the quarters whose change shows; not before ``since``."""
        day = self.dice.day(self.timeline.visible_from, self.timeline.anchor)
        return day if since is None else self.not_before(day, since)

    def not_before(self, day: dt.date, since: dt.date) -> dt.date:
        """``day``, or soon after ``since`` if that is later; never after the anchor."""
        if day >= since:
            return day
        return min(since + dt.timedelta(days=self.dice.randint(0, 45)), self.timeline.anchor)

    def before(self, day: dt.date, since: dt.date | None) -> dt.date | None:
        """A day between 2003 (or ``since``) and well before ``day``; None when there is no room for one."""
        first = max(AFTER_2002, since or AFTER_2002)
        last = day - dt.timedelta(days=120)
        return self.dice.day(first, last) if first < last else None


class Offices:
    """The office of each committee."""

    def __init__(self, builder: Builder, limit: int) -> None:
        self.builder = builder
        self.dice = builder.dice
        self.limit = limit
        self.timeline = builder.timeline

    def meets(self, body: Body) -> None:
        """Enough room today: since long ago, or within the last two years."""
        is_recent = self.dice.percent(16)
        day = self.builder.recent_day(body.founded) if is_recent else self.builder.middle_day(body.founded)
        area = self._enough()
        if self.dice.percent(10):  # in two sets of rooms
            first = area * 2 // 3
            self._open(body, area - first, day, Tenure.RENTED)
            earlier = self.builder.before(day, body.founded)
            self._open(body, first, earlier or day)
            self._in_2002(body, until=earlier or day, top=first)
            return
        self._open(body, area, day)
        self._before(body, day, area)

    def _enough(self) -> int:
        """Rooms that meet the standard; some exactly."""
        least = self.limit // 100
        if self.dice.percent(4):
            return self.limit
        return self.dice.area(least, least + (25 if self.dice.percent(70) else 90))

    def too_small(self, body: Body, *, kept: bool) -> None:
        """Some room, not enough; with ``kept`` the same as in 2002."""
        if kept and body.founded is None:
            self._open(body, self.dice.area(16, 68), self.builder.old_day())
            return
        is_recent = self.dice.percent(12)
        day = self.builder.recent_day(body.founded) if is_recent else self.builder.middle_day(body.founded)
        least = self.limit // 100
        area = self.dice.area(24, least - 10)
        if self.dice.percent(3):  # a hair's breadth
            area = self.limit - self.dice.randint(1, 60)
        self._open(body, area, day)
        self._before(body, day, area)

    def lost(self, body: Body) -> Room:
        """Enough or nearly enough room once, and lost: demolished, taken back, lease ended."""
        least = self.limit // 100
        day = self.builder.middle_day(body.founded)
        area = self.dice.area(least - 30, least + 50)
        room = self._open(body, area, day)
        lost = (
            self.builder.recent_day(body.founded) if self.dice.percent(60) else self.builder.middle_day(day)
        )
        self._before(body, day, area)
        self.builder.lose(room, max(lost, day + dt.timedelta(days=1)))
        return room

    def temporary(self, body: Body) -> None:
        """A stopgap with a due date, after the rooms were lost."""
        before = self.lost(body)
        since = before.lost or self.timeline.anchor
        room = self._open(body, self.dice.area(20, self.limit // 100 - 25), since, Tenure.RENTED)
        days = -self.dice.randint(5, 90) if self.dice.percent(15) else self.dice.randint(40, 540)
        due = self.timeline.anchor + dt.timedelta(days=days)
        room.temporary_until = max(due, since + dt.timedelta(days=60))

    def nothing(self, body: Body) -> dt.date:
        """No room for a long time; the day since when that is so."""
        day = self.builder.middle_day(body.founded)
        self._in_2002(body, until=day, replaced=False)
        return day

    def past(self, body: Body) -> None:
        """The rooms of a committee that is no more."""
        ended = body.ended or self.timeline.anchor
        self._in_2002(body, until=ended, replaced=False)

    def villagers(self, body: Body, *, with_office: bool) -> None:
        """A villagers' committee: rooms of its own that no standard judges."""
        kind = PremisesKind.OFFICE if with_office else PremisesKind.ACTIVITY
        day = self.builder.middle_day(None)
        self.builder.room(body.community, kind, self.dice.area(60, 180), day, body=body, tenure=Tenure.OWNED)

    def _open(self, body: Body, area: int, day: dt.date | None, tenure: Tenure | None = None) -> Room:
        return self.builder.room(body.community, PremisesKind.OFFICE, area, day, body=body, tenure=tenure)

    def _before(self, body: Body, until: dt.date, top: int) -> None:
        """What stood before ``until``, nothing larger: the rooms of 2002, and sometimes other ones in between."""
        between = self.builder.before(until, body.founded)
        recent = until >= self.timeline.visible_from
        if between is not None and self.dice.percent(75 if recent else 30):
            area = self.builder.at_most(top, self.dice.area(22, self.limit // 100 - 8))
            room = self._open(body, area, between)
            self.builder.lose(room, until, replaced=True)
            self._in_2002(body, until=between, top=area)
        else:
            self._in_2002(body, until=until, top=top)

    def _in_2002(self, body: Body, *, until: dt.date, top: int | None = None, replaced: bool = True) -> None:
        """What most committees had in 2002."""
        if body.founded is None and body.kind == CommitteeKind.RESIDENTS and self.dice.percent(88):
            area = self.builder.at_most(top, self.dice.area(18, 88))
            room = self._open(body, area, self.builder.old_day())
            self.builder.lose(room, max(until, AFTER_2002), replaced=replaced)
