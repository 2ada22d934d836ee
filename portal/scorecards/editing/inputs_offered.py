"""Which values a rule may read: what its editor offers, and what a published version may name."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.rules_api import known_names


def offered_inputs() -> list[tuple[str, list[tuple[str, str]]]]:
    """The values that have a source, in groups: (group, [(code, name with unit)])."""
    names = known_names()
    listed = [
        (code, f"{names[code].name}({names[code].unit})" if names[code].unit else names[code].name)
        for code in INDICATORS
    ]
    return [(_("指标"), listed)]


def codes_with_source() -> set[str]:
    """The codes among them."""
    return {code for _group, values in offered_inputs() for code, _word in values}
