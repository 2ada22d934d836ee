"""Lists of divisions to import, and what an import wrote."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from communities.choices import Level
from communities.models import ChangeRecord, DirtyMark, Division, DivisionCode, DivisionRecord

EXTRACT = Path(__file__).parents[2] / "data" / "divisions.csv"
USABLE, PLACES = 27, 23
HEADER = "code,name,level\n"
SMALL = (
    "970000000000,云海省,province\n"
    "970100000000,云海市,city\n"
    "970101000000,甲区,county\n"
    "970101001000,甲街道,township\n"
    "970101001001,东社区居委会,village\n"
    "970101001002,西社区居委会,village\n"
    "970101002000,乙街道,township\n"
    "970101002001,南社区居委会,village\n"
)
DAY, BEFORE = dt.date(2024, 7, 1), dt.date(2024, 6, 30)


def place(code: str, level: Level | None = None) -> Division:
    found = Division.objects.filter(code_now=code)
    return found.get(level=level) if level is not None else found.get()


def everything() -> list[Any]:
    """All that an import may write, to see that nothing was written."""
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (Division, DivisionRecord, DivisionCode, ChangeRecord, DirtyMark)
    ]
