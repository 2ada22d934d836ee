"""Submitting for a decision, and deciding: the one door to cases."""

from communities.actions.approvals.deciding import (
    Outcome,
    candidates,
    decide,
    decide_many,
    hand_on,
    may_answer_for,
    may_hand_on,
    urge,
    withdraw,
)
from communities.actions.approvals.rounds import Difference, differences
from communities.actions.approvals.routes import settle_open_turns
from communities.actions.approvals.submitting import submit

__all__ = [
    "Difference",
    "Outcome",
    "candidates",
    "decide",
    "decide_many",
    "differences",
    "hand_on",
    "may_answer_for",
    "may_hand_on",
    "settle_open_turns",
    "submit",
    "urge",
    "withdraw",
]
