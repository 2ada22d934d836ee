"""Committees: which communities have one, two or none, since when, and how each is to stand today."""

from __future__ import annotations

import datetime as dt

from communities.choices import BuildingClass, CommitteeKind, CommunityKind, CommunityState
from portal.demo.chance import Dice
from portal.demo.plan import Body, CityPlan, CommunityPlan, Ring, Standing
from portal.demo.specs import CitySpec, Quotas
from portal.demo.timeline import AFTER_2002, Timeline, years_after

# Every community votes in the spring of the same year: every three years up to 2018, every five since.
ELECTION_YEARS = (2003, 2006, 2009, 2012, 2015, *range(2018, 2104, 5))
FIRST_TERM = 4


class Census:
    """Draws the committees of one city."""

    def __init__(self, spec: CitySpec, city: CityPlan, timeline: Timeline) -> None:
        self.spec = spec
        self.quotas: Quotas = spec.quotas
        self.city = city
        self.timeline = timeline
        self.dice = Dice(f"bodies {spec.name}")

    def draw(self) -> None:
        order = list(self.city.communities)
        self.dice.shuffle(order)
        empty = order[: self.quotas.without_committee]
        paired = order[self.quotas.without_committee :][: self.quotas.with_two_committees]
        single = order[self.quotas.without_committee + self.quotas.with_two_committees :]
        self._set_up(single, paired, empty)
        self._past(single)
        self._villagers(empty, single)
        self._renovations()
        self._terms()

    def _set_up(
        self, single: list[CommunityPlan], paired: list[CommunityPlan], empty: list[CommunityPlan]
    ) -> None:
        """Found committees; the youngest communities are new estates, a few have no committee yet."""
        seconds = self.quotas.founded_later // 8
        new = [c for c in single if c.building_class == BuildingClass.NEW]
        other = [c for c in single if c.building_class != BuildingClass.NEW and c.kind == CommunityKind.URBAN]
        later = (new + other)[: self.quotas.founded_later - seconds]
        for community in later:
            community.place.since = self._founding_day()
            community.place.earlier = [e for e in community.place.earlier if e.until > community.place.since]
            if community.building_class == BuildingClass.OLD:
                community.building_class = BuildingClass.RENOVATED
        for community in single:
            founded = self._after(community.place.since)
            name = f"{community.place.name}居民委员会"
            community.bodies.append(Body(community, CommitteeKind.RESIDENTS, name, founded))
        for index, community in enumerate(paired):
            founded = self._founding_day() if index < seconds else None
            for number, since in (("第一", None), ("第二", founded)):
                name = f"{community.place.name}{number}居民委员会"
                community.bodies.append(Body(community, CommitteeKind.RESIDENTS, name, since))
        for community in empty:
            self._without(community)

    def _without(self, community: CommunityPlan) -> None:
        """A community without a residents' committee: being set up, or an empty shell."""
        community.place.earlier = []
        if self.dice.percent(65):
            community.state = CommunityState.BEING_SET_UP
            community.building_class = BuildingClass.NEW
            community.place.since = self.dice.day(self.timeline.visible_from, self.timeline.anchor)
        else:
            community.state = CommunityState.EMPTY_SHELL
            community.building_class = BuildingClass.OLD

    def _founding_day(self) -> dt.date:
        """Mostly in the building boom, one in eleven within the last two years."""
        if self.dice.percent(9):
            return self.dice.day(self.timeline.visible_from, self.timeline.anchor)
        return self.dice.day(AFTER_2002, self.timeline.before_visible)

    def _after(self, since: dt.date | None) -> dt.date | None:
        """A committee comes some weeks after its community, never after the anchor."""
        wait = dt.timedelta(days=self.dice.randint(10, 60))
        return since and min(since + wait, self.timeline.anchor)

    def _past(self, single: list[CommunityPlan]) -> None:
        """Committees of 2002 that were merged into their neighbour since."""
        old = [c for c in single if c.place.since is None][: self.quotas.ended]
        for index, community in enumerate(old):
            is_recent = index % 6 == 5
            first = self.timeline.visible_from if is_recent else AFTER_2002
            last = self.timeline.anchor if is_recent else self.timeline.before_visible
            name = f"{community.stem}第二居民委员会"
            ended = self.dice.day(first, last)
            community.bodies.append(Body(community, CommitteeKind.RESIDENTS, name, None, ended))

    def _villagers(self, empty: list[CommunityPlan], single: list[CommunityPlan]) -> None:
        """Villagers' committees of the outskirts, most beside a residents' committee, some alone."""
        shells = [c for c in empty if c.state == CommunityState.EMPTY_SHELL]
        rural = [c for c in single if c.kind in {CommunityKind.FARM_RELATED, CommunityKind.OUTSKIRTS_RURAL}]
        rural = [c for c in rural if c.place.since is None]
        for community in (shells + rural)[: self.quotas.villagers]:
            if community in shells:
                community.kind = CommunityKind.OUTSKIRTS_RURAL
            name = f"{community.stem}村村民委员会"
            community.bodies.append(Body(community, CommitteeKind.VILLAGERS, name))

    def _renovations(self) -> None:
        """Renovation and conversion, each with its day: they change which standard applies."""
        for community in self.city.communities:
            if community.building_class == BuildingClass.RENOVATED:
                is_recent = self.dice.percent(14)
                first = self.timeline.visible_from if is_recent else dt.date(2004, 3, 1)
                last = self.timeline.anchor if is_recent else self.timeline.before_visible
                community.renovated_on = self.dice.day(first, last)
            if community.kind == CommunityKind.CONVERTED:
                community.converted_on = self.dice.day(dt.date(2003, 6, 1), self.timeline.anchor)
            since = community.place.since
            if since and community.renovated_on and community.renovated_on <= since:
                community.renovated_on = None
            if since and community.converted_on and community.converted_on <= since:
                community.converted_on = None

    def _terms(self) -> None:
        """The term in force: from the last general election, a by-election, or none held yet."""
        past = [year for year in ELECTION_YEARS if dt.date(year, 7, 1) <= self.timeline.anchor]
        general = past[-1]
        for community in self.city.communities:
            for body in community.bodies:
                if body.ended is not None:
                    continue
                year, number = general, FIRST_TERM + len(past)
                if self.dice.percent(2):  # the election is overdue here
                    year, number = past[-2], number - 1
                elected: dt.date = self.dice.day(dt.date(year, 3, 1), dt.date(year, 6, 25))
                if body.founded is not None and body.founded > elected:
                    elected, number = body.founded + dt.timedelta(days=self.dice.randint(20, 75)), 1
                    if elected > self.timeline.anchor:
                        continue
                body.elected_on, body.term_number = elected, number
                body.expires_on = years_after(elected, 5 if year >= 2018 else 3)


class Standings:
    """Draws how each committee is to stand today, so that the quotas are met exactly."""

    def __init__(self, spec: CitySpec, city: CityPlan, timeline: Timeline) -> None:
        self.spec = spec
        self.quotas = spec.quotas
        self.city = city
        self.dice = Dice(f"standings {spec.name}")
        self.anchor = timeline.anchor

    def draw(self) -> None:
        self._offices()
        self._services()

    def _lead(self, community: CommunityPlan, attribute: str) -> int:
        district = self.spec.districts[community.district]
        ring = {Ring.INNER: -4, Ring.MIDDLE: 2, Ring.OUTER: 3}[community.place.ring]
        return int(getattr(district, attribute)) + ring

    def _offices(self) -> None:
        """Luck and the lead of the district decide who meets the standard."""
        bodies = [body for community in self.city.communities for body in community.judged(self.anchor)]
        luck = {body: self.dice.randrange(100) + self._lead(body.community, "office_lead") for body in bodies}
        ranked = sorted(bodies, key=lambda body: -luck[body])
        quotas = self.quotas
        rest = ranked[quotas.office_meets :]
        for body in ranked[: quotas.office_meets]:
            body.office = Standing.MEETS
        self.dice.shuffle(rest)
        for body in rest[: quotas.office_exempt]:
            body.office = Standing.EXEMPT
        for body in rest[quotas.office_exempt :][: quotas.office_silent]:
            body.office = Standing.SILENT

    def _services(self) -> None:
        """Like offices, but by community, and only where the building class has a standard."""
        eligible = [
            c
            for c in self.city.communities
            if c.building_class != BuildingClass.OLD and c.judged(self.anchor)
        ]
        luck = {c: self.dice.randrange(100) + self._lead(c, "service_lead") for c in eligible}
        left = self.quotas.service_meets
        splits = 3
        others = []
        for community in sorted(eligible, key=lambda c: -luck[c]):
            size = len(community.judged(self.anchor))
            standing = Standing.MEETS
            if size == 2 and splits and community.building_class == BuildingClass.RENOVATED:
                standing, size, splits = Standing.SPLIT, 1, splits - 1
            if size > left or (standing == Standing.SPLIT and left <= size):
                community.service = Standing.SHORT
                others.append(community)
                continue
            community.service = standing
            left -= size
        singles = [c for c in others if len(c.judged(self.anchor)) == 1]
        self.dice.shuffle(singles)
        for community in singles[: self.quotas.service_exempt]:
            community.service = Standing.EXEMPT
        # Whoever reports nothing about offices is likely to report nothing at all.
        singles = singles[self.quotas.service_exempt :]
        singles.sort(key=lambda c: c.judged(self.anchor)[0].office != Standing.SILENT)
        for community in singles[: self.quotas.service_silent]:
            community.service = Standing.SILENT
