"""How rating schemes, their versions and items read over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from communities.base.entry.bodies import MOST_REASON
from communities.base.rules.conditions import OPERATORS
from communities.base.rules.items import NOT_APPLICABLE, ROUNDING
from communities.base.serializers import HalfOpenSerializer, NamedSerializer, PlaceSerializer, RowSerializer
from communities.base.serializers import PickField as OptionalPickField
from communities.base.wording import Asked
from communities.choices import BuildingClass, CommunityKind, Level, LocationClass
from portal.scorecards.models import PeerClass, VetoEffect
from portal.scorecards.models.schemes import SCORED_LEVELS
from portal.scorecards.scores_serializers import points_or_none

LEVELS = [(Level(level).code, word) for level, word in SCORED_LEVELS]


class MarkField(serializers.DecimalField):
    """Points with two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=8, decimal_places=2, read_only=True, **kwargs)


class SchemeSerializer(RowSerializer):
    """A rating scheme."""

    name = serializers.CharField(read_only=True)
    level = serializers.SerializerMethodField()
    jurisdiction = PlaceSerializer(read_only=True)
    clause = NamedSerializer(allow_null=True, read_only=True)
    description = serializers.CharField(allow_blank=True, read_only=True)

    @extend_schema_field(serializers.ChoiceField(choices=LEVELS))
    def get_level(self, row: Any) -> str:
        return Level(row.level).code


class PartSerializer(serializers.Serializer):
    """What each part of a version shows."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    name = serializers.CharField(read_only=True)


class GroupSerializer(PartSerializer):
    position = serializers.IntegerField(read_only=True)
    full_mark = MarkField()
    is_bonus = serializers.BooleanField(read_only=True)
    may_go_below_zero = serializers.BooleanField(read_only=True)


class GradeSerializer(PartSerializer):
    stars = serializers.IntegerField(read_only=True)
    least = MarkField()


class VetoSerializer(PartSerializer):
    position = serializers.IntegerField(read_only=True)
    value = serializers.CharField(read_only=True)
    operator = serializers.ChoiceField(choices=OPERATORS, read_only=True)
    target = serializers.DecimalField(max_digits=16, decimal_places=4, read_only=True)
    effect = serializers.ChoiceField(choices=VetoEffect.choices, read_only=True)


class VersionSerializer(RowSerializer):
    """A version with its groups, grades and vetoes; its items are rows of their own."""

    scheme = NamedSerializer(read_only=True)
    number = serializers.IntegerField(read_only=True)
    valid = HalfOpenSerializer(read_only=True)
    full_mark = MarkField()
    peer_class = OptionalPickField(choices=PeerClass.choices, allow_null=True, read_only=True)
    note = serializers.CharField(allow_blank=True, read_only=True)
    is_published = serializers.BooleanField(read_only=True)
    published_at = serializers.DateTimeField(allow_null=True, read_only=True)
    groups = GroupSerializer(source="live_groups", many=True, read_only=True)
    grades = GradeSerializer(source="live_grades", many=True, read_only=True)
    vetoes = VetoSerializer(source="live_vetoes", many=True, read_only=True)


class ItemSerializer(RowSerializer):
    """One item; empty conditions mean any."""

    name = serializers.CharField(read_only=True)
    scheme_version = NamedSerializer(source="group.scheme_version", read_only=True)
    group = NamedSerializer(read_only=True)
    position = serializers.IntegerField(read_only=True)
    full_mark = MarkField()
    rule = serializers.SerializerMethodField()
    least = MarkField()
    most = MarkField(allow_null=True)
    places = serializers.IntegerField(read_only=True)
    mode = serializers.ChoiceField(choices=ROUNDING, read_only=True)
    not_applicable = serializers.ChoiceField(choices=NOT_APPLICABLE, read_only=True)
    clause = NamedSerializer(allow_null=True, read_only=True)
    building_classes = serializers.ListField(
        child=serializers.ChoiceField(choices=BuildingClass.choices), allow_null=True, read_only=True
    )
    location_classes = serializers.ListField(
        child=serializers.ChoiceField(choices=LocationClass.choices), allow_null=True, read_only=True
    )
    community_kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=CommunityKind.choices), allow_null=True, read_only=True
    )
    evidence = serializers.CharField(allow_blank=True, read_only=True)
    method = serializers.CharField(allow_blank=True, read_only=True)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_rule(self, row: Any) -> Any:
        return row.rule


class CopySerializer(Asked):
    """What the new version is for."""

    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ReasonSerializer(serializers.Serializer):
    """Why, where there is something to tell."""

    reason = serializers.CharField(max_length=MOST_REASON, required=False, allow_blank=True)


class PublishSerializer(ReasonSerializer):
    """How a version begins to count."""

    end_former = serializers.BooleanField(
        required=False,
        default=False,
        help_text="将施行期间与之重叠的已发布版本截止到这一版开始的前一日",
    )


class FieldDifferenceSerializer(serializers.Serializer):
    """One field in words."""

    field = serializers.CharField(source="name")
    name = serializers.CharField(source="label")
    old = serializers.CharField()
    new = serializers.CharField()


class DifferenceSerializer(serializers.Serializer):
    """One row that one of two versions has alone, or that differs."""

    kind = serializers.ChoiceField(choices=[("added", "新增"), ("removed", "删除"), ("changed", "修改")])
    model = serializers.CharField()
    name = serializers.CharField()
    changes = FieldDifferenceSerializer(source="fields", many=True)


class GradeCountSerializer(serializers.Serializer):
    """How many places have a grade, and would have it; null: no grade."""

    grade = serializers.CharField(allow_null=True)
    now = serializers.IntegerField()
    then = serializers.IntegerField()


class ChangedPlaceSerializer(serializers.Serializer):
    """A place whose total would move."""

    division = PlaceSerializer()
    total_now = serializers.CharField(allow_null=True)
    total = serializers.CharField(allow_null=True)
    grade_now = serializers.CharField(source="grade_now.name", default=None, allow_null=True)
    grade = serializers.CharField(source="grade.name", default=None, allow_null=True)
    rank_now = serializers.IntegerField(allow_null=True)
    rank = serializers.IntegerField(allow_null=True)
    peers = serializers.IntegerField()


class WhatIfSerializer(serializers.Serializer):
    """What a version would give, beside the scores that stand (``base``; null: none)."""

    period = serializers.CharField(source="period.code")
    scored = serializers.SerializerMethodField()
    base = serializers.UUIDField(source="found.base.scheme_version.public_id", default=None, allow_null=True)
    mean_now = serializers.SerializerMethodField()
    mean = serializers.SerializerMethodField()
    grades = GradeCountSerializer(many=True)
    changes = ChangedPlaceSerializer(many=True, help_text="总分变化最大的 20 个")

    def get_scored(self, told: Any) -> int:
        return len(told["found"].changes)

    def get_mean_now(self, told: Any) -> str | None:
        return points_or_none(told["found"].mean_now)

    def get_mean(self, told: Any) -> str | None:
        return points_or_none(told["found"].mean)
