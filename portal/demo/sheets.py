"""The content of the demo's rating schemes: six dimensions for communities, short ones for streets and districts.

Six dimensions as in catalogue E-229, as far as the registers carry them; another city rates by less. The quarterly
cross-check of new villages is a draft: what it counts is entered with campaigns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from communities.choices import BuildingClass, Level
from portal.scorecards.models import PeerClass, VetoEffect

Rule = dict[str, Any]


@dataclass(frozen=True)
class ItemSpec:
    """One item; ``clause`` is the label of a clause of its city's document."""

    name: str
    full_mark: str
    rule: Rule
    clause: str = ""
    not_applicable: str = "drop"
    classes: tuple[str, ...] = ()
    evidence: str = "社区用房台账"
    method: str = "系统取数"


@dataclass(frozen=True)
class GroupSpec:
    name: str
    full_mark: str
    items: tuple[ItemSpec, ...]
    # Of the items that name none themselves.
    clause: str = ""
    is_bonus: bool = False


@dataclass(frozen=True)
class VetoSpec:
    name: str
    value: str
    operator: str
    target: str
    effect: str = VetoEffect.BAR_TOP


@dataclass(frozen=True)
class SheetSpec:
    """One version: groups, the totals from which on each number of stars is given, vetoes."""

    groups: tuple[GroupSpec, ...]
    stars: dict[int, str] = field(default_factory=dict)
    vetoes: tuple[VetoSpec, ...] = ()
    peer_class: str = ""
    note: str = ""


@dataclass(frozen=True)
class SchemeSpec:
    name: str
    level: Level
    description: str


def reached(value: str, target: str = "100", operator: str = "ge") -> Rule:
    """Full marks or none."""
    return {"shape": "threshold", "value": value, "operator": operator, "target": target}


def share(value: str, target: str = "100") -> Rule:
    """In proportion to a target."""
    return {"shape": "pro_rata", "value": value, "target": target}


def each(*values: str) -> Rule:
    """One point for each of a few things."""
    return {
        "shape": "bonus",
        "occurrences": [{"value": value, "each": "1", "at_most": "1"} for value in values],
    }


def best_of(*values: str) -> Rule:
    parts = [{"rule": reached(value)} for value in values]
    return {"shape": "combined", "how": "best", "parts": parts}


OWNED: Rule = {
    "shape": "bands",
    "value": "owned_share",
    "bands": [
        {"least": "80", "points": "6"},
        {"least": "50", "points": "4"},
        {"least": "20", "points": "2"},
        {"points": "0"},
    ],
    "no_base": "zero",
}
NOT_TOO_MUCH_OFFICE: Rule = {
    "shape": "shortfall",
    "value": "office_share",
    "target": "40",
    "step": "10",
    "points": "1",
    "direction": "at_most",
    "part_steps": "ignored",
}
ROOMY: Rule = {
    "shape": "shortfall",
    "value": "area_per_100_households",
    "target": "30",
    "step": "5",
    "points": "1",
    "part_steps": "exact",
}


def service_rooms(target: str) -> Rule:
    """The service rooms of a community of one residents' committee."""
    return share("premises.service.area", target)


SELF_GOVERNMENT = GroupSpec(
    "自治好",
    "20",
    (
        ItemSpec("居民委员会设置", "4", reached("committees.residents", "1"), evidence="居委会台账"),
        ItemSpec("居委会办公用房达标", "10", share("office_compliance.of_judged"), clause="第三条"),
        ItemSpec("设有议事协商室", "6", reached("council_room_coverage")),
    ),
    clause="第十一条",
)
ORDER = GroupSpec(
    "管理好",
    "15",
    (
        ItemSpec("自有用房占比", "6", OWNED),
        ItemSpec("办公用房不过多占用", "4", NOT_TOO_MUCH_OFFICE),
        ItemSpec(
            "每百户社区用房面积", "5", ROOMY, not_applicable="peers_mean", evidence="社区用房台账、户数台账"
        ),
    ),
    clause="第十二条",
)
SERVICE = GroupSpec(
    "服务好",
    "25",
    (
        ItemSpec(
            "公益性服务用房(新建社区)",
            "10",
            service_rooms("400"),
            clause="第四条第二款",
            classes=(BuildingClass.NEW,),
        ),
        ItemSpec(
            "公益性服务用房(整修社区)",
            "10",
            service_rooms("200"),
            clause="第四条第一款",
            classes=(BuildingClass.RENOVATED,),
        ),
        ItemSpec("社区服务站", "5", reached("station_coverage")),
        ItemSpec("一门式服务或敞开式办公", "4", best_of("one_door_coverage", "open_counter_coverage")),
        ItemSpec("日间照料室", "3", reached("elderly_care_coverage")),
        ItemSpec("卫生服务室", "3", reached("health_coverage")),
    ),
    clause="第十三条",
)
SAFETY = GroupSpec(
    "治安好",
    "15",
    (
        ItemSpec("警务室", "8", reached("police_room_coverage")),
        ItemSpec("调解室", "7", reached("mediation_coverage")),
    ),
    clause="第十四条",
)
ENVIRONMENT = GroupSpec(
    "环境好",
    "10",
    (
        ItemSpec("用房状况良好", "6", share("good_share", "80")),
        ItemSpec("健身场地", "4", reached("sport_coverage")),
    ),
    clause="第十五条",
)
MANNERS = GroupSpec(
    "风尚好",
    "15",
    (
        ItemSpec("文化活动室", "6", reached("culture_coverage")),
        ItemSpec("图书阅览室", "5", reached("reading_coverage")),
        ItemSpec("儿童之家", "4", reached("children_coverage")),
    ),
    clause="第十六条",
)
EARLIER_MANNERS = GroupSpec(
    "风尚好",
    "15",
    (
        ItemSpec("文化活动室", "8", reached("culture_coverage")),
        ItemSpec("图书阅览室", "7", reached("reading_coverage")),
    ),
    clause="第十六条",
)
MORE = GroupSpec(
    "附加分",
    "2",
    (
        ItemSpec(
            "便民窗口",
            "2",
            each("communities.with_open_counter", "communities.with_one_door"),
        ),
    ),
    clause="第十七条",
    is_bonus=True,
)
STARS = {5: "80", 4: "70", 3: "60", 2: "50", 1: "40"}
EARLIER_STARS = {5: "75", 4: "65", 3: "55", 2: "45", 1: "35"}

SIX_GOOD = SchemeSpec(
    "云州市示范社区评分表",
    Level.COMMUNITY,
    "自治好、管理好、服务好、治安好、环境好、风尚好六个方面，以社区台账已有的数据为限；按建设类别分别排名。",
)
SIX_GOOD_EARLIER = SheetSpec(
    (SELF_GOVERNMENT, ORDER, SERVICE, SAFETY, ENVIRONMENT, EARLIER_MANNERS, MORE),
    EARLIER_STARS,
    peer_class=PeerClass.BUILDING,
    note="首次施行",
)
SIX_GOOD_NOW = SheetSpec(
    (SELF_GOVERNMENT, ORDER, SERVICE, SAFETY, ENVIRONMENT, MANNERS, MORE),
    STARS,
    peer_class=PeerClass.BUILDING,
    note="风尚好增加儿童之家，各星级起评分数提高五分",
)
SHORT = SchemeSpec("社区用房和服务评分表", Level.COMMUNITY, "只评用房和服务两个方面，各类社区一起排名。")
SHORT_SHEET = SheetSpec(
    (
        GroupSpec(
            "用房",
            "60",
            (
                ItemSpec("居委会办公用房达标", "40", share("office_compliance.of_judged")),
                ItemSpec("自有用房占比", "20", share("owned_share", "80")),
            ),
        ),
        GroupSpec(
            "服务",
            "40",
            (
                ItemSpec("社区服务站", "20", reached("station_coverage")),
                ItemSpec("文化活动室", "20", reached("culture_coverage")),
            ),
        ),
    ),
    {5: "95", 3: "75", 1: "55"},
    note="首次施行",
)
OF_STREETS = SchemeSpec("云州市示范街道评分表", Level.STREET, "按街道所辖社区的达标情况和服务覆盖评分。")
OF_DISTRICTS = SchemeSpec("云州市示范区评分表", Level.DISTRICT, "按全区社区的达标情况和服务覆盖评分。")
COMPLIANCE = GroupSpec(
    "达标水平",
    "60",
    (
        ItemSpec("办公用房达标率", "30", share("office_compliance", "90"), clause="第三条"),
        ItemSpec("公益性服务用房达标率", "30", share("service_compliance", "60"), clause="第四条第一款"),
    ),
    clause="第十八条",
)
COVERAGE = GroupSpec(
    "服务覆盖",
    "40",
    (
        ItemSpec("社区服务站覆盖率", "16", share("station_coverage")),
        ItemSpec("日间照料室覆盖率", "12", share("elderly_care_coverage", "80")),
        ItemSpec("警务室覆盖率", "12", share("police_room_coverage", "80")),
    ),
    clause="第十八条",
)
ABOVE = SheetSpec(
    (COMPLIANCE, COVERAGE),
    {5: "85", 4: "75", 3: "65", 2: "55", 1: "45"},
    vetoes=(VetoSpec("办公用房达标率过低", "office_compliance", "lt", "40"),),
    note="首次施行",
)


def deduction(**each_loses: str) -> Rule:
    """So many points off for each occurrence, to zero (扣完为止)."""
    return {
        "shape": "deduction",
        "occurrences": [{"value": f"visit.{code}", "each": points} for code, points in each_loses.items()],
    }


SATISFACTION: Rule = {
    "shape": "bands",
    "value": "visit.satisfaction",
    "counts": "deduction",
    "bands": [{"least": "90", "points": "0"}, {"least": "80", "points": "1"}, {"points": "5"}],
}
SAFE: Rule = {
    "shape": "gate",
    "condition": {"value": "visit.accidents", "operator": "gt", "target": "0"},
    "rule": deduction(mediation="0.5"),
}
ACTIVE: Rule = {
    "shape": "combined",
    "how": "deductions",
    "parts": [{"rule": deduction(activity="2")}, {"rule": SATISFACTION}],
}
CROSS_CHECK = SchemeSpec(
    "新村管理季度交叉检查评分表",
    Level.COMMUNITY,
    "各村每季度互相检查，按发现的问题扣分。检查数据随创建活动填报，填报功能提供以前只能试算。",
)


def _checked(name: str, full_mark: str, rule: Rule) -> ItemSpec:
    return ItemSpec(name, full_mark, rule, evidence="检查记录和照片", method="现场检查")


CROSS_CHECK_SHEET = SheetSpec(
    (
        GroupSpec(
            "村容",
            "70",
            (
                _checked("环境整治", "10", deduction(mess="1", weeds="1")),
                _checked("私搭乱建", "25", deduction(sheds="5")),
                _checked("菜园管理", "35", deduction(plots="5", tall="1", weedy="1")),
            ),
        ),
        GroupSpec(
            "治理",
            "30",
            (
                _checked("机构运行", "10", deduction(meeting="5", box="2", sign="1")),
                _checked("安全稳定", "10", SAFE),
                _checked("群众引导", "10", ACTIVE),
            ),
        ),
    ),
    note="草案",
)
