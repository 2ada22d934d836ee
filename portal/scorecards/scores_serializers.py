"""Scores and their explanation as the API shows them: points with two decimals, all needed to reckon anew."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from communities.base.rules.readings import number_text
from communities.base.serializers import NamedSerializer, PlaceSerializer
from communities.base.tables import ROUTES
from communities.choices import LEVEL_CODES
from portal.scorecards.models import RatingItem, VetoEffect
from portal.scorecards.rows import Subject
from portal.scorecards.rules_api import StepSerializer, exact_text, points_text
from portal.scorecards.scoring.explaining import (
    Explanation,
    InputExplained,
    ItemExplained,
    RowsBehind,
    VetoExplained,
)
from portal.scorecards.scoring.sheet import CLASSES
from portal.scorecards.serializers import figure_text


def points_or_none(hundredths: int | None) -> str | None:
    """Points with two decimals; null where nothing applied."""
    return None if hundredths is None else points_text(hundredths)


class VersionNameSerializer(serializers.Serializer):
    """A version of a scheme by its number."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    number = serializers.IntegerField(read_only=True)


class GradeNameSerializer(serializers.Serializer):
    """A grade and its stars."""

    name = serializers.CharField(read_only=True)
    stars = serializers.IntegerField(read_only=True)


class BeforeSerializer(serializers.Serializer):
    """The score by the same scheme in the latest earlier period of the same kind, perhaps by another version."""

    period = serializers.CharField(source="period.code", read_only=True)
    scheme_version = VersionNameSerializer(source="version", read_only=True)
    total = serializers.SerializerMethodField()
    grade = GradeNameSerializer(allow_null=True, read_only=True)
    rank = serializers.IntegerField(allow_null=True, read_only=True)
    peers = serializers.IntegerField(read_only=True)

    def get_total(self, before: Any) -> str | None:
        return points_or_none(before.total)


class ScoreSerializer(serializers.Serializer):
    """The score of one place by one version of a scheme in one period."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    scheme = NamedSerializer(source="scheme_version.scheme", read_only=True)
    scheme_version = VersionNameSerializer(read_only=True)
    division = PlaceSerializer(read_only=True)
    level = serializers.ChoiceField(choices=LEVEL_CODES, source="division.level_code", read_only=True)
    period = serializers.CharField(source="period.code", read_only=True)
    anchor_date = serializers.DateField(source="run.anchor_date", read_only=True)
    total = serializers.SerializerMethodField(help_text="空表示没有适用的项目")
    full_mark = serializers.DecimalField(
        source="scheme_version.full_mark", max_digits=8, decimal_places=2, read_only=True
    )
    grade = GradeNameSerializer(source="grade_row", allow_null=True, read_only=True)
    vetoes = serializers.SerializerMethodField()
    rank = serializers.IntegerField(allow_null=True, read_only=True)
    peers = serializers.IntegerField(read_only=True, help_text="一起排名的有多少个")
    peer_class = serializers.SerializerMethodField(help_text="按此分组排名；空表示全市同级一起排名")
    previous = BeforeSerializer(source="before", allow_null=True, read_only=True)
    run = serializers.UUIDField(source="run.public_id", read_only=True)
    computed_at = serializers.DateTimeField(read_only=True)

    def get_total(self, card: Any) -> str | None:
        return points_or_none(card.total)

    def get_vetoes(self, card: Any) -> list[str]:
        return [veto.name for veto in card.veto_rows]

    def get_peer_class(self, card: Any) -> str:
        named = card.scheme_version.peer_class
        return card.classes[CLASSES.index(named)] if named else ""


class RowBehindSerializer(serializers.Serializer):
    """A row that entered: a subject judged, or a row that was counted or summed."""

    register = serializers.CharField()
    id = serializers.UUIDField()
    name = serializers.CharField()
    division = PlaceSerializer()
    part = serializers.ChoiceField(
        choices=[("numerator", "分子"), ("denominator", "分母")], allow_null=True, help_text="空表示逐个判断"
    )
    amount = serializers.CharField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)


class InputSerializer(serializers.Serializer):
    """One value that a rule read: ``numerator`` / ``denominator`` x ``scale``, shown to four decimals."""

    code = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()
    numerator = serializers.CharField(allow_null=True)
    denominator = serializers.CharField(allow_null=True)
    scale = serializers.IntegerField()
    value = serializers.CharField(allow_null=True)
    absence = serializers.ChoiceField(choices=[("missing", "未报"), ("no_base", "分母为 0")], allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # a field of this name
    date = serializers.DateField()
    rows = RowBehindSerializer(many=True, allow_null=True, help_text="前 20 条；空表示不在管辖范围内")
    rows_count = serializers.IntegerField(allow_null=True)
    changed_since = serializers.BooleanField()


class CitedDocumentSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ItemClauseSerializer(serializers.Serializer):
    """The clause on which an item rests, in its words when the version was published."""

    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name
    text = serializers.CharField()
    document = CitedDocumentSerializer()
    number = serializers.CharField()


def cited(item: RatingItem) -> dict[str, Any] | None:
    """What an item rests on, for :class:`ItemClauseSerializer`."""
    clause, basis = item.clause, item.basis_at_hand
    if clause is None or basis is None:
        return None
    return {
        "id": clause.public_id,
        "label": basis.label,
        "text": basis.text,
        "document": {"id": clause.document.public_id, "name": basis.document},
        "number": basis.number,
    }


class PeersSerializer(serializers.Serializer):
    """What the peers earned, where their mean counts."""

    count = serializers.IntegerField(source="number")
    total = serializers.SerializerMethodField()

    def get_total(self, peers: Any) -> str:
        return points_text(peers.points)


class RoundingSerializer(serializers.Serializer):
    places = serializers.IntegerField()
    mode = serializers.CharField()


class ExplainedItemSerializer(serializers.Serializer):
    """One line of the sheet with every step. ``earned`` is before the policy for what does not apply."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    full_mark = serializers.CharField()
    least = serializers.CharField()
    most = serializers.CharField(allow_null=True)
    rounding = RoundingSerializer()
    rule = serializers.JSONField()
    words = serializers.ListField(child=serializers.CharField())
    clause = ItemClauseSerializer(allow_null=True)
    inputs = InputSerializer(many=True)
    steps = StepSerializer(many=True)
    is_asked = serializers.BooleanField(help_text="本类对象是否考核此项")
    earned = serializers.CharField(allow_null=True)
    not_applicable = serializers.CharField()
    peers = PeersSerializer(allow_null=True)
    points = serializers.CharField(allow_null=True)


class ExplainedGroupSerializer(serializers.Serializer):
    name = serializers.CharField()
    full_mark = serializers.CharField()
    is_bonus = serializers.BooleanField()
    may_go_below_zero = serializers.BooleanField()
    points = serializers.CharField(allow_null=True)
    items = ExplainedItemSerializer(many=True)


class ExplainedVetoSerializer(serializers.Serializer):
    name = serializers.CharField()
    words = serializers.CharField()
    effect = serializers.ChoiceField(choices=VetoEffect.choices)
    holds = serializers.BooleanField()
    input = InputSerializer(allow_null=True)


class GradeCutSerializer(GradeNameSerializer):
    least = serializers.DecimalField(max_digits=8, decimal_places=2)


class ExplanationSerializer(serializers.Serializer):
    """A score with all that is needed to reckon it again."""

    score = ScoreSerializer()
    classes = serializers.DictField(child=serializers.CharField())
    measured_at = serializers.DateTimeField()
    groups = ExplainedGroupSerializer(many=True)
    vetoes = ExplainedVetoSerializer(many=True)
    grades = GradeCutSerializer(many=True)


class Explained:
    """An explanation as plain data for its serializer."""

    def __init__(self, found: Explanation) -> None:
        self.found = found

    def data(self) -> dict[str, Any]:
        found = self.found
        return {
            "score": found.card,
            "classes": dict(zip(CLASSES, found.card.classes, strict=True)),
            "measured_at": found.measured.computed_at,
            "groups": [
                {
                    "name": group.row.name,
                    "full_mark": f"{group.row.full_mark:.2f}",
                    "is_bonus": group.row.is_bonus,
                    "may_go_below_zero": group.row.may_go_below_zero,
                    "points": points_or_none(group.points),
                    "items": [self.item(each) for each in group.items],
                }
                for group in found.groups
            ],
            "vetoes": [self.veto(each) for each in found.vetoes],
            "grades": found.sheet.grades,
        }

    def item(self, each: ItemExplained) -> dict[str, Any]:
        row = each.item.row
        return {
            "id": row.public_id,
            "name": row.name,
            "full_mark": f"{row.full_mark:.2f}",
            "least": f"{row.least:.2f}",
            "most": None if row.most is None else f"{row.most:.2f}",
            "rounding": {"places": row.places, "mode": row.mode},
            "rule": row.rule,
            "words": each.words,
            "clause": cited(row),
            "inputs": [self.input(one) for one in each.inputs],
            "steps": [
                {"text": line.text, "points": None if line.points is None else exact_text(line.points)}
                for line in each.lines
            ],
            "is_asked": each.is_asked,
            "earned": points_or_none(each.earned),
            "not_applicable": row.not_applicable,
            "peers": each.peers,
            "points": points_or_none(each.points),
        }

    def veto(self, each: VetoExplained) -> dict[str, Any]:
        return {
            "name": each.row.name,
            "words": each.words,
            "effect": each.row.effect,
            "holds": each.holds,
            "input": None if each.input is None else self.input(each.input),
        }

    def input(self, one: InputExplained) -> dict[str, Any]:
        value = one.reading.value
        is_absent = isinstance(value, str)
        behind, rows = self.rows_of(one)
        return {
            "code": one.input.code,
            "name": one.named.name,
            "unit": one.named.unit,
            "numerator": figure_text(one.numerator),
            "denominator": figure_text(one.denominator),
            "scale": one.input.scale,
            "value": None if is_absent else number_text(value).removeprefix("约 "),  # type: ignore[arg-type]
            "absence": str(value) if is_absent else None,
            "source": str(one.input.source),
            "date": one.on,
            "rows": rows if behind else None,
            "rows_count": sum(each.number or 0 for each in behind) if behind else None,
            "changed_since": any(each.changed_since for each in behind),
        }

    def rows_of(self, one: InputExplained) -> tuple[list[RowsBehind], list[dict[str, Any]]]:
        """What stands behind a value, of a ratio above and below the line; nothing outside the asker's places."""
        parts: list[tuple[str | None, RowsBehind]]
        if one.input.outcome is not None or one.input.reported:
            parts = [(None, self.found.rows_behind(one.input))]
        else:
            names = ("numerator", "denominator")
            parts = [
                (names[at], self.found.rows_behind(one.input, measure))
                for at, measure in enumerate(one.input.measures)
            ]
        known = [(part, behind) for part, behind in parts if behind.number is not None]
        rows = [row_behind(row) | {"part": part} for part, behind in known for row in behind.rows]
        return [behind for _part, behind in known], rows


def row_behind(row: Any) -> dict[str, Any]:
    """A subject or a source row alike."""
    if isinstance(row, Subject):
        thing, amount, outcome = row.subject, row.value, str(row.outcome)
    else:
        thing, amount, outcome = row.holder, row.amount, None
    return {
        "register": ROUTES[getattr(thing, "page_label", thing._meta.label)],
        "id": thing.public_id,
        "name": str(thing),
        "division": row.community,
        "amount": figure_text(amount),
        "outcome": outcome,
    }


def explained(found: Explanation) -> Any:
    """The answer."""
    return ExplanationSerializer(Explained(found).data()).data
