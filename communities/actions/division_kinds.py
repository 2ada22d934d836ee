"""What a row of the statistics bureau's list of divisions is: its level, and its kind by name and code.

The bureau's code has a segment for each level (2+2+2+3+3 digits) and ranges in each segment say what a place is,
but practice breaks the ranges: streets stand among the codes of development zones and residents' committees
among those of villages. So the name is read first, and the code decides only where the name is silent.
"""

from __future__ import annotations

import re

from communities.choices import DivisionKind, Level

LEVELS: dict[str, Level] = {
    "province": Level.PROVINCE,
    "city": Level.CITY,
    "county": Level.DISTRICT,
    "township": Level.STREET,
    "village": Level.COMMUNITY,
}
# How many leading digits of a code name a place of the level; the rest are zeros.
WIDTHS: dict[Level, int] = {
    Level.PROVINCE: 2,
    Level.CITY: 4,
    Level.DISTRICT: 6,
    Level.STREET: 9,
    Level.COMMUNITY: 12,
}
URBAN_RURAL_CLASSES = frozenset({"111", "112", "121", "122", "123", "210", "220"})

# Rows that stand for no place but gather others for counting.
_PSEUDO = re.compile(r"^(市辖区|县)$|直辖县级行政区划$|直辖乡?镇?级?行政单位$|直辖[乡镇村]级区划$")
# A remark behind the name: 八家子村委会(虚拟).
_REMARK = re.compile(r"[（(][^（）()]*[）)]$")

# Per level, endings of names; the first that fits decides.
_BY_NAME: dict[Level, tuple[tuple[DivisionKind, tuple[str, ...]], ...]] = {
    Level.PROVINCE: (
        (DivisionKind.PROVINCE, ("省", "特别行政区")),
        (DivisionKind.AUTONOMOUS_REGION, ("自治区",)),
        (DivisionKind.MUNICIPALITY, ("市",)),
    ),
    Level.CITY: (
        (DivisionKind.PREFECTURE, ("地区", "州", "盟")),
        (DivisionKind.PREFECTURE_CITY, ("市",)),
    ),
    Level.DISTRICT: (
        (DivisionKind.COUNTY, ("县", "旗", "林区", "特区")),
        (
            DivisionKind.DEVELOPMENT_ZONE,
            ("开发区", "园区", "新城", "示范区", "管理区", "合作区", "保税区", "试验区", "管委会", "委员会"),
        ),
        (DivisionKind.COUNTY_CITY, ("市",)),
    ),
    Level.STREET: (
        (DivisionKind.STREET, ("街道", "街道办", "街道办事处", "地区", "地区办事处")),
        (
            DivisionKind.PARK,
            (
                "园",
                "园区",
                "街区",
                "开发区",
                "示范区",
                "度假区",
                "景区",
                "保税区",
                "产业区",
                "工业区",
                "新区",
            ),
        ),
        (DivisionKind.TOWN, ("镇", "镇人民政府")),
        (DivisionKind.TOWNSHIP, ("乡", "苏木", "乡人民政府")),
    ),
    Level.COMMUNITY: (
        (
            DivisionKind.RESIDENTS_COMMUNITY,
            ("居委会", "居委", "居民委员会", "居民委员", "居民委", "社区", "居民区", "家委会"),
        ),
        (DivisionKind.OTHER_COMMUNITY_LEVEL, ("生活区", "管理区", "园区", "农场", "林场", "分场")),
        (
            DivisionKind.VILLAGE,
            (
                "村委会",
                "村民委员会",
                "村",
                "村委",
                "村民委员",
                "村民委",
                "农委会",
                "牧委会",
                "牧民委员会",
                "嘎查",
            ),
        ),
    ),
}
# Per level: the segment's digits in the code, and the kind up to and including each number.
_BY_CODE: dict[Level, tuple[slice, tuple[tuple[int, DivisionKind], ...]]] = {
    Level.PROVINCE: (slice(0, 2), ((99, DivisionKind.PROVINCE),)),
    Level.CITY: (
        slice(2, 4),
        (
            (20, DivisionKind.PREFECTURE_CITY),
            (50, DivisionKind.PREFECTURE),
            (99, DivisionKind.PREFECTURE_CITY),
        ),
    ),
    Level.DISTRICT: (
        slice(4, 6),
        (
            (20, DivisionKind.DISTRICT),
            (50, DivisionKind.COUNTY),
            (70, DivisionKind.DISTRICT),
            (80, DivisionKind.DEVELOPMENT_ZONE),
            (99, DivisionKind.COUNTY_CITY),
        ),
    ),
    Level.STREET: (
        slice(6, 9),
        (
            (99, DivisionKind.STREET),
            (199, DivisionKind.TOWN),
            (399, DivisionKind.TOWNSHIP),
            (999, DivisionKind.OTHER_TOWN_LEVEL),
        ),
    ),
    Level.COMMUNITY: (
        slice(9, 12),
        (
            (199, DivisionKind.RESIDENTS_COMMUNITY),
            (399, DivisionKind.VILLAGE),
            (999, DivisionKind.OTHER_COMMUNITY_LEVEL),
        ),
    ),
}


def fits(level: Level, code: str) -> bool:
    """Whether twelve digits can be a code of the level: its own segments only, the rest zeros."""
    width = WIDTHS[level]
    return (
        len(code) == 12
        and code.isascii()
        and code.isdigit()
        and not code.startswith("0")
        and code[width:] == "0" * (12 - width)
    )


def is_pseudo(name: str) -> bool:
    """Whether a row only gathers others for counting: 市辖区, 省直辖县级行政区划, 县直辖村级区划."""
    return _PSEUDO.search(name) is not None


def kind_of(level: Level, code: str, name: str) -> DivisionKind:
    """The kind of a place: by its name's ending, else by the range of its code."""
    if level != Level.COMMUNITY and is_pseudo(name):
        return DivisionKind.PSEUDO
    proper = _REMARK.sub("", name) if name.endswith(("）", ")")) else name
    for kind, endings in _BY_NAME[level]:
        if proper.endswith(endings):
            return kind
    segment, ranges = _BY_CODE[level]
    number = int(code[segment])
    if level == Level.DISTRICT and name.endswith("区") and not 71 <= number <= 80:
        return DivisionKind.DISTRICT
    return next(kind for last, kind in ranges if number <= last)
