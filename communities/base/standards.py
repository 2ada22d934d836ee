"""Threshold keys: what a rule book can set a number for, declared by the app that measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class ThresholdKey:
    """``code`` stands in rows, ``name`` is what people read, ``unit`` is the unit of the bound."""

    code: str
    name: Any
    unit: str


# Filled at import of each app's ``indicators`` module.
THRESHOLD_KEYS: dict[str, ThresholdKey] = {}


def declare_threshold_key(code: str, name: Any, unit: str) -> ThresholdKey:
    """Raises ValueError when two apps claim one code."""
    if code in THRESHOLD_KEYS:
        raise ValueError(f"threshold key {code} is declared twice")
    key = THRESHOLD_KEYS[code] = ThresholdKey(code, name, unit)
    return key


def check_threshold_key(value: str) -> None:
    """Validator: the key must be one that some indicator measures."""
    if value not in THRESHOLD_KEYS:
        raise ValidationError(
            _("「%(value)s」不是已知的标准项目。"), code="unknown_threshold_key", params={"value": value}
        )
