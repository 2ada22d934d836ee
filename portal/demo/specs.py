"""What the three cities are to look like: sizes and quotas. Everything else is drawn or follows from these."""

from __future__ import annotations

from dataclasses import dataclass

from portal.demo.plan import Ring

PROVINCE = ("演示省", "990000000000")


@dataclass(frozen=True)
class DistrictSpec:
    """Numbers of places, and how far the district leads (or trails) in each standard, in points of 100."""

    name: str
    ring: Ring
    streets: int
    towns: int
    communities: int
    office_lead: int = 0
    service_lead: int = 0


@dataclass(frozen=True)
class Quotas:
    """How many of what, on the anchor day. Areas in hundredths of a square metre."""

    without_committee: int
    with_two_committees: int
    founded_later: int  # residents' committees in force that did not exist in 2002
    ended: int  # residents' committees of 2002 that exist no more
    villagers: int
    office_limit: int
    office_meets: int
    office_exempt: int
    office_silent: int
    service_meets: int
    service_exempt: int
    service_silent: int
    stations: int
    temporary: int
    two_rooms_total: int | None = None
    two_rooms_total_2002: int | None = None
    has_share_limit: bool = False
    villagers_have_offices: bool = True


@dataclass(frozen=True)
class CitySpec:
    """A city: its name, its two-digit number within the province, its districts and quotas."""

    name: str
    number: int
    districts: tuple[DistrictSpec, ...]
    quotas: Quotas

    @property
    def size(self) -> int:
        return sum(district.communities for district in self.districts)


# 1,403 residents' committees in 1,380 communities: 12 have none, 35 have two. A mean of 166 m² of office and
# service rooms; in 2002, with 1,240 committees, 54.2 m².
COMMITTEES_2002 = 1_240
YUNZHOU = CitySpec(
    "云州市",
    1,
    (
        DistrictSpec("栖云区", Ring.INNER, 17, 0, 98, 4, 3),
        DistrictSpec("澄霞区", Ring.INNER, 18, 0, 104, -9, -4),
        DistrictSpec("映川区", Ring.INNER, 16, 0, 92, -2, 2),
        DistrictSpec("岚桥区", Ring.INNER, 17, 0, 96, -17, -9),
        DistrictSpec("汀南区", Ring.INNER, 16, 0, 90, -6, 5),
        DistrictSpec("锦垣区", Ring.MIDDLE, 20, 0, 94, 7, -2),
        DistrictSpec("望津区", Ring.MIDDLE, 17, 2, 88, -3, -6),
        DistrictSpec("朔苑区", Ring.MIDDLE, 19, 2, 97, 2, 4),
        DistrictSpec("珩山区", Ring.MIDDLE, 15, 3, 86, -5, -3),
        DistrictSpec("霁阳区", Ring.MIDDLE, 18, 2, 91, 14, 11),
        DistrictSpec("沅浦区", Ring.OUTER, 11, 9, 78, 5, 2),
        DistrictSpec("翠岭区", Ring.OUTER, 9, 12, 80, -8, -7),
        DistrictSpec("茗澜区", Ring.OUTER, 10, 9, 72, 9, 6),
        DistrictSpec("桂澜区", Ring.OUTER, 10, 10, 76, 1, 0),
        DistrictSpec("枫泽区", Ring.OUTER, 8, 10, 66, -12, -8),
        DistrictSpec("麓原区", Ring.OUTER, 9, 11, 72, 12, 7),
    ),
    Quotas(
        without_committee=12,
        with_two_committees=35,
        founded_later=1_403 - (COMMITTEES_2002 - 35),
        ended=35,
        villagers=46,
        office_limit=100_00,
        office_meets=720,
        office_exempt=43,
        office_silent=28,
        service_meets=167,
        service_exempt=31,
        service_silent=44,
        stations=1_242,
        temporary=36,
        two_rooms_total=1_403 * 166_00,
        two_rooms_total_2002=COMMITTEES_2002 * 54_20,
        villagers_have_offices=False,
    ),
)
YULAN = CitySpec(
    "榆岚市",
    2,
    (
        DistrictSpec("葭宁区", Ring.INNER, 3, 0, 10),
        DistrictSpec("槿阳区", Ring.OUTER, 2, 2, 8),
    ),
    Quotas(
        without_committee=1,
        with_two_committees=2,
        founded_later=3,
        ended=1,
        villagers=2,
        office_limit=80_00,
        office_meets=8,
        office_exempt=2,
        office_silent=2,
        service_meets=4,
        service_exempt=1,
        service_silent=2,
        stations=13,
        temporary=2,
    ),
)
JICHUAN = CitySpec(
    "霁川市",
    3,
    (
        DistrictSpec("昭澜区", Ring.INNER, 3, 0, 9),
        DistrictSpec("筠湾区", Ring.OUTER, 2, 1, 7),
    ),
    Quotas(
        without_committee=1,
        with_two_committees=1,
        founded_later=2,
        ended=1,
        villagers=2,
        office_limit=80_00,
        office_meets=8,
        office_exempt=2,
        office_silent=2,
        service_meets=3,
        service_exempt=1,
        service_silent=2,
        stations=11,
        temporary=1,
        has_share_limit=True,
    ),
)
CITIES = (YUNZHOU, YULAN, JICHUAN)
