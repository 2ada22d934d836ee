"""What a mean or a share is made of: the rows that its numerator, or its denominator, summed or counted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.http import Http404
from django.utils.translation import gettext as _

from communities.base.measures import Validity
from communities.base.tables import detail_url
from communities.base.views import place_lines
from communities.models import Division, Period
from portal.dashboards.views.rows import PAGE_SIZE, RowsPage
from portal.scorecards.rows import Scene, SourceRow, source_rows

PARTS = ("numerator", "denominator")


@dataclass(frozen=True)
class SourceLine:
    """A counted row as a line of the table; ``said`` tells one row from another of the same name."""

    name: str
    url: str | None
    said: str
    place: Division
    place_url: str | None
    above: str
    amount: Decimal | None


class Sources(RowsPage):
    """The rows of one part of a plain figure, with their sum held against the card."""

    template_name = "dashboards/sources.html"
    asked: ClassVar[frozenset[str]] = frozenset({"part"})

    def facts(self) -> dict[str, Any]:
        indicator = self.indicator
        if indicator.assessment is not None:
            raise Http404
        part = self.request.GET.get("part") or PARTS[0]
        if part not in PARTS:
            raise BadRequest(_("请选择分子或分母。"))
        measure = indicator.part(part)
        if measure is None:
            raise Http404
        self.measure = measure
        return {
            "measure": measure,
            "tabs": [
                {"word": word, "measure": each, "url": self.address(part=name), "on": name == part}
                for name, word in zip(PARTS, (_("分子"), _("分母")), strict=True)
                if (each := indicator.part(name)) is not None
            ],
        }

    def page(self, place: Division, period: Period) -> dict[str, Any]:
        scene = Scene(place, period, self.request.user)
        found = source_rows(scene, self.measure, position=self.position(), limit=PAGE_SIZE)
        lines = place_lines((row.community for row in found.rows), place.path_now)
        return {
            "rows": [source_line(row, lines) for row in found.rows],
            "found": found,
            "lacking": found.communities - found.number if self.measure.validity == Validity.READING else 0,
            **self.neighbours(found),
        }


def source_line(counted: SourceRow, lines: dict[int, str]) -> SourceLine:
    """Name, link, place and amount of a row."""
    row, holder = counted.row, counted.holder
    said = [str(spoken()) for name in SPOKEN if (spoken := getattr(row, f"get_{name}_display", None))]
    return SourceLine(
        name=str(holder),
        url=detail_url(row) or detail_url(holder),
        said=" ".join(dict.fromkeys(word for word in said if word)),
        place=counted.community,
        place_url=detail_url(counted.community),
        above=lines.get(counted.community.pk, ""),
        amount=counted.amount,
    )


# Fields with choices that tell rows of one register apart, where a model has them.
SPOKEN = ("kind", "function", "source", "definition", "tenure")
