"""How cases, and what routes them, read over REST."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from communities.approvals import telling
from communities.approvals.forms import DECIDING, SUBJECTS_OFFERED
from communities.base.serializers import (
    HalfOpenSerializer,
    NamedSerializer,
    PickField,
    PlaceSerializer,
    RowSerializer,
)
from communities.base.wording import Asked
from communities.choices import (
    APPROVAL_DECISIONS,
    LEVEL_CODES,
    ApprovalState,
    ApprovalVerb,
    Level,
    OrganisationKind,
    TurnState,
)
from communities.models import ApprovalOpinion
from communities.models.access import ROLE_CHOICES
from communities.serializers import FactSerializer, KeySerializer, key_named

DECISIONS = [(verb.value, verb.label) for verb in APPROVAL_DECISIONS]
MOST_REMARK = ApprovalOpinion.REMARK


class MarkedSerializer(serializers.Serializer):
    """A code of a closed list with its Chinese name."""

    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class CaseSerializer(RowSerializer):
    """A case. ``due_on`` is the last day of the present step; uncertain where a year's holidays are unknown."""

    number = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    kind = serializers.SerializerMethodField()
    division = PlaceSerializer(read_only=True)
    organisation = NamedSerializer(allow_null=True, read_only=True)
    amount = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True, read_only=True)
    state = serializers.ChoiceField(choices=ApprovalState.choices, read_only=True)
    round = serializers.IntegerField(read_only=True)
    position = serializers.IntegerField(read_only=True)
    submitter = NamedSerializer(read_only=True)
    submitted_at = serializers.DateTimeField(allow_null=True, read_only=True)
    due_on = serializers.DateField(allow_null=True, read_only=True)
    is_due_certain = serializers.BooleanField(read_only=True)
    is_overdue = serializers.BooleanField(read_only=True)
    urged = serializers.IntegerField(read_only=True)
    decided_at = serializers.DateTimeField(allow_null=True, read_only=True)

    @extend_schema_field(MarkedSerializer)
    def get_kind(self, row: Any) -> dict[str, str]:
        return {"code": row.kind, "name": row.subject_name}


class TurnSerializer(serializers.Serializer):
    """A step in the last round: who decides, how many have agreed of how many that must."""

    position = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(choices=ROLE_CHOICES, read_only=True)
    place = PlaceSerializer(read_only=True)
    organisation_kind = PickField(choices=OrganisationKind.choices, allow_null=True, read_only=True)
    stand_in_role = PickField(choices=ROLE_CHOICES, allow_null=True, read_only=True)
    stand_in_place = PlaceSerializer(allow_null=True, read_only=True)
    is_stuck = serializers.BooleanField(read_only=True)
    handed_to = NamedSerializer(allow_null=True, read_only=True)
    needed = serializers.IntegerField(read_only=True)
    agreed = serializers.IntegerField(default=0, read_only=True)
    working_days = serializers.IntegerField(read_only=True)
    due_on = serializers.DateField(allow_null=True, read_only=True)
    state = serializers.ChoiceField(choices=TurnState.choices, read_only=True)


class RemarkSerializer(serializers.Serializer):
    """What was said of one field."""

    field = serializers.CharField(read_only=True)
    remark = serializers.CharField(read_only=True)


class OpinionSerializer(serializers.Serializer):
    """Who did what with a case, in which round and at which step (0: its submission)."""

    at = serializers.DateTimeField(read_only=True)
    by = NamedSerializer(source="user", read_only=True)
    for_whom = NamedSerializer(allow_null=True, read_only=True)
    verb = serializers.ChoiceField(choices=ApprovalVerb.choices, read_only=True)
    round = serializers.IntegerField(read_only=True)
    position = serializers.IntegerField(read_only=True)
    remark = serializers.CharField(allow_blank=True, read_only=True)
    remarks = serializers.SerializerMethodField()
    to = NamedSerializer(allow_null=True, read_only=True)

    @extend_schema_field(RemarkSerializer(many=True))
    def get_remarks(self, opinion: Any) -> list[dict[str, str]]:
        names = telling.called(opinion.case) if opinion.remarks else {}
        return [{"field": names.get(name, name), "remark": text} for name, text in opinion.remarks.items()]


class SubmittedSerializer(serializers.Serializer):
    """A field of what was submitted, in words; ``former`` where the round before said otherwise."""

    field = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    value = serializers.CharField(allow_blank=True, read_only=True)
    former = serializers.CharField(allow_null=True, allow_blank=True, read_only=True)


ACTS = (
    ("decide", _("办理")),
    ("hand_on", _("转办")),
    ("withdraw", _("撤回")),
    ("urge", _("催办")),
)


class CaseDetailSerializer(CaseSerializer):
    """A case with what was submitted, its steps and opinions, and what the asker may do with it now."""

    submitted = serializers.SerializerMethodField()
    turns = serializers.SerializerMethodField()
    opinions = serializers.SerializerMethodField()
    may = serializers.SerializerMethodField()

    @extend_schema_field(SubmittedSerializer(many=True))
    def get_submitted(self, row: Any) -> Any:
        names = telling.called(row)
        return [
            {
                "field": names.get(each.name, each.name),
                "name": str(each.label),
                "value": each.text,
                "former": each.former,
            }
            for each in telling.submitted(row)
        ]

    @extend_schema_field(TurnSerializer(many=True))
    def get_turns(self, row: Any) -> Any:
        told = telling.turns_told(row)
        return [dict(TurnSerializer(turn).data, agreed=agreed) for turn, agreed in told]

    @extend_schema_field(OpinionSerializer(many=True))
    def get_opinions(self, row: Any) -> Any:
        return OpinionSerializer([each for each, _told in telling.opinions_told(row)], many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=ACTS)))
    def get_may(self, row: Any) -> list[str]:
        return sorted(telling.may_do(row, self.context["request"].user))


class RemarkedSerializer(Asked):
    """What is said beside an act."""

    remark = serializers.CharField(required=False, allow_blank=True, default="", max_length=MOST_REMARK)


class SubmitSerializer(RemarkedSerializer):
    """A submission."""


class DecideSerializer(RemarkedSerializer):
    """A decision; what is not passed says why, and may say so of single fields."""

    verb = serializers.ChoiceField(choices=DECISIONS)
    remarks = serializers.DictField(
        child=serializers.CharField(max_length=MOST_REMARK), required=False, default=dict
    )


class HandOnSerializer(Asked):
    """To whom the present step is handed on, and why."""

    to = serializers.UUIDField()
    remark = serializers.CharField(max_length=MOST_REMARK)


class MarkSerializer(Asked):
    """A case with the version that was read."""

    id = serializers.UUIDField()
    version = serializers.IntegerField(min_value=1)


class DecideManySerializer(Asked):
    """One decision on many cases, each for itself."""

    verb = serializers.ChoiceField(choices=DECISIONS)
    remark = serializers.CharField(required=False, allow_blank=True, default="", max_length=MOST_REMARK)
    cases = serializers.ListField(child=MarkSerializer(), min_length=1, max_length=100)


class OutcomeSerializer(serializers.Serializer):
    """What became of one case of many: decided on, or why not."""

    id = serializers.UUIDField(read_only=True)
    is_done = serializers.BooleanField(read_only=True)
    reason = serializers.CharField(allow_blank=True, read_only=True)


class CaseOutcomesSerializer(serializers.Serializer):
    results = OutcomeSerializer(many=True, read_only=True)


class RouteStepSerializer(serializers.Serializer):
    """A step of a route and the conditions under which it is asked for."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    position = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    level = serializers.SerializerMethodField()
    role = serializers.ChoiceField(choices=DECIDING, read_only=True)
    organisation_kind = PickField(choices=OrganisationKind.choices, allow_null=True, read_only=True)
    needed = serializers.IntegerField(read_only=True)
    working_days = serializers.IntegerField(read_only=True)
    amount_from = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True, read_only=True)
    amount_below = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True, read_only=True)
    subject_levels = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=LEVEL_CODES))
    def get_level(self, step: Any) -> str:
        return Level(step.level).code

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=LEVEL_CODES)))
    def get_subject_levels(self, step: Any) -> list[str]:
        return [Level(level).code for level in step.subject_levels]


class RouteSerializer(RowSerializer):
    """In which steps things of a kind are decided in a jurisdiction."""

    kind = serializers.ChoiceField(choices=SUBJECTS_OFFERED, read_only=True)
    jurisdiction = PlaceSerializer(read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    note = serializers.CharField(allow_blank=True, read_only=True)
    steps = RouteStepSerializer(source="live_steps", many=True, read_only=True)


class FreezeSerializer(RowSerializer):
    """When nothing is submitted or decided; without kinds, of no kind."""

    jurisdiction = PlaceSerializer(read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=SUBJECTS_OFFERED), read_only=True)
    grounds = serializers.CharField(source="reason", read_only=True)


class DelegationSerializer(RowSerializer):
    """Who decides for whom, from a day to a day; without kinds, on everything."""

    giver = NamedSerializer(read_only=True)
    receiver = NamedSerializer(read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=SUBJECTS_OFFERED), read_only=True)
    grounds = serializers.CharField(source="reason", read_only=True)


class SpecialDaySerializer(serializers.Serializer):
    """A day that is not what its weekday says."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    day = serializers.DateField(read_only=True)
    name = serializers.CharField(read_only=True)
    is_worked = serializers.BooleanField(read_only=True)


class HolidayScheduleSerializer(RowSerializer):
    """The published holidays of a year, and the weekends worked instead."""

    year = serializers.IntegerField(read_only=True)
    number = serializers.CharField(read_only=True)
    issued_on = serializers.DateField(allow_null=True, read_only=True)
    days = SpecialDaySerializer(source="live_days", many=True, read_only=True)


class ExemptionRequestSerializer(FactSerializer):
    """A request to be freed from a standard, with its case and what came of it."""

    key = serializers.SerializerMethodField()
    committee = NamedSerializer(allow_null=True, read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    grounds = serializers.CharField(source="reason", read_only=True)
    remedy = serializers.CharField(read_only=True)
    case = CaseSerializer(allow_null=True, read_only=True)
    exemption = NamedSerializer(allow_null=True, read_only=True)

    @extend_schema_field(KeySerializer)
    def get_key(self, row: Any) -> dict[str, str]:
        return key_named(row.key)
