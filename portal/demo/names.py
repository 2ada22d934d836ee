"""Names of the fictional city, made from characters so that no real place is meant.

The pairs in ``REAL`` are left out because places of that name exist.
"""

from __future__ import annotations

from collections.abc import Iterator

from portal.demo.chance import Dice

FIRST = "霁映珩朔瑾暄槿葭漪潆淳曜晟睿昭筠屿栖荻蓼芷茗麓"
SECOND = "栖岚汀溪霞庭津川泽岭浦塘桥苑坊亭岸原岗湾渡"
REAL = frozenset(
    [
        "潆溪", "淳溪", "昭苑", "昭亭", "筠岭", "筠岗", "屿岭", "屿浦", "栖霞", "栖塘", "荻溪", "荻浦", "蓼塘",
        "蓼岸", "芷溪", "芷坊", "芷湾", "茗岚", "茗溪", "茗岭", "茗苑", "麓川", "麓岭", "麓苑",
    ]
)  # fmt: skip

# What the third character of a community's name tells about its houses.
OLD_STREETS = "里巷坊路桥"
NEW_ESTATES = "苑园庭居台"
OUTSKIRTS = "湾畈桥台"

NUMERALS = "一二三四五六七八九十"


def stems(dice: Dice) -> Iterator[str]:
    """Every usable pair once, in an order drawn by the dice."""
    pairs = [first + second for first in FIRST for second in SECOND if first != second]
    usable = [pair for pair in pairs if pair not in REAL]
    dice.shuffle(usable)
    return iter(usable)


class CommunityNames:
    """Three-character names that never come twice in one city."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._stems = list(stems(dice))
        self._given: set[str] = set()

    def draw(self, endings: str) -> str:
        """A name whose last character is one of ``endings``."""
        while True:
            stem = self._dice.choice(self._stems)
            ending = self._dice.choice(endings)
            name = stem + ending
            if ending not in stem and name not in self._given:
                self._given.add(name)
                return name
