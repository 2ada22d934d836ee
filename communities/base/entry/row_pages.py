"""The door by which a field with search finds rows: those that the form would offer to this user, and no others."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from communities.base.entry.fields import RowField
from communities.base.entry.forms import EntryForm
from communities.base.entry.pages import EntryPage
from communities.base.views import place_lines

ROWS_SHOWN = 20
LONGEST_TEXT = 50
# By which field a row that is no place stands on one.
PLACES = ("division_now", "division")


class RowsPage(EntryPage):
    """The first rows that match a text, best first; without a text the first in order."""

    name: ClassVar[str]

    @classmethod
    def of_field(cls, entry: type[EntryForm], name: str) -> Any:
        """The page for one field of a register's form."""
        known = {"entry": entry, "action": entry.action, "name": name}
        page: Any = type(f"{entry.__name__}{name.title()}{cls.__name__}", (cls,), known)
        return page.as_view()

    def get(self, request: HttpRequest) -> HttpResponse:
        if set(request.GET) - {"q"}:
            raise BadRequest(_("地址中有不认识的参数。"))
        text = request.GET.get("q", "").strip()
        if len(text) > LONGEST_TEXT or "\x00" in text:
            raise BadRequest(_("查找内容过长或含有无效字符。"))
        field = cast("RowField", self.entry(user=request.user).fields[self.name])
        found = field.hits(text, ROWS_SHOWN + 1, self.place_field)
        return JsonResponse({"rows": self.told(field, found[:ROWS_SHOWN]), "more": len(found) > ROWS_SHOWN})

    @property
    def place_field(self) -> str | None:
        """Where a row of the field's model stands; None for places themselves, and for what stands nowhere."""
        target = self.model._meta.get_field(self.name).related_model
        known = {each.name for each in target._meta.concrete_fields}
        return next((name for name in PLACES if name in known), None)

    def told(self, field: RowField, rows: list[Any]) -> list[dict[str, str]]:
        """Each row as the list reads, with the places above it: names repeat. One query."""
        places = [getattr(row, self.place_field) if self.place_field else row for row in rows]
        lines = place_lines(place for place in places if hasattr(place, "path_now"))
        return [
            {
                "value": str(row.public_id),
                "text": field.naming(row),
                "note": " ".join(filter(None, (lines.get(place.pk), "" if place is row else str(place)))),
            }
            for row, place in zip(rows, places, strict=True)
        ]
