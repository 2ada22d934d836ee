"""Rules of rating schemes over REST: the shapes there are, and a rule tried on numbers. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from communities.base.api import Address, envelope, refuse_unknown
from communities.base.roles import Action
from communities.base.rules import (
    SHAPES,
    Inputs,
    Item,
    Named,
    Reading,
    RuleInvalid,
    Shape,
    read_rule,
    schemas,
)
from communities.base.rules.items import HUNDREDTHS, ROUNDING
from communities.base.rules.params import Fault, decimal_of, fault, gathered
from communities.base.rules.reach import counts_of
from communities.base.wording import Asked
from portal.scorecards.api import WholeList
from portal.scorecards.models.schemes import MOST_BELOW_LEAST
from portal.scorecards.scoring import inputs

MOST_CASES = 200
NUMBER: dict[str, Any] = {
    "oneOf": [{"type": "string", "format": "decimal"}, {"type": "number"}],
    "nullable": True,
}
PAIR = {
    "type": "object",
    "properties": {"numerator": NUMBER, "denominator": NUMBER},
    "required": ["numerator", "denominator"],
}
VALUE = {
    "oneOf": [*NUMBER["oneOf"], PAIR],
    "nullable": True,
    "description": "数值，或分子和分母；null 为未报；一对数按商计",
}


class ShapeSerializer(serializers.Serializer):
    """One shape of rules."""

    shape = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.JSONField(help_text="JSON Schema (2020-12)")


@extend_schema_field(OpenApiTypes.OBJECT)
class RuleField(serializers.JSONField):
    """A rule; its own faults are told with their places inside it."""

    def to_internal_value(self, data: Any) -> Any:
        """The rule. Raises ValidationError, with the places inside the rule."""
        try:
            return read_rule(data, "rule")
        except RuleInvalid as error:
            if any(each.place == "rule" for each in error.faults):
                whole = [ErrorDetail(each.message, each.code) for each in error.faults]
                raise ValidationError(whole) from error
            raise told(
                replace(each, place=each.place.removeprefix("rule.")) for each in error.faults
            ) from error


@extend_schema_field({"type": "object", "additionalProperties": VALUE})
class CaseField(serializers.DictField):
    """Values by code; what the rule reads and a case leaves out counts as not reported."""


class NamedValueSerializer(Asked):
    """How explanations call a value."""

    name = serializers.CharField(max_length=50)
    unit = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")


class TrySerializer(Asked):
    """A rule, its full mark, and the numbers to try it on."""

    rule = RuleField()
    full_mark = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=Decimal("0.01"))
    least = serializers.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0))
    most = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True, default=None)
    rounding_places = serializers.IntegerField(min_value=0, max_value=2, default=2)
    rounding_mode = serializers.ChoiceField(ROUNDING, default="half_up")
    names = serializers.DictField(child=NamedValueSerializer(), default=dict)
    cases = serializers.ListField(child=CaseField(), min_length=1, max_length=MOST_CASES)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Bounds as items keep them. Raises ValidationError, where and as the register of items does."""
        if asked["most"] is not None and asked["most"] < asked["least"]:
            raise ValidationError({"most": [MOST_BELOW_LEAST]})
        return asked


class StepSerializer(serializers.Serializer):
    """One step of the reckoning."""

    text = serializers.CharField()
    points = serializers.CharField(allow_null=True)


class TriedCaseSerializer(serializers.Serializer):
    """Points of one case; null where the rule does not apply."""

    points = serializers.CharField(allow_null=True)
    explanation = StepSerializer(many=True)


class TriedSerializer(serializers.Serializer):
    """The rule in words, the codes that it reads, and each case in the order sent."""

    words = serializers.ListField(child=serializers.CharField())
    reads = serializers.ListField(child=serializers.CharField())
    cases = TriedCaseSerializer(many=True)


class RatingRuleViewSet(Address, ViewSet):
    """Shapes of rules are declared in the program; a rule is one of them with its parameters."""

    action_to_read = Action.COMPARE
    serializer_class = ShapeSerializer
    pagination_class = WholeList
    http_method_names = ("get", "head", "post")

    @extend_schema(responses=ShapeSerializer(many=True))
    def list(self, request: Request) -> Response:
        """All shapes, each with the JSON Schema of its parameters."""
        refuse_unknown(request.query_params, ())
        described = schemas()
        rows = [
            {"shape": code, "name": cls.title, "description": cls.about, "schema": described[code]}
            for code, cls in SHAPES.items()
        ]
        return envelope(request, rows, count=len(rows))

    @extend_schema(request=TrySerializer, responses=TriedSerializer)
    @action(detail=False, methods=["post"], url_path="try", url_name="try")
    def try_out(self, request: Request) -> Response:
        """Points and explanation of each case, by the very evaluation that scores places."""
        refuse_unknown(request.query_params, ())
        sent = TrySerializer(data=request.data)
        try:
            sent.is_valid(raise_exception=True)
            asked = sent.validated_data
            rule: Shape = asked["rule"]
            cases = gathered(
                (lambda n=n, case=case: readings(rule, case, f"cases[{n}]"))
                for n, case in enumerate(asked["cases"])
            )
        except RuleInvalid as error:
            raise told(error.faults) from error
        item = Item(
            rule,
            asked["full_mark"],
            asked["least"],
            asked["most"],
            asked["rounding_places"],
            asked["rounding_mode"],
        )
        names = inputs.names() | {code: Named(**each) for code, each in asked["names"].items()}
        return Response(
            {
                "words": item.words(names),
                "reads": sorted(rule.reads()),
                "cases": [tried(item, Inputs(case, names)) for case in cases],
            }
        )


def readings(rule: Shape, case: Mapping[str, Any], place: str) -> dict[str, Reading]:
    """A case as the rule reads it.

    Raises RuleInvalid for what is no number, for codes that the rule ignores and for what happened less than never.
    """
    ignored = [
        Fault(f"{place}.{code}"[:100], _("规则不读取这个值，请核对代码。"), "unknown")
        for code in case
        if code not in rule.reads()
    ]
    if ignored:
        raise RuleInvalid(ignored)
    codes, counts = list(case), counts_of(rule)
    found = gathered(
        (lambda code=code: reading(case[code], f"{place}.{code}", is_count=code in counts)) for code in codes
    )
    return dict(zip(codes, found, strict=True))


def reading(data: Any, place: str, *, is_count: bool = False) -> Reading:
    """A number, a pair, or null for what nobody reported. Raises RuleInvalid."""
    if data is None:
        return Reading(None)
    if not isinstance(data, dict):
        return Reading(amount(data, place, is_count=is_count))
    if set(data) != {"numerator", "denominator"}:
        raise fault(place, _("应为数字，或由 numerator 和 denominator 组成。"))
    bottom = decimal_of(data["denominator"], f"{place}.denominator")
    if bottom < 0:
        raise fault(f"{place}.denominator", _("分母不能小于 0。"), "min_value")
    top = data["numerator"]
    return Reading(None if top is None else amount(top, f"{place}.numerator", is_count=is_count), bottom)


def amount(data: Any, place: str, *, is_count: bool) -> Decimal:
    """A number; of occurrences none below 0, which would turn a deduction into points. Raises RuleInvalid."""
    value = decimal_of(data, place)
    if is_count and value < 0:
        raise fault(place, _("次数不能小于 0。"), "min_value")
    return value


def tried(item: Item, inputs: Inputs) -> dict[str, Any]:
    """One case as it is answered."""
    scored = item.score(inputs)
    return {
        "points": None if scored.points is None else points_text(scored.points),
        "explanation": [
            {"text": line.text, "points": None if line.points is None else exact_text(line.points)}
            for line in scored.lines
        ],
    }


def points_text(hundredths: int) -> str:
    """Points with two decimals."""
    return f"{Decimal(hundredths) / HUNDREDTHS:.2f}"


def exact_text(points: Any) -> str:
    """Points of one step, to four decimals."""
    return f"{Decimal(points.numerator) / Decimal(points.denominator):.4f}".rstrip("0").rstrip(".")


def told(faults: Any) -> ValidationError:
    """Faults of a rule as the API tells errors, each at its place."""
    found: dict[str, list[ErrorDetail]] = {}
    for each in faults:
        found.setdefault(each.place[:100], []).append(ErrorDetail(each.message, each.code))
    return ValidationError(found)
