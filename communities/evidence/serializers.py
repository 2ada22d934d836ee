"""How evidence reads over REST."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from communities.actions import evidence
from communities.base.serializers import NamedSerializer, PlaceSerializer, RowSerializer
from communities.base.wording import Asked
from communities.choices import EvidenceKind, MediaType

NAMED = 20
THING = _("台账中的一条记录，写作 communities.Premises:编号；类别与变更记录中的 model 相同")


class EvidenceSerializer(RowSerializer):
    """Evidence. ``is_repeated``: the same content, or one that looks the same, under another place or year."""

    title = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=EvidenceKind.choices, read_only=True)
    division = PlaceSerializer(read_only=True)
    taken_on = serializers.DateField(read_only=True)
    expires_on = serializers.DateField(allow_null=True, read_only=True)
    note = serializers.CharField(allow_blank=True, read_only=True)
    file_name = serializers.CharField(read_only=True)
    media_type = serializers.ChoiceField(
        choices=MediaType.choices, source="stored.media_type", read_only=True
    )
    size = serializers.IntegerField(source="stored.size", read_only=True)
    width = serializers.IntegerField(source="stored.width", allow_null=True, read_only=True)
    height = serializers.IntegerField(source="stored.height", allow_null=True, read_only=True)
    sha256 = serializers.CharField(source="stored.digest", read_only=True)
    is_repeated = serializers.BooleanField(read_only=True)


class UsedSerializer(NamedSerializer):
    """Other evidence with the same content."""

    division = PlaceSerializer(read_only=True)
    taken_on = serializers.DateField(read_only=True)


class AlsoUsedSerializer(serializers.Serializer):
    """Those that one may see, twenty at most, and the number of all others."""

    rows = UsedSerializer(many=True, read_only=True)
    others = serializers.IntegerField(read_only=True)


class LinkSerializer(serializers.Serializer):
    """A record for which the evidence stands."""

    thing = serializers.CharField(read_only=True, help_text=THING)
    name = serializers.CharField(read_only=True)


class LinksSerializer(serializers.Serializer):
    """Those that one may see, and the number of all others."""

    rows = LinkSerializer(many=True, read_only=True)
    others = serializers.IntegerField(read_only=True)


class EvidenceDetailSerializer(EvidenceSerializer):
    """Evidence with where else its content is used, and what it is for."""

    also_used = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    @extend_schema_field(AlsoUsedSerializer)
    def get_also_used(self, row: Any) -> Any:
        shown, others = evidence.used_elsewhere(row, self.context["request"].user, NAMED)
        return AlsoUsedSerializer({"rows": shown, "others": others}).data

    @extend_schema_field(LinksSerializer)
    def get_links(self, row: Any) -> Any:
        things, beyond = evidence.things_of(row, self.context["request"].user)
        told = [{"thing": evidence.name_of(each.thing), "name": str(each.thing)} for each in things]
        return LinksSerializer({"rows": told, "others": beyond}).data


class EvidenceUploadSerializer(Asked):
    """A file with what is said of it, in parts."""

    file = serializers.FileField(help_text=evidence.ACCEPTED)
    title = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=EvidenceKind.choices)
    division = serializers.UUIDField()
    taken_on = serializers.DateField(required=False, help_text=_("照片可以不填，按其中记录的拍摄日期登记"))
    expires_on = serializers.DateField(required=False)
    note = serializers.CharField(required=False, max_length=500)
    thing = serializers.CharField(required=False, help_text=THING)
    reason = serializers.CharField(required=False, max_length=200)


class ThingSerializer(Asked):
    """What evidence is linked to."""

    thing = serializers.CharField(max_length=120, help_text=THING)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
