"""Evidence (佐证材料): files with a place and a day, each content stored once, linked to things of registers."""

from __future__ import annotations

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId, Row, not_in_future, unique_live
from communities.base.places import ancestor_ids, common_ancestor
from communities.base.querysets import DivisionScopedQuerySet
from communities.choices import PICTURES, EvidenceKind, MediaType
from communities.models.divisions import Division
from communities.models.imports import private_storage


class StoredFile(models.Model):
    """A content, kept once however often it is filed. It has no address: evidence is asked for it.

    ``alike`` is what a picture looks like, as 64 bits that survive another size and another encoding; empty where
    there is nothing to tell it by.
    """

    public_id = models.UUIDField(_("编号"), db_default=NewPublicId(), unique=True, editable=False)
    digest = models.CharField(_("摘要"), max_length=64, unique=True, db_collation="C")
    size = models.PositiveIntegerField(_("大小"))
    media_type = models.CharField(_("类型"), max_length=80, choices=MediaType.choices)
    width = models.PositiveIntegerField(_("宽度"), null=True)
    height = models.PositiveIntegerField(_("高度"), null=True)
    alike = models.BigIntegerField(_("图片特征"), null=True, db_index=True)
    file = models.FileField(_("文件"), upload_to="evidence", storage=private_storage, max_length=200)
    thumbnail = models.FileField(
        _("缩略图"), upload_to="evidence", storage=private_storage, max_length=200, blank=True
    )
    created_at = models.DateTimeField(_("存入时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("文件内容")
        verbose_name_plural = _("文件内容")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_media_type_display()} {self.digest[:12]}"

    def record_label(self) -> str:
        return str(self)

    @property
    def is_picture(self) -> bool:
        return self.media_type in PICTURES


class EvidenceQuerySet(DivisionScopedQuerySet):
    searched = ("title__icontains",)

    def repeated(self) -> Self:
        """Those whose content also stands under another place or in another year."""
        return self.filter(_stands_elsewhere())

    def noted(self) -> Self:
        """With ``is_repeated``."""
        return self.annotate(is_repeated=_stands_elsewhere())


def _stands_elsewhere() -> Any:
    """Asked of all live evidence, whatever its reader may see: a photo used twice is often used by two."""
    others = (
        Evidence.objects.live()
        .exclude(pk=OuterRef("pk"))
        .annotate(year=ExtractYear("taken_on"))
        .filter(~Q(division=OuterRef("division")) | ~Q(year=ExtractYear(OuterRef("taken_on"))))
    )
    # Two questions, so that each has its index.
    return Exists(others.filter(stored=OuterRef("stored"))) | Exists(
        others.filter(stored__alike=OuterRef("stored__alike"))
    )


class Evidence(Row):
    """One file as somebody filed it: where, of which day, until when it serves as evidence."""

    title = models.CharField(_("标题"), max_length=100)
    kind = models.CharField(_("类别"), max_length=10, choices=EvidenceKind.choices)
    division = models.ForeignKey(
        Division, verbose_name=_("所属地"), on_delete=models.PROTECT, related_name="evidence"
    )
    taken_on = models.DateField(
        _("形成日期"), validators=[not_in_future], help_text=_("拍摄、签署或出具的日期。")
    )
    expires_on = models.DateField(
        _("有效期至"), null=True, blank=True, help_text=_("作为佐证有效的最后一天；不填表示长期有效。")
    )
    note = models.CharField(_("说明"), max_length=500, blank=True)
    stored = models.ForeignKey(
        StoredFile, verbose_name=_("文件内容"), on_delete=models.PROTECT, related_name="evidence"
    )
    file_name = models.CharField(_("原文件名"), max_length=300)

    constraint_fields = {"evidence_days_in_order": "expires_on"}

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证材料")
        verbose_name_plural = _("佐证材料")
        ordering = ["division__path_now", "-taken_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("taken_on")),
                name="evidence_days_in_order",
                violation_error_message=_("有效期不能早于形成日期。"),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def scope_division_id(self) -> int | None:
        return self.division_id

    def also_used(self) -> QuerySet[Any]:
        """Other live evidence with this content, or a picture that looks the same, of another place or year."""
        same = Q(stored=self.stored_id)
        if self.stored.alike is not None:
            same |= Q(stored__alike=self.stored.alike)
        others = Evidence.objects.live().filter(same).exclude(pk=self.pk)
        return others.exclude(division=self.division_id, taken_on__year=self.taken_on.year)


class EvidenceLinkQuerySet(DivisionScopedQuerySet):
    scope_path = "evidence__division__path_now"

    def to(self, thing: Any) -> Self:
        """The links to one thing."""
        return self.filter(model=thing._meta.label, object_id=thing.public_id)


class EvidenceLink(Row):
    """Evidence for a thing of any register, which is named as change records name it."""

    evidence = models.ForeignKey(
        Evidence, verbose_name=_("佐证材料"), on_delete=models.PROTECT, related_name="links"
    )
    model = models.CharField(_("对象类别"), max_length=60)
    object_id = models.UUIDField(_("对象编号"))
    object_label = models.CharField(_("对象"), max_length=200)

    objects = EvidenceLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证关联")
        verbose_name_plural = _("佐证关联")
        ordering = ["pk"]
        constraints = [
            unique_live(
                "evidence",
                "model",
                "object_id",
                name="evidencelink_unique",
                message=_("这份材料已经关联到该记录。"),
            ),
        ]
        indexes = [models.Index(fields=["model", "object_id"], name="evidencelink_of_object")]

    def __str__(self) -> str:
        """Without the thing, which may be beyond whoever reads it."""
        return _("%(day)s 的关联") % {"day": f"{self.created_at:%Y-%m-%d}"}

    def record_label(self) -> str:
        return f"{self.object_label} — {self.evidence}"

    def scope_division_id(self) -> int | None:
        """The smallest place that has both ends: its record names both."""
        own = self.evidence.division
        thing = apps.get_model(self.model)._default_manager.filter(public_id=self.object_id).first()
        other = Division.objects.filter(pk=thing.scope_division_id()).first() if thing else None
        paths = [own.path_now, (other or own).path_now]
        return ancestor_ids(common_ancestor(paths))[-1]
