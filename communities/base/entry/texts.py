"""What people type, in the shapes in which they type it.

Full-width digits, thousands commas, a unit behind a number, six shapes of a day. Each function takes a text that
:func:`tidy` has been over, and returns the value, or None where the text says none of that kind. Nothing is
guessed: ``1.234`` is a number with three decimals, ``3/4`` no day.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

# What stands for "nothing" in cells that are filled in for the sake of being filled in.
NOTHING = frozenset({"-", "--", "—", "——", "/", "无", "無", "空"})
FIRST_YEAR, LAST_YEAR = 1900, 2100
# Spaces and hyphens without width, which copying from pages and documents brings along: they mean nothing.
_WITHOUT_WIDTH = frozenset("\u00ad\u200b\u2060\ufeff")
_NO_WIDTH = str.maketrans("", "", "".join(_WITHOUT_WIDTH))
# Pictures that a joiner makes one of: then it is seen, as a family instead of three people.
_PICTURE = "\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
# Nobody can see them, and two names that differ by one look alike; PostgreSQL stores no NUL.
_KINDS = (
    ("\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f", _("控制字符")),
    ("\u2028\u2029", _("分行符")),
    ("\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069", _("文字方向标记")),
    ("\u200c", _("零宽不连字符")),
    ("\u115f\u1160\u180e\u3164\uffa0", _("空白填充字符")),
    ("\u2061-\u2065\ufff9-\ufffb\U000e0000-\U000e007f", _("隐藏标记")),
    ("\ud800-\udfff", _("残缺字符")),
)
_JOINER = "\u200d"
UNSEEN = re.compile(
    f"[{''.join(signs for signs, _kind in _KINDS)}]"
    f"|(?<![{_PICTURE}\ufe0f]){_JOINER}|{_JOINER}(?![{_PICTURE}])"
)

# Words that people put behind a number instead of its noughts.
LARGE = {"万": 10**4, "亿": 10**8}
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)
_DAY_SHAPES = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[T ]00:00(?::00(?:\.0+)?)?", re.ASCII),
)


@dataclass(frozen=True)
class Unseen:
    """A character that nobody can see: what it is called, and after how many others it stands."""

    kind: Any
    at: int
    after: str


def tidy(text: str) -> str:
    """Without white space at the ends, whatever its width, and without any that has none."""
    return (text if _WITHOUT_WIDTH.isdisjoint(text) else text.translate(_NO_WIDTH)).strip()


def unseen(text: str) -> Unseen | None:
    """The first character in a text that cannot be seen and must not stay."""
    found = UNSEEN.search(text)
    if found is None:
        return None
    kind = next((kind for signs, kind in _KINDS if re.match(f"[{signs}]", found[0])), _("零宽连接符"))
    return Unseen(kind, found.start(), text[max(0, found.start() - 4) : found.start()])


def visible(text: str) -> str:
    """A text with those characters written out, for people who look for what is wrong with it."""
    return UNSEEN.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as ordinary ones: for values, never for names."""
    return unicodedata.normalize("NFKC", text).strip()


def number(text: str, units: Iterable[str] = (), large: Mapping[str, int] | None = None) -> Decimal | None:
    """A plain number with or without thousands commas and one of the units behind it; no exponent.

    ``large``: words that may stand for noughts, as in 1.5万平方米.
    """
    plain = narrow(text).replace(" ", "")
    for unit in units:
        if unit and plain.endswith(narrow(unit)):
            plain = plain.removesuffix(narrow(unit))
            break
    times = (large or {}).get(plain[-1:], 1)
    plain = plain[:-1] if times != 1 else plain
    if len(plain) > 40 or not _NUMBER.fullmatch(plain):
        return None
    return Decimal(plain.replace(",", "")) * times


def day(text: str) -> dt.date | None:
    """A day of any year."""
    plain = narrow(text)
    for shape in _DAY_SHAPES:
        if found := shape.fullmatch(plain):
            year, month, of_month = (int(part) for part in found.groups())
            try:
                return dt.date(year, month, of_month)
            except ValueError:
                return None
    return None
