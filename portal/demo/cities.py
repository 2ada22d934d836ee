"""The whole demo, planned: the province and its three cities."""

from __future__ import annotations

from dataclasses import dataclass

from communities.choices import DivisionKind, Level
from portal.demo.bodies import Census, Standings
from portal.demo.counts import draw_counts
from portal.demo.furnishing import Furnisher
from portal.demo.places import Atlas
from portal.demo.plan import CityPlan, Place
from portal.demo.specs import CITIES, PROVINCE, CitySpec
from portal.demo.stations import draw_functions
from portal.demo.timeline import Timeline
from portal.demo.totals import fit_totals


@dataclass
class ProvincePlan:
    """What is to be stored; the same for the same anchor day."""

    timeline: Timeline
    place: Place
    cities: dict[str, CityPlan]


def plan_province(timeline: Timeline) -> ProvincePlan:
    """Draw everything, seen from the anchor day."""
    name, code = PROVINCE
    province = Place(Level.PROVINCE, DivisionKind.PROVINCE, name, code, None)
    return ProvincePlan(
        timeline, province, {spec.name: plan_city(spec, province, timeline) for spec in CITIES}
    )


def plan_city(spec: CitySpec, province: Place, timeline: Timeline) -> CityPlan:
    """Draw one city, from its tree to the households."""
    city = Atlas(spec, province, timeline).draw()
    Census(spec, city, timeline).draw()
    Standings(spec, city, timeline).draw()
    Furnisher(spec, city, timeline).draw()
    fit_totals(city, spec.quotas, timeline)
    draw_functions(spec, city, timeline)
    draw_counts(spec, city, timeline)
    return city
