"""The registers of the ground as the API shows them.

Fields that depend on a day read what the views attach to the rows of a page (``at_day``, see
:func:`places_on`), so that a page costs a fixed number of queries.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from communities.base.querysets import valid_on
from communities.base.serializers import (
    CountRangeSerializer,
    HalfOpenSerializer,
    NamedSerializer,
    PickField,
    PlaceSerializer,
    RowSerializer,
)
from communities.base.standards import THRESHOLD_KEYS
from communities.choices import (
    LEVEL_CODES,
    BuildingClass,
    ChangeVerb,
    CodeScheme,
    CommitteeKind,
    CommunityKind,
    CommunityState,
    Condition,
    CountDefinition,
    CountSource,
    DivisionKind,
    DocumentKind,
    Force,
    LocationClass,
    LossReason,
    Operator,
    PremisesFunction,
    PremisesKind,
    Tenure,
)
from communities.models import Division, DivisionCode, DivisionRecord

SQUARE_METRES = "平方米"


@dataclass(frozen=True)
class PlaceOnDay:
    """A place as it was on a day; the attribute names are those of the present row."""

    public_id: uuid.UUID
    code_now: str
    name_now: str
    kind_now: str
    parent_id: int | None
    location_class: str
    urban_rural_class: str


def places_on(ids: Collection[int], day: dt.date) -> dict[int, PlaceOnDay]:
    """The places among ``ids`` that existed on a day, with their names and codes of that day: two queries."""
    codes = dict(
        DivisionCode.objects.filter(
            valid_on(day), division__in=ids, scheme=CodeScheme.STATISTICAL
        ).values_list("division_id", "code")
    )
    records = DivisionRecord.objects.filter(valid_on(day), division__in=ids).select_related("division")
    return {
        record.division_id: PlaceOnDay(
            record.division.public_id,
            codes.get(record.division_id, ""),
            record.name,
            record.kind,
            record.parent_id,
            record.location_class,
            record.urban_rural_class,
        )
        for record in records.defer("division__search")
    }


def place_now(division: Division) -> PlaceOnDay:
    """The present row in the same form, for a place without a record on the day."""
    return PlaceOnDay(
        division.public_id,
        division.code_now,
        division.name_now,
        division.kind_now,
        division.parent_now_id,
        "",
        "",
    )


class DivisionSerializer(RowSerializer):
    """A place. ``location_class`` and ``urban_rural_class`` are null where nobody has classed it."""

    code = serializers.CharField(source="at_day.code_now", allow_blank=True, read_only=True)
    name = serializers.CharField(source="at_day.name_now", read_only=True)
    level = serializers.ChoiceField(choices=LEVEL_CODES, source="level_code", read_only=True)
    kind = serializers.ChoiceField(choices=DivisionKind.choices, source="at_day.kind_now", read_only=True)
    parent = PlaceSerializer(source="parent_at_day", allow_null=True, read_only=True)
    location_class = PickField(
        choices=LocationClass.choices, source="at_day.location_class", allow_null=True, read_only=True
    )
    urban_rural_class = serializers.CharField(
        source="at_day.urban_rural_class", allow_blank=True, read_only=True, help_text=_("城乡分类代码")
    )
    is_closed = serializers.BooleanField(read_only=True)


class CommunitySerializer(RowSerializer):
    """A community with its record of the day; the record's fields are null where there is none."""

    code = serializers.CharField(source="at_day.code_now", allow_blank=True, read_only=True)
    name = serializers.CharField(source="at_day.name_now", read_only=True)
    parent = PlaceSerializer(source="parent_at_day", allow_null=True, read_only=True)
    kind = PickField(
        choices=CommunityKind.choices, source="record.kind", default=None, allow_null=True, read_only=True
    )
    building_class = PickField(
        choices=BuildingClass.choices,
        source="record.building_class",
        default=None,
        allow_null=True,
        read_only=True,
    )
    state = PickField(
        choices=CommunityState.choices, source="record.state", default=None, allow_null=True, read_only=True
    )
    feature = serializers.CharField(source="record.feature", default=None, allow_null=True, read_only=True)
    record_valid = HalfOpenSerializer(source="record.valid", default=None, allow_null=True, read_only=True)
    is_closed = serializers.BooleanField(read_only=True)


class PlacementSerializer(serializers.Serializer):
    """Where a thing stood, and when."""

    division = PlaceSerializer(read_only=True)
    valid = HalfOpenSerializer(read_only=True)


class CommitteeSerializer(RowSerializer):
    """A committee; ``division`` is where it stands, or stood on the day asked for."""

    name = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=CommitteeKind.choices, read_only=True)
    division = PlaceSerializer(source="stands_in", read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    term_number = serializers.IntegerField(allow_null=True, read_only=True)
    elected_on = serializers.DateField(allow_null=True, read_only=True)
    expires_on = serializers.DateField(allow_null=True, read_only=True)


class CommitteeDetailSerializer(CommitteeSerializer):
    placements = PlacementSerializer(many=True, read_only=True)


class FunctionAreaSerializer(serializers.Serializer):
    """A function zone within premises."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    function = serializers.ChoiceField(choices=PremisesFunction.choices, read_only=True)
    area = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)


class PremisesSerializer(RowSerializer):
    """Rooms; ``division`` is where they stand, or stood on the day asked for."""

    name = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=PremisesKind.choices, read_only=True)
    division = PlaceSerializer(source="stands_in", read_only=True)
    committee = NamedSerializer(allow_null=True, read_only=True)
    area = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)
    unit = serializers.SerializerMethodField(help_text=_("面积单位"))
    tenure = serializers.ChoiceField(choices=Tenure.choices, read_only=True)
    address = serializers.CharField(allow_blank=True, read_only=True)
    floor = serializers.CharField(allow_blank=True, read_only=True)
    condition = PickField(choices=Condition.choices, allow_null=True, read_only=True)
    obtained_on = serializers.DateField(allow_null=True, read_only=True, help_text=_("空表示早于现有记录"))
    lost_on = serializers.DateField(allow_null=True, read_only=True, help_text=_("不再持有的首日"))
    lost_reason = PickField(choices=LossReason.choices, allow_null=True, read_only=True)
    is_temporary = serializers.BooleanField(read_only=True)
    temporary_until = serializers.DateField(allow_null=True, read_only=True)
    is_zoned = serializers.BooleanField(read_only=True)
    has_open_counter = serializers.BooleanField(read_only=True)
    is_one_door = serializers.BooleanField(read_only=True)
    functions = FunctionAreaSerializer(source="live_functions", many=True, read_only=True)

    def get_unit(self, _row: Any) -> str:
        return SQUARE_METRES


class PremisesDetailSerializer(PremisesSerializer):
    placements = PlacementSerializer(many=True, read_only=True)


class FactSerializer(RowSerializer):
    """A fact of a community; ``division`` reads as of the day asked for."""

    division = PlaceSerializer(source="stands_in", read_only=True)


class HouseholdCountSerializer(FactSerializer):
    source = serializers.ChoiceField(choices=CountSource.choices, read_only=True)  # type: ignore[assignment] # a field's name
    definition = serializers.ChoiceField(choices=CountDefinition.choices, read_only=True)
    counted_on = serializers.DateField(read_only=True)
    households = serializers.IntegerField(read_only=True)
    residents = serializers.IntegerField(read_only=True)


class NilStatementSerializer(FactSerializer):
    """That there are no rooms of a kind; without a committee, in the whole community."""

    kind = serializers.ChoiceField(choices=PremisesKind.choices, read_only=True)
    committee = NamedSerializer(allow_null=True, read_only=True)
    stated_on = serializers.DateField(read_only=True)
    note = serializers.CharField(allow_blank=True, read_only=True)


class KeySerializer(serializers.Serializer):
    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


def key_named(code: str) -> dict[str, str]:
    """A threshold key with its Chinese name."""
    key = THRESHOLD_KEYS.get(code)
    return {"code": code, "name": str(key.name) if key else code}


class ExemptionSerializer(FactSerializer):
    """A decision that frees from one standard; ``grounds`` is why it was made."""

    key = serializers.SerializerMethodField()
    committee = NamedSerializer(allow_null=True, read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    grounds = serializers.CharField(source="reason", read_only=True)
    decision_number = serializers.CharField(read_only=True)
    decided_by = serializers.CharField(read_only=True)
    review_on = serializers.DateField(allow_null=True, read_only=True)

    @extend_schema_field(KeySerializer)
    def get_key(self, row: Any) -> dict[str, str]:
        return key_named(row.key)


class ClauseSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment] # a field's name, not its label
    position = serializers.IntegerField(read_only=True)
    text = serializers.CharField(read_only=True)


class PolicyDocumentSerializer(RowSerializer):
    """A document with its clauses."""

    title = serializers.CharField(read_only=True)
    number = serializers.CharField(allow_blank=True, read_only=True)
    issuer = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=DocumentKind.choices, read_only=True)
    jurisdiction = PlaceSerializer(read_only=True)
    issued_on = serializers.DateField(allow_null=True, read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    clauses = ClauseSerializer(source="live_clauses", many=True, read_only=True)


class PolicyDocumentDetailSerializer(PolicyDocumentSerializer):
    text = serializers.CharField(allow_blank=True, read_only=True)


class ThresholdSerializer(RowSerializer):
    """One number that a clause sets; empty conditions mean any."""

    key = serializers.SerializerMethodField()
    operator = serializers.ChoiceField(choices=Operator.choices, read_only=True)
    low = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, read_only=True)
    high = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, read_only=True)
    unit = serializers.CharField(read_only=True)
    step = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, read_only=True)
    step_households = serializers.IntegerField(allow_null=True, read_only=True)
    jurisdiction = PlaceSerializer(read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    deadline = serializers.DateField(allow_null=True, read_only=True)
    building_classes = serializers.ListField(
        child=serializers.ChoiceField(choices=BuildingClass.choices), allow_null=True, read_only=True
    )
    location_classes = serializers.ListField(
        child=serializers.ChoiceField(choices=LocationClass.choices), allow_null=True, read_only=True
    )
    community_kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=CommunityKind.choices), allow_null=True, read_only=True
    )
    households = CountRangeSerializer(allow_null=True, read_only=True)
    force = serializers.ChoiceField(choices=Force.choices, read_only=True)
    clause = NamedSerializer(read_only=True)
    document = NamedSerializer(source="clause.document", read_only=True)

    @extend_schema_field(KeySerializer)
    def get_key(self, row: Any) -> dict[str, str]:
        return key_named(row.key)


class ObjectSerializer(serializers.Serializer):
    """The object of a change, which may be gone."""

    id = serializers.UUIDField(source="object_id", read_only=True)
    name = serializers.CharField(source="object_label", read_only=True)


class ChangeSerializer(serializers.Serializer):
    """Who changed what, when, from what to what. Personal values stand masked."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    act = serializers.UUIDField(read_only=True, help_text=_("同一次操作的记录编号相同"))
    at = serializers.DateTimeField(read_only=True)
    by = serializers.CharField(source="user_name", allow_blank=True, read_only=True)
    verb = serializers.ChoiceField(choices=ChangeVerb.choices, read_only=True)
    model = serializers.CharField(read_only=True)
    object = ObjectSerializer(source="*", read_only=True)
    division = PlaceSerializer(allow_null=True, read_only=True)
    before = serializers.DictField(read_only=True)
    after = serializers.DictField(read_only=True)
    reason = serializers.CharField(allow_blank=True, read_only=True)
