"""A field for a day: the browser's own, as long as what stands in it is one."""

from __future__ import annotations

from typing import Any

from django import forms

from communities.base.entry import texts


class DayInput(forms.DateInput):
    """The browser's field for days; text that is no day stands in a plain one, where it can be seen and mended.

    What is half typed into a browser's field is told as such by the page's script (``days.js``): the browser itself
    sends it as nothing, and a day that stands in the register would be taken away.
    """

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"type": "date"} | (attrs or {}), format="%Y-%m-%d")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        day = texts.day(shown) if shown else None
        if day is not None:
            context["widget"]["value"] = day.isoformat()
        elif shown:
            context["widget"]["type"] = "text"
        return context
