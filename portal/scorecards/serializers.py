"""Indicators, their values and runs as the API shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from communities.base.measures import Outcome
from communities.base.serializers import NamedSerializer, PlaceSerializer
from communities.base.tables import ROUTES
from communities.base.wording import Asked
from communities.choices import LEVEL_CODES, JobState, PremisesKind
from portal.scorecards.figures import rounded
from portal.scorecards.models import RunKind

OUTCOME_CODES = [(str(outcome), str(outcome)) for outcome in Outcome]


def figure_text(value: Decimal | None) -> str | None:
    """A figure in plain digits: never an exponent."""
    return None if value is None else f"{value:f}"


def part_text(value: Decimal | None, scale: int) -> str | None:
    """A numerator or denominator with the decimals of its base unit: areas have two, counts none."""
    return None if value is None else f"{value:.{len(str(scale)) - 1}f}"


class IndicatorNameSerializer(serializers.Serializer):
    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class IndicatorSerializer(serializers.Serializer):
    """An indicator as the program declares it."""

    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    name_en = serializers.CharField(read_only=True)
    unit = serializers.CharField(read_only=True)
    description = serializers.CharField(read_only=True)
    higher_is_better = serializers.BooleanField(allow_null=True, read_only=True)
    places = serializers.IntegerField(read_only=True, help_text=_("小数位数"))
    source = serializers.CharField(read_only=True)  # type: ignore[assignment] # a field of this name
    is_assessed = serializers.SerializerMethodField(help_text=_("是否按标准逐个判断"))

    def get_is_assessed(self, indicator: Any) -> bool:
        return indicator.assessment is not None


class OutcomesSerializer(serializers.Serializer):
    """How many subjects had each of the five outcomes."""

    meets = serializers.IntegerField(read_only=True)
    falls_short = serializers.IntegerField(read_only=True)
    exempt = serializers.IntegerField(read_only=True)
    no_standard = serializers.IntegerField(read_only=True)
    not_reported = serializers.IntegerField(read_only=True)


class IndicatorValueSerializer(serializers.Serializer):
    """One indicator of one place in one period. Figures are strings; null means nothing to show."""

    indicator = IndicatorNameSerializer(read_only=True)
    division = PlaceSerializer(read_only=True)
    level = serializers.ChoiceField(choices=LEVEL_CODES, read_only=True)
    period = serializers.CharField(read_only=True)
    numerator = serializers.CharField(allow_null=True, read_only=True)
    denominator = serializers.CharField(allow_null=True, read_only=True)
    value = serializers.CharField(allow_null=True, read_only=True)
    unit = serializers.CharField(read_only=True)
    outcomes = OutcomesSerializer(allow_null=True, read_only=True)
    rate_of_all = serializers.CharField(allow_null=True, read_only=True, help_text=_("达标占全部,%"))
    rate_of_judged = serializers.CharField(allow_null=True, read_only=True, help_text=_("达标占已判定,%"))
    run = serializers.UUIDField(read_only=True)
    computed_at = serializers.DateTimeField(read_only=True)


def value_row(card: Any, figure: Any) -> dict[str, Any]:
    """One row of the list: built by hand, for a page holds hundreds."""
    division, indicator = card.division, figure.indicator
    outcomes = figure.outcomes
    return {
        "indicator": {"code": indicator.code, "name": str(indicator.name)},
        "division": {"id": str(division.public_id), "code": division.code_now, "name": division.name_now},
        "level": division.level_code,
        "period": card.period.code,
        "numerator": part_text(figure.numerator, indicator.numerator_scale),
        "denominator": part_text(figure.denominator, indicator.denominator_scale),
        "value": figure_text(figure.value),
        "unit": str(indicator.unit),
        "outcomes": None if outcomes is None else {str(name): outcomes[name] for name in Outcome},
        "rate_of_all": figure_text(figure.rate_of_all),
        "rate_of_judged": figure_text(figure.rate_of_judged),
        "run": str(card.run.public_id),
        "computed_at": serializers.DateTimeField().to_representation(card.computed_at),
    }


class ClauseOfThresholdSerializer(serializers.Serializer):
    """The standard that held, and the clause that sets it."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)
    clause = NamedSerializer(read_only=True)
    document = NamedSerializer(source="clause.document", read_only=True)


class RoomSerializer(serializers.Serializer):
    """Rooms that entered the value."""

    id = serializers.UUIDField(source="row.public_id", read_only=True)
    name = serializers.CharField(source="row.name", read_only=True)
    kind = serializers.ChoiceField(choices=PremisesKind.choices, source="row.kind", read_only=True)
    area = serializers.DecimalField(source="row.area", max_digits=12, decimal_places=2, read_only=True)
    is_temporary = serializers.BooleanField(source="row.is_temporary", read_only=True)
    is_shared = serializers.BooleanField(
        source="shared", read_only=True, help_text=_("供整个社区使用，社区内每个居委会全额计入")
    )


class SubjectSerializer(serializers.Serializer):
    """One committee or community behind a figure: its value, the standard held against it, the outcome."""

    subject = NamedSerializer(read_only=True)
    division = PlaceSerializer(source="community", read_only=True)
    outcome = serializers.ChoiceField(choices=OUTCOME_CODES, read_only=True)
    value = serializers.SerializerMethodField(help_text=_("空表示未报或无从计算"))
    unit = serializers.SerializerMethodField()
    low = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, read_only=True)
    high = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, read_only=True)
    threshold = ClauseOfThresholdSerializer(allow_null=True, read_only=True)
    is_exempt = serializers.BooleanField(read_only=True)
    temporary_until = serializers.DateField(allow_null=True, read_only=True)
    rooms = RoomSerializer(many=True, read_only=True)

    def get_value(self, subject: Any) -> str | None:
        return figure_text(None if subject.value is None else rounded(subject.value, 2))

    def get_unit(self, _subject: Any) -> str:
        return str(self.context["unit"])


class SourceRowSerializer(serializers.Serializer):
    """A row that a plain figure summed or counted; of a part of something, the thing that it is part of."""

    register = serializers.SerializerMethodField(help_text=_("台账，即其接口地址"))
    id = serializers.UUIDField(source="holder.public_id", read_only=True)
    name = serializers.CharField(source="holder.__str__", read_only=True)
    division = PlaceSerializer(source="community", read_only=True)
    amount = serializers.SerializerMethodField(help_text=_("计入的数量；空表示该社区有此类记录即计一次"))
    unit = serializers.SerializerMethodField()

    def get_register(self, row: Any) -> str:
        return str(ROUTES[getattr(row.holder, "page_label", row.holder._meta.label)])

    def get_amount(self, row: Any) -> str | None:
        return figure_text(row.amount)

    def get_unit(self, _row: Any) -> str:
        return str(self.context["unit"])


class ProgressSerializer(serializers.Serializer):
    done = serializers.IntegerField(read_only=True)
    total = serializers.IntegerField(read_only=True)


class RunSerializer(serializers.Serializer):
    """A run with its progress."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    kind = serializers.ChoiceField(choices=RunKind.choices, read_only=True)
    scheme_version = serializers.UUIDField(
        source="scheme_version.public_id", allow_null=True, read_only=True, default=None
    )
    period = serializers.CharField(source="period.code", read_only=True)
    anchor_date = serializers.DateField(read_only=True)
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", read_only=True)
    progress = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField(help_text=_("读者现在看到的是否这次测算"))
    created_at = serializers.DateTimeField(read_only=True)
    computed_at = serializers.DateTimeField(allow_null=True, read_only=True)

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: Any) -> dict[str, int]:
        return {"done": run.job.progress_done, "total": run.job.progress_total}

    def get_is_current(self, run: Any) -> bool:
        return getattr(run, "current", None) is not None


class RunRequestSerializer(Asked):
    """What to compute."""

    kind = serializers.ChoiceField(choices=RunKind.choices)
    scheme_version = serializers.UUIDField(
        required=False, allow_null=True, help_text=_("评分时指明评分表的版本")
    )
    period = serializers.CharField(max_length=7)
