"""Places: an enduring identity, with code, name, kind and parent as dated records."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import Row, not_empty
from communities.choices import CodeScheme, DivisionKind, Level, LocationClass
from communities.querysets import DivisionDatedQuerySet, DivisionQuerySet

OPEN_ENDED = Q(valid__upper_inf=True)


class PlaceSearch(Func):
    """Lexemes of a place: each pair of neighbouring characters of its name, its code, its initials."""

    function = "place_search"
    output_field = SearchVectorField()


class Division(Row):
    """A place of any level (行政区划), from the whole country down to a community.

    The row is the identity that lasts through renaming, re-coding and moving. ``path_now``, ``name_now``,
    ``code_now``, ``kind_now`` and ``parent_now`` repeat the records in force today for scope, lists and search;
    :class:`DivisionRecord` and :class:`DivisionCode` hold what was true when. All are written together by
    ``communities.actions`` and the importer, never by a form.
    """

    level = models.SmallIntegerField(_("层级"), choices=Level.choices)
    path_now = models.CharField(_("路径"), max_length=60, db_collation="C", editable=False)
    parent_now = models.ForeignKey(
        "self", verbose_name=_("上级"), on_delete=models.PROTECT, null=True, related_name="children_now"
    )
    # Collation C, as of every column that is searched by its beginning: else no index serves the search.
    name_now = models.CharField(_("名称"), max_length=100, db_collation="C")
    kind_now = models.CharField(_("类别"), max_length=30, choices=DivisionKind.choices)
    code_now = models.CharField(_("代码"), max_length=12, blank=True, db_collation="C")
    sort_key = models.CharField(_("拼音"), max_length=300, blank=True, db_collation="C", editable=False)
    initials = models.CharField(_("拼音首字母"), max_length=100, blank=True, db_collation="C", editable=False)
    search = models.GeneratedField(
        expression=PlaceSearch("name_now"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    is_closed = models.BooleanField(_("已撤销"), default=False)

    told_apart_by = "code_now"

    objects = DivisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        ordering = ["path_now"]
        indexes = [
            models.Index(fields=["path_now"], name="division_path"),
            models.Index(fields=["level", "path_now"], name="division_level_path"),
            models.Index(fields=["code_now"], name="division_code_now"),
            # Search (querysets.first_hits): what begins so, level by level; the path answers for the scope.
            models.Index(fields=["level", "code_now", "path_now"], name="division_by_code"),
            models.Index(fields=["level", "name_now", "path_now"], name="division_by_name"),
            models.Index(fields=["level", "initials", "path_now"], name="division_by_initials"),
            # The 45,000 places above the communities by themselves: words like 社区 stand in hundreds of
            # thousands of names, nearly all of them names of communities.
            GinIndex(fields=["search"], condition=Q(level__lt=Level.COMMUNITY), name="division_search_above"),
            GinIndex(fields=["search"], condition=Q(level=Level.COMMUNITY), name="division_search"),
        ]

    def __str__(self) -> str:
        return self.name_now

    def affected_divisions(self) -> Iterable[int]:
        return (self.pk,)

    @property
    def page_label(self) -> str:
        """Which kind of page shows the place: a community has one of its own."""
        return "communities.Community" if self.level == Level.COMMUNITY else "communities.Division"

    @property
    def level_code(self) -> str:
        return Level(self.level).code


class DivisionRecord(models.Model):
    """Name, kind, parent and classes of a place for a period (dated record).

    An open lower bound means "before our records". One record at a time: rows without an end are unique by a
    partial index, closed rows by an exclusion constraint, and a trigger refuses an open row that overlaps a
    closed one (an exclusion constraint over all rows costs twenty times as much when the country is loaded).
    """

    division = models.ForeignKey(
        Division, verbose_name=_("区划"), on_delete=models.CASCADE, related_name="records", db_index=False
    )
    valid = DateRangeField(_("有效期"))
    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类别"), max_length=30, choices=DivisionKind.choices)
    parent = models.ForeignKey(
        Division,
        verbose_name=_("上级"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    path = models.CharField(_("路径"), max_length=60, db_collation="C")
    location_class = models.CharField(_("区位"), max_length=20, choices=LocationClass.choices, blank=True)
    urban_rural_class = models.CharField(_("城乡分类代码"), max_length=3, blank=True)

    objects = DivisionDatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("区划沿革")
        verbose_name_plural = _("区划沿革")
        ordering = ["division", "valid"]
        constraints = [
            models.UniqueConstraint(
                fields=["division"], condition=OPEN_ENDED, name="divisionrecord_one_open"
            ),
            ExclusionConstraint(
                name="divisionrecord_no_overlap",
                expressions=[(F("division"), RangeOperators.EQUAL), (F("valid"), RangeOperators.OVERLAPS)],
                condition=~OPEN_ENDED,
                violation_error_message=_("同一区划的沿革记录有效期不能重叠。"),
            ),
            not_empty("valid", "divisionrecord_valid_not_empty"),
        ]
        indexes = [
            models.Index(fields=["path"], name="divisionrecord_path"),
            models.Index(fields=["division"], condition=~OPEN_ENDED, name="divisionrecord_closed"),
        ]

    def __str__(self) -> str:
        return self.name


class DivisionCode(models.Model):
    """An official code of a place for a period: an attribute with history, never a key.

    One code may stand at two levels at once (cities without districts), so it is exclusive per scheme, level
    and code. ``level`` repeats the division's.
    """

    division = models.ForeignKey(
        Division, verbose_name=_("区划"), on_delete=models.CASCADE, related_name="codes"
    )
    scheme = models.CharField(_("编码体系"), max_length=20, choices=CodeScheme.choices)
    level = models.SmallIntegerField(_("层级"), choices=Level.choices)
    code = models.CharField(_("代码"), max_length=20, db_collation="C")
    valid = DateRangeField(_("有效期"))

    objects = DivisionDatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("区划代码")
        verbose_name_plural = _("区划代码")
        ordering = ["scheme", "level", "code", "valid"]
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "level", "code"], condition=OPEN_ENDED, name="divisioncode_one_open"
            ),
            ExclusionConstraint(
                name="divisioncode_no_overlap",
                expressions=[
                    (F("scheme"), RangeOperators.EQUAL),
                    (F("level"), RangeOperators.EQUAL),
                    (F("code"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                condition=~OPEN_ENDED,
                violation_error_message=_("同一代码在同一时间只能属于一个区划。"),
            ),
            not_empty("valid", "divisioncode_valid_not_empty"),
        ]

    def __str__(self) -> str:
        return self.code
