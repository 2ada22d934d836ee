"""Figures in words: 万 and 亿 where people say them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from communities.base.tables import number_text

WAN = Decimal(10_000)
YI = Decimal(100_000_000)
TWO_PLACES = Decimal("0.01")
# Below this people read the digits out; 9,999 and 54,321 stay as they are.
FROM = Decimal(100_000)


def large_number(value: Decimal | int) -> str:
    """``1,403``, ``23.46万``, ``1.2亿``: rounded half up to two decimals, trailing zeros dropped."""
    number = Decimal(value)
    size = abs(number)
    if size < FROM:
        return number_text(int(number) if number == number.to_integral_value() else number.normalize())
    unit, word = (YI, "亿") if size >= YI else (WAN, "万")
    short = (number / unit).quantize(TWO_PLACES, rounding=ROUND_HALF_UP).normalize()
    return f"{short:,f}{word}"
