"""Closed lists of rating schemes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PeerClass(models.TextChoices):
    """By what places are told apart when they are ranked against each other, within one city."""

    NONE = "", _("全市同级一起排名")
    BUILDING = "building_class", _("按建设类别分别排名")
    LOCATION = "location_class", _("按区位分别排名")
    KIND = "community_kind", _("按社区类型分别排名")


class VetoEffect(models.TextChoices):
    """What a veto does to the grade; points stand in any case."""

    FAIL = "fail", _("不予评级")
    BAR_TOP = "bar_top", _("不得评为最高等级")
    DROP = "drop", _("降低一级")
