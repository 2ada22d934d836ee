"""A field that names one of very many rows: a text field, which the page's script makes one with search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms


@dataclass(frozen=True)
class Meant:
    """The row that a text means: its id, how it reads in a list, and by what text it is found again."""

    public_id: str
    label: str
    text: str


class SearchInput(forms.TextInput):
    """Without scripts a name or a code is typed here; ``rows_url`` answers the script with the rows that match.

    The field holds a text that people read even where an id was sent. The id stands beside it for the script.
    """

    def __init__(self, meant: Callable[[str], Meant | None], *, rows_url: str, hint: Any, attrs: Any) -> None:
        super().__init__({"autocomplete": "off", "data-rows": rows_url, "data-hint": hint, **attrs})
        self.meant = meant

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        found = self.meant(widget["value"]) if widget["value"] else None
        if found is not None:
            widget["value"] = found.text
            widget["attrs"] |= {"data-row": found.public_id, "data-shown": found.label}
        return context
