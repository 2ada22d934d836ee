"""Sort and search keys of Chinese names. No database collation sorts pinyin everywhere, so keys are stored."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=200_000)
def syllables(name: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(name, style=Style.NORMAL))


def sort_key(name: str) -> str:
    """The name in pinyin, a space between syllables, in lower case: what lists are ordered by."""
    return " ".join(syllables(name)).lower()[:300]


def initials(name: str) -> str:
    """First letters: 望京街道 is ``wjjd``."""
    return "".join(part[0] for part in syllables(name) if part).lower()[:100]
