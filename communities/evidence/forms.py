"""What is said of a file that is filed as evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base.entry import DayField, EntryForm, Group
from communities.models import Division, Evidence
from communities.models.evidence import not_in_future


class EvidenceForm(EntryForm):
    """What is said of the file; the file itself is given once, when it is filed."""

    class Meta(EntryForm.Meta):
        model = Evidence
        fields = ("title", "kind", "division", "taken_on", "expires_on", "note")

    in_bulk = ("kind", "expires_on", "note")
    groups = (
        Group(_("材料"), ("title", "kind", "division")),
        Group(_("日期"), ("taken_on", "expires_on")),
        Group(_("其他"), ("note",)),
    )

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        """A place of any level: a street's papers are the street's."""
        if name != "division":
            return super().rows_for(name)
        return lambda: (
            Division.objects.visible_to(self.user, self.action).filter(is_closed=False).order_by("path_now")
        )


class UploadForm(EvidenceForm):
    """A new one: the camera may know the day."""

    taken_on = DayField(
        label=_("形成日期"),
        required=False,
        validators=[not_in_future],
        help_text=_("拍摄、签署或出具的日期；照片可以不填，按照片中记录的拍摄日期登记。"),
    )

    class Meta(EvidenceForm.Meta):
        pass
