"""Chance that repeats: the same seed draws the same city on every machine."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")
_DAY_STEPS = 10_000


class Dice(random.Random):
    """A seeded source of whole numbers, days and areas; nothing secret comes from it."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)

    def percent(self, chance: int) -> bool:
        """True in ``chance`` of a hundred cases."""
        return self.randrange(100) < chance

    def day(self, first: dt.date, last: dt.date) -> dt.date:
        """A day from ``first`` to ``last``, both included; ``first`` when they are the wrong way round."""
        days = max((last - first).days, 0)
        return first + dt.timedelta(days=(days + 1) * self.randrange(_DAY_STEPS) // _DAY_STEPS)

    def area(self, low: int, high: int) -> int:
        """An area between two numbers of m², in hundredths: mostly with one decimal, as surveyors write it."""
        area = self.randint(low * 10, high * 10) * 10
        cents = self.randrange(10) if self.percent(25) else 0
        return min(area + cents, high * 100)

    def weighted(self, weights: Mapping[T, int]) -> T:
        """One key, as likely as its weight."""
        return self.choices(list(weights), weights=list(weights.values()))[0]
