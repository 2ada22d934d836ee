"""Rule books: documents with their clauses, and the numbers that clauses set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from communities import filters, tables
from communities.base.detail import DetailPage, Part
from communities.base.tables import link
from communities.base.views import ListPage
from communities.models import PolicyDocument, Threshold


class PolicyDocumentList(ListPage):
    model = PolicyDocument
    table_class = tables.PolicyDocumentTable
    filterset_class = filters.PolicyDocumentFilterSet
    default_order = "-issued_on"
    related = ("jurisdiction",)
    purpose = _("这里列出规定标准的法律、文件及其施行期间。")


class PolicyDocumentDetail(DetailPage):
    """A document, its clauses in order, and the numbers that they set."""

    model = PolicyDocument
    related = ("jurisdiction",)
    groups = ((_("文件"), ("number", "issuer", "kind", "jurisdiction", "issued_on", "valid", "text")),)

    def heading(self) -> str:
        return f"《{self.row.title}》"

    def parts(self) -> Iterable[Part]:
        yield self.part(
            _("条款"),
            tables.ClauseTable,
            self.row.clauses.live().order_by("position", "pk"),
            columns=("label", "text"),
            empty=_("没有登记条款。"),
        )
        thresholds = Threshold.objects.live().visible_to(self.request.user).filter(clause__document=self.row)
        yield self.part(
            _("标准数值"),
            tables.ThresholdTable,
            thresholds.select_related("jurisdiction", "clause").order_by("clause__position", "pk"),
            columns=("name", "bound", "conditions", "jurisdiction", "force", "valid", "clause"),
            empty=_("条款没有规定数值。"),
            more=f"{reverse('threshold-list')}?document={self.row.public_id}",
        )


class ThresholdList(ListPage):
    model = Threshold
    table_class = tables.ThresholdTable
    filterset_class = filters.ThresholdFilterSet
    default_order = "name"
    related = ("jurisdiction", "clause__document")
    purpose = _("这里列出条款规定的标准数值、适用条件和施行期间。")


class ThresholdDetail(DetailPage):
    model = Threshold
    related = ("jurisdiction", "clause__document")
    groups = (
        (_("标准"), ("bound", "conditions", "step", "force", "deadline")),
        (_("效力"), ("jurisdiction", "valid", "document", "clause")),
    )

    def heading(self) -> str:
        return str(self.row.name)

    def fact_bound(self) -> tuple[Any, Any]:
        return _("标准"), f"{self.row.get_operator_display()} {self.row.bound_text}"

    def fact_conditions(self) -> tuple[Any, Any]:
        return _("适用条件"), tables.conditions_text(self.row)

    def fact_step(self) -> tuple[Any, Any]:
        if self.row.step is None:
            return _("递增"), _("不递增")
        return _("递增"), _("每 %(households)s 户递增 %(step)s %(unit)s") % {
            "households": self.row.step_households,
            "step": f"{self.row.step.normalize():f}",
            "unit": self.row.unit,
        }

    def fact_document(self) -> tuple[Any, Any]:
        return _("依据文件"), link(self.row.clause.document, self.request.user)

    def fact_clause(self) -> tuple[Any, Any]:
        return self.row.clause.label, self.row.clause.text
