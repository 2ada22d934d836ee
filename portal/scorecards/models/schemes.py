"""Rating schemes (评分表): versioned data, whose published versions do not change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Max, Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import Row, not_empty, unique_live
from communities.base.rules import Item, RuleInvalid, Shape, read_rule
from communities.base.rules.conditions import OPERATORS
from communities.base.rules.items import NOT_APPLICABLE, ROUNDING
from communities.choices import BuildingClass, CommunityKind, Level, LocationClass
from communities.models import Clause, Division, User
from communities.querysets import RuleBookQuerySet
from portal.scorecards.models.bases import Basis
from portal.scorecards.models.cards import Run
from portal.scorecards.models.choices import PeerClass, VetoEffect

PUBLISHED = _("评分表的这一版已经发布，不能改写；请复制为新的一版再修改。")
SCORED_LEVELS = [(level.value, level.label) for level in (Level.DISTRICT, Level.STREET, Level.COMMUNITY)]
MOST_BELOW_LEAST = _("最高得分不能低于最低得分。")
POSITIVE = MinValueValidator(Decimal("0.01"))


class SchemeQuerySet(RuleBookQuerySet):
    searched = ("name__icontains",)


class VersionQuerySet(RuleBookQuerySet):
    jurisdiction = "scheme__jurisdiction"
    searched = ("scheme__name__icontains",)

    def published(self) -> VersionQuerySet:
        return self.live().filter(published_at__isnull=False)


class ContentQuerySet(RuleBookQuerySet):
    jurisdiction = "scheme_version__scheme__jurisdiction"


class ItemQuerySet(RuleBookQuerySet):
    jurisdiction = "group__scheme_version__scheme__jurisdiction"

    def live(self) -> Self:
        """Without those that went with their version, and come back with it."""
        return super().live().filter(group__scheme_version__deleted_at__isnull=True)

    def keep_bases(self) -> None:
        """Note what the clauses say on which the items rest, before their version is published."""
        items: list[Any] = list(self.filter(clause__isnull=False).select_related("clause__document"))
        for item in items:
            item.basis = asdict(Basis.of(item.clause))
        self.bulk_update(items, ["basis"])


class SchemeRow(Row):
    """A row of a scheme: read where its jurisdiction reaches; no figure of any place hangs on a draft."""

    class Meta:
        abstract = True

    def jurisdiction_of(self) -> int | None:
        """The id of the place that rates."""
        raise NotImplementedError

    def affected_divisions(self) -> Iterable[int]:
        return ()

    def scope_division_id(self) -> int | None:
        return self.jurisdiction_of()


class RatingScheme(SchemeRow):
    """What a place rates the places of one level below it by; its content stands in versions."""

    name = models.CharField(_("名称"), max_length=100)
    level = models.PositiveSmallIntegerField(_("评分对象"), choices=SCORED_LEVELS, default=Level.COMMUNITY)
    jurisdiction = models.ForeignKey(
        Division, verbose_name=_("制定地区"), on_delete=models.PROTECT, related_name="rating_schemes"
    )
    clause = models.ForeignKey(
        Clause,
        verbose_name=_("依据条款"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rating_schemes",
    )
    description = models.TextField(_("说明"), blank=True)

    constraint_fields = {"ratingscheme_name": "name"}

    objects = SchemeQuerySet.as_manager()

    class Meta:
        verbose_name = _("评分表")
        verbose_name_plural = _("评分表")
        ordering = ["jurisdiction__path_now", "name", "pk"]
        constraints = [
            unique_live(
                "jurisdiction", "name", name="ratingscheme_name", message=_("本地区已有同名的评分表。")
            )
        ]

    def __str__(self) -> str:
        return self.name

    def jurisdiction_of(self) -> int | None:
        return self.jurisdiction_id

    def clean(self) -> None:
        """What scores hang on stays: whom the scheme rates, and where."""
        place = self.jurisdiction if self.jurisdiction_id else None
        if place is not None and place.level >= (self.level or 0):
            raise ValidationError({"level": _("评分对象须在制定地区的下级。")})
        stored = RatingScheme.objects.filter(pk=self.pk).first() if self.pk else None
        if stored is None or (stored.level, stored.jurisdiction_id) == (self.level, self.jurisdiction_id):
            return
        if self.versions.published().exists():
            raise ValidationError(_("评分表已有发布的版本，不能更换评分对象或制定地区。"), code="published")


class RatingSchemeVersion(SchemeRow):
    """One version of a scheme: draft until it is published, and then never changed again.

    ``valid``: for periods whose anchor day lies in it the version counts; the time of a published version may still
    be ended. ``full_mark``: what all groups but those of bonus points add up to.
    """

    scheme = models.ForeignKey(
        RatingScheme, verbose_name=_("评分表"), on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveSmallIntegerField(_("版次"), default=0, editable=False)
    valid = DateRangeField(_("施行期间"))
    full_mark = models.DecimalField(
        _("总分"), max_digits=8, decimal_places=2, default=Decimal(100), validators=[POSITIVE]
    )
    peer_class = models.CharField(_("排名分组"), max_length=20, choices=PeerClass.choices, blank=True)
    note = models.CharField(_("修订说明"), max_length=500, blank=True)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        User,
        verbose_name=_("发布人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    # All that a version consists of besides its parts.
    meaning: ClassVar[tuple[str, ...]] = ("scheme_id", "number", "full_mark", "peer_class", "note")
    trigger_messages = {"scheme_published": PUBLISHED}

    constraint_fields = {
        "ratingschemeversion_valid_not_empty": "valid",
        "ratingschemeversion_one_in_force": "valid",
    }

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("评分表版本")
        verbose_name_plural = _("评分表版本")
        ordering = ["scheme", "-number"]
        constraints = [
            not_empty("valid", "ratingschemeversion_valid_not_empty"),
            models.UniqueConstraint(
                fields=["scheme", "number"],
                name="ratingschemeversion_number",
                violation_error_message=_("这一版次已经存在，请重试。"),
            ),
            ExclusionConstraint(
                name="ratingschemeversion_one_in_force",
                expressions=[("scheme", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
                condition=Q(published_at__isnull=False, deleted_at__isnull=True),
                violation_error_message=_("与已发布的另一版施行期间重叠，请先填写那一版的结束日期。"),
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(deleted_at__isnull=True),
                name="ratingschemeversion_published_stays",
                violation_error_message=PUBLISHED,
            ),
        ]

    def __str__(self) -> str:
        return _("%(scheme)s第 %(number)s 版") % {"scheme": self.scheme, "number": self.number}

    def jurisdiction_of(self) -> int | None:
        return self.scheme.jurisdiction_id

    def affected_divisions(self) -> Iterable[int]:
        """Once published, its time says which scores there are."""
        return (self.scheme.jurisdiction_id,) if self.is_published else ()

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new version, whose number is still 0, takes the next one."""
        if self._state.adding and not self.number:
            last = RatingSchemeVersion.objects.filter(scheme=self.scheme_id).aggregate(last=Max("number"))
            self.number = (last["last"] or 0) + 1
        super().save(*args, **kwargs)

    def clean(self) -> None:
        stored = RatingSchemeVersion.objects.filter(pk=self.pk).first() if self.pk else None
        if stored is None or not stored.is_published:
            return
        if any(getattr(self, name) != getattr(stored, name) for name in self.meaning):
            raise ValidationError(PUBLISHED, code="published")
        if self.valid.lower != stored.valid.lower:
            kept = ValidationError(_("已发布的版本只能填写结束日期。"), code="published")
            raise ValidationError({"valid": kept})
        anchors = Run.objects.filter(
            scheme_version=self.pk, current__isnull=False, period__closed_at__isnull=False
        ).values_list("anchor_date", flat=True)
        if any(day not in self.valid for day in anchors):
            scored = ValidationError(
                _("已关闭的报告期按这一版评分，施行期间须包含其最后一日。"), code="scored_by"
            )
            raise ValidationError({"valid": scored})

    def check_removal(self) -> None:
        if self.is_published:
            raise ValidationError(PUBLISHED, code="published")


class VersionPart(SchemeRow):
    """A row that is part of a version, and goes with it."""

    part_of = "scheme_version"
    trigger_messages = {"scheme_published": PUBLISHED}

    class Meta:
        abstract = True

    def jurisdiction_of(self) -> int | None:
        return self.version_at_hand().scheme.jurisdiction_id

    def version_at_hand(self) -> RatingSchemeVersion:
        """The version that the row is a part of."""
        version: RatingSchemeVersion = self.scheme_version  # type: ignore[attr-defined] # of each subclass
        return version

    def check_beside(self) -> None:
        """Locks the version, so that nobody publishes it meanwhile. Raises ValidationError when it is published."""
        versions = RatingSchemeVersion.objects.select_for_update(no_key=True)
        if versions.get(pk=self.version_at_hand().pk).is_published:
            raise ValidationError(PUBLISHED, code="published")

    check_removal = check_beside


class RatingGroup(VersionPart):
    """A group of items (a dimension), worth ``full_mark``.

    Items whose marks are on another scale are taken in proportion (nested weights). A bonus group stands outside
    the full mark of its version: ``full_mark`` is the most that it can add.
    """

    scheme_version = models.ForeignKey(
        RatingSchemeVersion, verbose_name=_("评分表版本"), on_delete=models.PROTECT, related_name="groups"
    )
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    name = models.CharField(_("名称"), max_length=60)
    full_mark = models.DecimalField(_("满分"), max_digits=8, decimal_places=2, validators=[POSITIVE])
    is_bonus = models.BooleanField(_("附加分"), default=False)
    may_go_below_zero = models.BooleanField(_("可为负分"), default=False)

    constraint_fields = {"ratinggroup_name": "name"}

    objects = ContentQuerySet.as_manager()

    class Meta:
        verbose_name = _("评分分组")
        verbose_name_plural = _("评分分组")
        ordering = ["scheme_version", "position", "pk"]
        constraints = [
            unique_live(
                "scheme_version", "name", name="ratinggroup_name", message=_("同一版的分组名称不能重复。")
            )
        ]

    def __str__(self) -> str:
        return self.name

    def check_removal(self) -> None:
        """Items go before their group: nobody loses a rule with a line taken out of a form."""
        super().check_removal()
        number = self.items.live().count()
        if number:
            told = _("分组「%(group)s」还有 %(number)d 个评分项目，请先删除这些项目或改到其他分组。")
            raise ValidationError(told % {"group": self.name, "number": number}, code="in_use")


class RatingItem(VersionPart):
    """One line of a scheme: full mark, rule, clause, whom it concerns, and what happens where it does not apply.

    ``rule`` is a shape with its parameters (``communities.base.rules``), its inputs by code. Empty condition arrays
    mean any place; a place that they leave out is not asked, and the item is dropped for it whatever the policy.
    """

    group = models.ForeignKey(
        RatingGroup, verbose_name=_("分组"), on_delete=models.PROTECT, related_name="items"
    )
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    name = models.CharField(_("评分项目"), max_length=100)
    full_mark = models.DecimalField(_("满分"), max_digits=8, decimal_places=2, validators=[POSITIVE])
    least = models.DecimalField(_("最低得分"), max_digits=8, decimal_places=2, default=Decimal(0))
    most = models.DecimalField(_("最高得分"), max_digits=8, decimal_places=2, null=True, blank=True)
    rule = models.JSONField(_("评分规则"))
    places = models.PositiveSmallIntegerField(
        _("小数位数"), choices=[(n, str(n)) for n in range(3)], default=2
    )
    mode = models.CharField(_("取舍方式"), max_length=10, choices=ROUNDING, default="half_up")
    not_applicable = models.CharField(_("不适用时"), max_length=20, choices=NOT_APPLICABLE, default="drop")
    clause = models.ForeignKey(
        Clause,
        verbose_name=_("依据条款"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rating_items",
    )
    # What the clause said when the version was published: a document may be put right later.
    basis = models.JSONField(_("发布时的依据"), null=True, blank=True, editable=False)
    building_classes = ArrayField(
        models.CharField(max_length=20, choices=BuildingClass.choices),
        verbose_name=_("建设类别"),
        null=True,
        blank=True,
    )
    location_classes = ArrayField(
        models.CharField(max_length=20, choices=LocationClass.choices),
        verbose_name=_("区位"),
        null=True,
        blank=True,
    )
    community_kinds = ArrayField(
        models.CharField(max_length=20, choices=CommunityKind.choices),
        verbose_name=_("社区类型"),
        null=True,
        blank=True,
    )
    evidence = models.CharField(_("佐证材料"), max_length=300, blank=True)
    method = models.CharField(_("核查方式"), max_length=100, blank=True)

    part_of = "group"

    constraint_fields = {
        "ratingitem_name": "name",
        "ratingitem_most_least": "most",
    }

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("评分项目")
        verbose_name_plural = _("评分项目")
        ordering = ["group__position", "group", "position", "pk"]
        constraints = [
            unique_live("group", "name", name="ratingitem_name", message=_("同一分组的项目名称不能重复。")),
            models.CheckConstraint(
                condition=Q(most__isnull=True) | Q(most__gte=F("least")),
                name="ratingitem_most_least",
                violation_error_message=MOST_BELOW_LEAST,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def version_at_hand(self) -> RatingSchemeVersion:
        return self.group.scheme_version

    def check_beside(self) -> None:
        """Whoever read the version before has not seen the item as it will stand: he does not publish it unseen."""
        super().check_beside()
        RatingSchemeVersion.objects.filter(pk=self.group.scheme_version_id).update(version=F("version") + 1)

    check_removal = check_beside

    @property
    def basis_at_hand(self) -> Basis | None:
        """What the item rests on: as it stood at publishing, of a draft as it stands."""
        if self.basis is not None:
            return Basis(**self.basis)
        return None if self.clause is None else Basis.of(self.clause)

    @property
    def shape(self) -> Shape:
        """The rule as the engine reads it."""
        shape: Shape = read_rule(self.rule, "rule")
        return shape

    @property
    def arithmetic(self) -> Item:
        """The item as far as its points depend on it."""
        return Item(
            self.shape, self.full_mark, self.least, self.most, self.places, self.mode, self.not_applicable
        )

    def clean(self) -> None:
        """A rule that cannot be read cannot be stored."""
        try:
            read_rule(self.rule, "rule")
        except RuleInvalid as error:
            told = [ValidationError(f"{each.message}({each.place})", code=each.code) for each in error.faults]
            raise ValidationError({"rule": told}) from error


class RatingGrade(VersionPart):
    """A grade from so many points on; grades are tried from the highest down."""

    scheme_version = models.ForeignKey(
        RatingSchemeVersion, verbose_name=_("评分表版本"), on_delete=models.PROTECT, related_name="grades"
    )
    name = models.CharField(_("等级"), max_length=30)
    stars = models.PositiveSmallIntegerField(_("星数"), choices=[(n, str(n)) for n in range(6)], default=0)
    least = models.DecimalField(_("起评分数"), max_digits=8, decimal_places=2)

    constraint_fields = {
        "ratinggrade_name": "name",
        "ratinggrade_least": "least",
    }

    objects = ContentQuerySet.as_manager()

    class Meta:
        verbose_name = _("评分等级")
        verbose_name_plural = _("评分等级")
        ordering = ["scheme_version", "-least", "pk"]
        constraints = [
            unique_live(
                "scheme_version", "name", name="ratinggrade_name", message=_("同一版的等级名称不能重复。")
            ),
            unique_live(
                "scheme_version", "least", name="ratinggrade_least", message=_("两个等级的起评分数不能相同。")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RatingVeto(VersionPart):
    """A condition on one value that touches the grade, whatever the points (一票否决)."""

    scheme_version = models.ForeignKey(
        RatingSchemeVersion, verbose_name=_("评分表版本"), on_delete=models.PROTECT, related_name="vetoes"
    )
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    name = models.CharField(_("否决事项"), max_length=100)
    value = models.CharField(_("取值"), max_length=100, db_collation="C")
    operator = models.CharField(_("比较方式"), max_length=10, choices=OPERATORS)
    target = models.DecimalField(_("界限"), max_digits=16, decimal_places=4)
    effect = models.CharField(
        _("后果"), max_length=10, choices=VetoEffect.choices, default=VetoEffect.BAR_TOP
    )

    constraint_fields = {"ratingveto_name": "name"}

    objects = ContentQuerySet.as_manager()

    class Meta:
        verbose_name = _("否决事项")
        verbose_name_plural = _("否决事项")
        ordering = ["scheme_version", "position", "pk"]
        constraints = [
            unique_live(
                "scheme_version", "name", name="ratingveto_name", message=_("同一版的否决事项不能重复。")
            )
        ]

    def __str__(self) -> str:
        return self.name
