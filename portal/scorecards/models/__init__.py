"""Tables of what is measured and scored: cards, rating schemes, score cards."""

from portal.scorecards.models.cards import (
    CurrentRun,
    MeasureCard,
    MeasureCardQuerySet,
    MeasureSlot,
    Run,
    RunKind,
    TargetSet,
)
from portal.scorecards.models.choices import PeerClass, VetoEffect
from portal.scorecards.models.schemes import (
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
)
from portal.scorecards.models.scores import ScoreCard, ScoreCardQuerySet, ScoreRollUp

__all__ = [
    "CurrentRun",
    "MeasureCard",
    "MeasureCardQuerySet",
    "MeasureSlot",
    "PeerClass",
    "RatingGrade",
    "RatingGroup",
    "RatingItem",
    "RatingScheme",
    "RatingSchemeVersion",
    "RatingVeto",
    "Run",
    "RunKind",
    "ScoreCard",
    "ScoreCardQuerySet",
    "ScoreRollUp",
    "TargetSet",
    "VetoEffect",
]
