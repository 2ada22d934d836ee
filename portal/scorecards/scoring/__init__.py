"""Scores: what rules may read, a version of a scheme made ready, one statement that scores places by it."""
