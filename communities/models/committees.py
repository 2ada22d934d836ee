"""Residents' and villagers' committees, at their simplest: kind, term and place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.fields import DateRangeField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import Placement, Row, not_empty, not_in_future
from communities.choices import CommitteeKind
from communities.models.divisions import Division
from communities.querysets import CommitteeQuerySet

# Rooms and decisions that name a committee stand in its community.
STAYS = _("该委员会在原社区还有%(uses)s，不能改到其他社区，请先处理这些记录。")


class Committee(Row):
    """A grass-roots committee (E-007, E-008). Not the same as a community: one may have two, or none (S-005).

    ``valid`` is when it exists; ``division_now`` repeats the placement in force today.
    """

    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类别"), max_length=20, choices=CommitteeKind.choices)
    division_now = models.ForeignKey(
        Division, verbose_name=_("所在社区"), on_delete=models.PROTECT, related_name="committees_now"
    )
    valid = DateRangeField(_("存续期"))
    term_number = models.PositiveSmallIntegerField(_("届次"), null=True, blank=True)
    elected_on = models.DateField(_("选举日期"), null=True, blank=True, validators=[not_in_future])
    expires_on = models.DateField(_("任期届满日"), null=True, blank=True)

    affects = ("division_now",)
    told_apart_by = "division_now__code_now"

    constraint_fields = {
        "committee_valid_not_empty": "valid",
        "committee_term_in_order": "expires_on",
    }

    objects = CommitteeQuerySet.as_manager()

    class Meta:
        verbose_name = _("居(村)民委员会")
        verbose_name_plural = _("居(村)民委员会")
        ordering = ["division_now__path_now", "pk"]
        constraints = [
            not_empty("valid", "committee_valid_not_empty"),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True)
                | Q(elected_on__isnull=True)
                | Q(expires_on__gt=F("elected_on")),
                name="committee_term_in_order",
                violation_error_message=_("任期届满日须晚于选举日期。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def check_beside(self) -> None:
        """A wrong place is put right only while nothing of that place names the committee."""
        stored = Committee.objects.filter(pk=self.pk).first() if self.pk else None
        if stored is None or stored.division_now_id == self.division_now_id:
            return
        uses = []
        for model, place in kinds_beside():
            rows = model._default_manager.filter(committee=self, deleted_at__isnull=True)
            if number := rows.exclude(**{place: self.division_now_id}).count():
                uses.append(f"{model._meta.verbose_name} {number} 条")
        if uses:
            told = ValidationError(STAYS, code="in_use", params={"uses": "、".join(uses)})
            raise ValidationError({"division_now": told})


def kinds_beside() -> Iterator[tuple[Any, str]]:
    """What names a committee and stands on a place, with the field that names the place."""
    for relation in Committee._meta.related_objects:
        model: Any = relation.related_model
        names = {field.name for field in model._meta.concrete_fields}
        place = next((name for name in ("division_now", "division") if name in names), None)
        if issubclass(model, Row) and place is not None and relation.field.name == "committee":
            yield model, place


class CommitteePlacement(Placement):
    """The community in which a committee stood, by period."""

    thing = models.ForeignKey(
        Committee, verbose_name=_("委员会"), on_delete=models.CASCADE, related_name="placements"
    )

    class Meta:
        verbose_name = _("委员会所在地")
        verbose_name_plural = _("委员会所在地")
        constraints = [*Placement.one_place_at_a_time("thing", "committeeplacement")]
