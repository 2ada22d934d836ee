"""What a dashboard shows of one place in one period, from its cards alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from communities.base.measures import Indicator, Outcome
from communities.base.tables import number_text
from communities.models import Period
from portal.figures import State, state_of
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import Figure
from portal.scorecards.reading import PlaceCard

MOST_CARDS = 6
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 96, 28, 3


@dataclass(frozen=True)
class OutcomeLook:
    """How an outcome is drawn: word and icon always stand beside the colour."""

    code: str
    word: str
    icon: str


OUTCOME_LOOKS: tuple[OutcomeLook, ...] = (
    OutcomeLook(Outcome.MEETS, "达标", "circle-check"),
    OutcomeLook(Outcome.FALLS_SHORT, "不达标", "circle-x"),
    OutcomeLook(Outcome.EXEMPT, "豁免", "shield-check"),
    OutcomeLook(Outcome.NO_STANDARD, "无标准", "circle-minus"),
    OutcomeLook(Outcome.NOT_REPORTED, "未报", "help-circle"),
)
LOOK_OF: dict[str, OutcomeLook] = {look.code: look for look in OUTCOME_LOOKS}
# How a figure without a number is drawn.
STATE_LOOKS: dict[State, OutcomeLook] = {
    State.NO_STANDARD: LOOK_OF[Outcome.NO_STANDARD],
    State.NOT_APPLICABLE: OutcomeLook(State.NOT_APPLICABLE, "不适用", "circle-off"),
    State.NOT_REPORTED: LOOK_OF[Outcome.NOT_REPORTED],
}


@dataclass(frozen=True)
class Segment:
    """One outcome's share of the breakdown bar, in thousandths of its width."""

    look: OutcomeLook
    count: int
    start: int
    width: int


@dataclass(frozen=True)
class Tile:
    """One indicator as a card: figure, the two numbers behind it, movement and a small trend."""

    figure: Figure
    previous: Figure | None
    spark: str

    @property
    def indicator(self) -> Indicator:
        return self.figure.indicator

    @property
    def is_assessed(self) -> bool:
        return self.indicator.assessment is not None

    @property
    def state(self) -> State:
        return state_of(self.figure)

    @property
    def look(self) -> OutcomeLook | None:
        """How the tile says that there is no figure."""
        return STATE_LOOKS.get(self.state)

    @property
    def text(self) -> str:
        return number_text(self.figure.value, self.indicator.places)

    @property
    def judged_text(self) -> str:
        rate = self.figure.rate_of_judged
        return f"{number_text(rate, self.indicator.places)}%" if rate is not None else ""

    @property
    def judged_count(self) -> int | None:
        outcomes = self.figure.outcomes
        return outcomes[Outcome.MEETS] + outcomes[Outcome.FALLS_SHORT] if outcomes else None

    @property
    def movement(self) -> Decimal | None:
        """Change against the previous period of the same kind."""
        before, now = (number_of(figure) for figure in (self.previous, self.figure))
        return None if before is None or now is None else now - before

    @property
    def movement_text(self) -> str:
        unit = "个百分点" if str(self.indicator.unit) == "%" else str(self.indicator.unit)
        return f"{number_text(abs(self.movement or Decimal(0)), self.indicator.places)} {unit}"

    @property
    def direction(self) -> str:
        """better, worse, changed or same: which way the movement goes."""
        moved = self.movement
        if moved is None or moved == 0:
            return "same"
        if self.indicator.higher_is_better is None:
            return "changed"
        return "better" if (moved > 0) == self.indicator.higher_is_better else "worse"

    @property
    def rose(self) -> bool:
        return (self.movement or 0) > 0


def number_of(figure: Figure | None) -> Decimal | None:
    """The number to compare and to draw; None where the figure has none."""
    return figure.value if figure is not None and state_of(figure) == State.KNOWN else None


def tiles(cards: Sequence[PlaceCard], at: int, positions: Mapping[str, int]) -> list[Tile]:
    """The cards of a dashboard: at most six, those last to which no standard applies anywhere."""
    before = previous_of(cards, at)
    made = []
    for indicator in INDICATORS.values():
        series = [card.figure(indicator, positions) for card in cards]
        made.append(
            Tile(series[at], series[before] if before is not None else None, spark(series, cards, at))
        )
    made.sort(key=lambda tile: tile.state == State.NO_STANDARD)
    return made[:MOST_CARDS]


def previous_of(cards: Sequence[PlaceCard], at: int) -> int | None:
    """The card of the nearest earlier period of the same kind."""
    now = cards[at].period
    earlier = [n for n, card in enumerate(cards[:at]) if card.period.kind == now.kind]
    return earlier[-1] if earlier else None


def spark(series: Sequence[Figure], cards: Sequence[PlaceCard], at: int) -> str:
    """Points of a small line over the periods of the same kind up to the one shown; empty below two."""
    kind = cards[at].period.kind
    values = [
        value
        for figure, card in zip(series[: at + 1], cards[: at + 1], strict=True)
        if card.period.kind == kind and (value := number_of(figure)) is not None
    ]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    reach = (high - low) or Decimal(1)
    step = Decimal(SPARK_WIDTH - 2 * SPARK_EDGE) / (len(values) - 1)
    drop = SPARK_HEIGHT - 2 * SPARK_EDGE
    return " ".join(
        f"{SPARK_EDGE + step * n:.1f},{SPARK_HEIGHT - SPARK_EDGE - (value - low) / reach * drop:.1f}"
        for n, value in enumerate(values)
    )


def breakdown(figure: Figure) -> list[Segment]:
    """The five outcomes side by side; widths add up to a thousand."""
    if not figure.outcomes:
        return []
    total = sum(figure.outcomes.values())
    segments, before = [], 0
    for look in OUTCOME_LOOKS:
        count = figure.outcomes[look.code]
        start = before * 1000 // total if total else 0
        before += count
        end = before * 1000 // total if total else 0
        segments.append(Segment(look, count, start, end - start))
    return segments


def period_facts(periods: Sequence[Period]) -> list[dict[str, Any]]:
    """Periods for the trend's axis, oldest first."""
    return [
        {"code": p.code, "label": p.label, "kind": p.kind, "first": p.first_day.isoformat()} for p in periods
    ]
