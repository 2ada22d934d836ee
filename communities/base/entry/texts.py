"""What people type, in the shapes in which they type it.

Full-width digits, thousands commas, a unit behind a number, six shapes of a day. Each function takes a text that
:func:`tidy` has been over, and returns the value, or None where the text says none of that kind. Nothing is
guessed: ``1.234`` is a number with three decimals, ``3/4`` no day.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

# What stands for "nothing" in cells that are filled in for the sake of being filled in.
NOTHING = frozenset({"-", "--", "—", "——", "/", "无", "無", "空"})
FIRST_YEAR, LAST_YEAR = 1900, 2100
# Nobody can see them, and PostgreSQL stores no NUL: characters that control a terminal or the direction of text.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)
_DAY_SHAPES = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[T ]00:00(?::00(?:\.0+)?)?", re.ASCII),
)


def tidy(text: str) -> str:
    """Without white space at the ends, whatever its width."""
    return text.strip().strip("\u3000\ufeff")


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as ordinary ones: for values, never for names."""
    return unicodedata.normalize("NFKC", text).strip()


def number(text: str, units: Iterable[str] = ()) -> Decimal | None:
    """A plain number with or without thousands commas and one of the units behind it; no exponent."""
    plain = narrow(text).replace(" ", "")
    for unit in units:
        if unit and plain.endswith(narrow(unit)):
            plain = plain.removesuffix(narrow(unit))
            break
    if len(plain) > 40 or not _NUMBER.fullmatch(plain):
        return None
    return Decimal(plain.replace(",", ""))


def day(text: str) -> dt.date | None:
    """A day of the years 1900 to 2100."""
    plain = narrow(text)
    for shape in _DAY_SHAPES:
        if found := shape.fullmatch(plain):
            year, month, of_month = (int(part) for part in found.groups())
            try:
                value = dt.date(year, month, of_month)
            except ValueError:
                return None
            return value if FIRST_YEAR <= year <= LAST_YEAR else None
    return None
