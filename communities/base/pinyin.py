"""Sort and search keys of Chinese names. No database collation sorts pinyin everywhere, so keys are stored."""

from __future__ import annotations

from functools import cache, lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

# Tone marks off, ü written v: enough to tell whether a phrase changes a reading.
_BARE = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü", "aaaaeeeeiiiioooouuuuvvvvv")


@lru_cache(maxsize=50_000)
def syllables(name: str) -> tuple[str, ...]:
    """The name's reading, one entry per character; a run of other signs (24, ABC) is one entry.

    Readings come from pypinyin, which knows phrases (重庆 is chong qing). It takes 60 to 100 microseconds a
    name, too long for the names of a whole country, and is only asked where a phrase could change the reading
    of a character; everywhere else the reading is that of the characters one by one.
    """
    if all(ord(sign) in PINYIN_DICT for sign in name) and not _may_read_otherwise(name):
        return tuple(_reading(sign) for sign in name)
    return tuple(lazy_pinyin(name, style=Style.NORMAL))


def sort_key(name: str) -> str:
    """The name in pinyin, a space between syllables, in lower case: what lists are ordered by."""
    return " ".join(syllables(name)).lower()[:300]


def initials(name: str) -> str:
    """First letters: 望京街道 is ``wjjd``."""
    return "".join(part[0] for part in syllables(name) if part).lower()[:100]


@cache
def _reading(sign: str) -> str:
    return "".join(lazy_pinyin(sign, style=Style.NORMAL))


@cache
def _unusual_phrases() -> dict[str, tuple[str, ...]]:
    """Phrases that give one of their characters another reading than it has alone, by first character."""
    found: dict[str, list[str]] = {}
    for phrase, readings in PHRASES_DICT.items():
        alone = [PINYIN_DICT.get(ord(sign), "").split(",")[0].translate(_BARE) for sign in phrase]
        if [reading[0].translate(_BARE) for reading in readings] != alone:
            found.setdefault(phrase[0], []).append(phrase)
    return {first: tuple(phrases) for first, phrases in found.items()}


def _may_read_otherwise(name: str) -> bool:
    unusual = _unusual_phrases()
    return any(
        name.startswith(phrase, start) for start, sign in enumerate(name) for phrase in unusual.get(sign, ())
    )
