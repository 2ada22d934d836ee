"""What the ground measures: premises against the dated standards (catalogue 4.1)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.base.measures import Assessment, Grain, Indicator, Measure, Validity
from communities.base.standards import declare_threshold_key
from communities.choices import CommitteeKind, Condition, PremisesFunction, PremisesKind, Tenure

SQUARE_METRES = _("平方米")
PERCENT = _("%")

OFFICE_AREA_KEY = declare_threshold_key("premises.office.area", _("居委会办公用房面积"), "平方米")
SERVICE_AREA_KEY = declare_threshold_key("premises.service.area", _("公益性服务用房面积"), "平方米")
OFFICE_SHARE_KEY = declare_threshold_key("premises.office.share", _("办公面积占全部用房的比例"), "%")

# Cards hold areas as whole hundredths of a square metre.
HUNDREDTHS = 100


def _area(code: str, name: object, where: Q) -> Measure:
    return Measure(
        code,
        name,
        "communities.Premises",
        Validity.STOCK,
        column="area",
        scale=HUNDREDTHS,
        unit=SQUARE_METRES,
        where=where,
    )


OFFICE_AREA = _area("premises.office.area", _("办公用房面积"), Q(kind=PremisesKind.OFFICE))
SERVICE_AREA = _area("premises.service.area", _("公益性服务用房面积"), Q(kind=PremisesKind.SERVICE))
TWO_ROOMS_AREA = _area(
    "premises.two_rooms.area",
    _("办公和公益性服务用房面积"),
    Q(kind__in=[PremisesKind.OFFICE, PremisesKind.SERVICE]),
)
PREMISES_AREA = _area("premises.area", _("全部社区用房面积"), Q())

COMMITTEES = Measure(
    "committees.residents",
    _("居民委员会数"),
    "communities.Committee",
    Validity.STOCK,
    where=Q(kind=CommitteeKind.RESIDENTS),
)
COMMUNITIES = Measure("communities", _("社区数"), "communities.Division", Validity.STOCK)
HOUSEHOLDS = Measure(
    "households",
    _("户数(首选来源)"),
    "communities.HouseholdCount",
    Validity.READING,
    column="households",
    unit=_("户"),
)
STATION_COMMUNITIES = Measure(
    "communities.with_station",
    _("有社区服务站的社区数"),
    "communities.PremisesFunctionArea",
    Validity.STOCK,
    where=Q(function=PremisesFunction.SERVICE_STATION),
    distinct=True,
    via="premises",
)
OWNED_AREA = _area("premises.owned.area", _("自有用房面积"), Q(tenure=Tenure.OWNED))
GOOD_AREA = _area("premises.good.area", _("状况良好的用房面积"), Q(condition=Condition.GOOD))
# Rooms whose coverage is told beside that of service stations, with the English word for each.
ROOMS_COVERED = {
    PremisesFunction.COUNCIL_ROOM: "a council room",
    PremisesFunction.MEDIATION: "a mediation room",
    PremisesFunction.POLICE_ROOM: "a police room",
    PremisesFunction.ELDERLY_CARE: "a day-care room for the elderly",
    PremisesFunction.CHILDREN: "a children's room",
    PremisesFunction.HEALTH: "a health room",
    PremisesFunction.CULTURE: "a culture room",
    PremisesFunction.READING: "a reading room",
    PremisesFunction.SPORT: "a sports space",
}

OFFICE_COMPLIANCE = Assessment(
    "office",
    _("办公用房达标"),
    OFFICE_AREA_KEY,
    Grain.COMMITTEE,
    OFFICE_AREA,
    reported_by=frozenset({PremisesKind.OFFICE}),
)
SERVICE_COMPLIANCE = Assessment(
    "service",
    _("公益性服务用房达标"),
    SERVICE_AREA_KEY,
    Grain.COMMITTEE,
    SERVICE_AREA,
    shared=True,
    reported_by=frozenset({PremisesKind.SERVICE}),
)
OFFICE_SHARE_COMPLIANCE = Assessment(
    "office_share",
    _("办公面积占比达标"),
    OFFICE_SHARE_KEY,
    Grain.COMMUNITY,
    OFFICE_AREA,
    denominator=PREMISES_AREA,
)


def _share_of_area(code: str, name: Any, name_en: str, description: Any, part: Measure) -> Indicator:
    """A part of the area of all premises, in percent."""
    return Indicator(
        code,
        name,
        name_en,
        PERCENT,
        description,
        higher_is_better=True,
        numerator=part,
        denominator=PREMISES_AREA,
        scale=100,
        numerator_scale=HUNDREDTHS,
        denominator_scale=HUNDREDTHS,
        source=_("社区用房台账"),
    )


def _coverage(code: str, named: tuple[Any, str, Any], description: Any, having: Measure) -> Indicator:
    """Communities that have something, of all, in percent; ``named`` in Chinese and English, and as a task."""
    name, name_en, remedy = named
    return Indicator(
        code,
        name,
        name_en,
        PERCENT,
        description,
        higher_is_better=True,
        numerator=having,
        denominator=COMMUNITIES,
        scale=100,
        source=_("社区用房台账"),
        remedy=remedy,
    )


def _room_coverage(function: PremisesFunction, english: str) -> Indicator:
    """Communities with a room of a function, of all."""
    what = {"room": function.label}
    having = Measure(
        f"communities.with_{function.value}",
        _("有%(room)s的社区数") % what,
        "communities.PremisesFunctionArea",
        Validity.STOCK,
        where=Q(function=function),
        distinct=True,
        via="premises",
    )
    named = (_("%(room)s覆盖率") % what, f"Communities with {english}", _("设置%(room)s") % what)
    described = _("用房中设有%(room)s的社区，占全部社区的比例。") % what
    return _coverage(f"{function.value}_coverage", named, described, having)


def _communities_with(code: str, name: Any, where: Q) -> Measure:
    """Communities that have at least one room of a kind of use."""
    return Measure(code, name, "communities.Premises", Validity.STOCK, where=where, distinct=True)


INDICATORS = (
    Indicator(
        "office_compliance",
        _("办公用房达标率"),
        "Office-space compliance rate",
        PERCENT,
        _("办公用房面积达到现行标准的居民委员会，占全部现存居民委员会的比例。"),
        higher_is_better=True,
        assessment=OFFICE_COMPLIANCE,
        scale=100,
        source=_("社区用房台账"),
    ),
    Indicator(
        "service_compliance",
        _("公益性服务用房达标率"),
        "Public-service-room compliance rate",
        PERCENT,
        _("公益性服务用房面积达到现行标准的居民委员会，占全部现存居民委员会的比例。"),
        higher_is_better=True,
        assessment=SERVICE_COMPLIANCE,
        scale=100,
        source=_("社区用房台账"),
    ),
    Indicator(
        "mean_area",
        _("办公和服务用房平均面积"),
        "Mean area of office and service rooms per residents' committee",
        SQUARE_METRES,
        _("办公用房与公益性服务用房总面积，除以现存居民委员会数。"),
        higher_is_better=True,
        numerator=TWO_ROOMS_AREA,
        denominator=COMMITTEES,
        numerator_scale=HUNDREDTHS,
        places=1,
        source=_("社区用房台账、居委会台账"),
    ),
    Indicator(
        "area_per_100_households",
        _("每百户社区用房面积"),
        "Area of premises per 100 households",
        SQUARE_METRES,
        _("全部社区用房面积，除以首选来源的户数，再乘以一百。"),
        higher_is_better=True,
        numerator=PREMISES_AREA,
        denominator=HOUSEHOLDS,
        scale=100,
        numerator_scale=HUNDREDTHS,
        places=1,
        source=_("社区用房台账、户数台账"),
    ),
    Indicator(
        "office_share",
        _("办公面积占比"),
        "Office share of premises",
        PERCENT,
        _("办公用房面积占全部社区用房面积的比例。"),
        higher_is_better=False,
        numerator=OFFICE_AREA,
        denominator=PREMISES_AREA,
        scale=100,
        numerator_scale=HUNDREDTHS,
        denominator_scale=HUNDREDTHS,
        source=_("社区用房台账"),
    ),
    Indicator(
        "office_share_compliance",
        _("办公面积占比达标率"),
        "Communities within the office-share limit",
        PERCENT,
        _("办公面积占比不超过现行上限的社区，占全部社区的比例。"),
        higher_is_better=True,
        assessment=OFFICE_SHARE_COMPLIANCE,
        scale=100,
        source=_("社区用房台账"),
    ),
    _coverage(
        "station_coverage",
        (_("社区服务站覆盖率"), "Communities with a service station", _("设立社区服务站")),
        _("设有社区服务站的社区，占全部社区的比例。"),
        STATION_COMMUNITIES,
    ),
    _share_of_area(
        "owned_share",
        _("自有用房占比"),
        "Owned share of premises",
        _("自有用房面积占全部社区用房面积的比例。"),
        OWNED_AREA,
    ),
    _share_of_area(
        "good_share",
        _("状况良好用房占比"),
        "Share of premises in good condition",
        _("房屋状况良好的用房面积，占全部社区用房面积的比例。"),
        GOOD_AREA,
    ),
    _coverage(
        "open_counter_coverage",
        (_("敞开式办公覆盖率"), "Communities with an open counter", _("至少一处用房改为敞开式办公")),
        _("至少一处用房敞开式办公的社区，占全部社区的比例。"),
        _communities_with(
            "communities.with_open_counter", _("有敞开式办公的社区数"), Q(has_open_counter=True)
        ),
    ),
    _coverage(
        "one_door_coverage",
        (_("一门式服务覆盖率"), "Communities with one-door service", _("至少一处用房提供一门式服务")),
        _("至少一处用房提供一门式服务的社区，占全部社区的比例。"),
        _communities_with("communities.with_one_door", _("有一门式服务的社区数"), Q(is_one_door=True)),
    ),
    *(_room_coverage(function, english) for function, english in ROOMS_COVERED.items()),
)
