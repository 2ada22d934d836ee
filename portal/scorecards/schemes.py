"""What is done with versions of rating schemes: published, copied, looked over for what is odd."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.base import actions
from communities.base.models import Parts, Row
from communities.base.roles import Action
from communities.base.rules import number_text
from communities.base.rules.reach import reach
from communities.choices import BuildingClass, Level
from communities.models import Period
from portal.scorecards.editing.inputs_offered import codes_with_source
from portal.scorecards.models import (
    CurrentRun,
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingSchemeVersion,
    RatingVeto,
)
from portal.scorecards.scheme_words import sentences
from portal.scorecards.scoring.inputs import names_told

NEEDS = Action.EDIT_STANDARDS
R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class GroupContent:
    """A group with its items in order."""

    group: RatingGroup
    items: Sequence[RatingItem]

    @property
    def marks(self) -> dict[str, Decimal]:
        """What the items add up to, by building class where they tell communities apart (E-229, variants)."""
        if not any(item.building_classes for item in self.items):
            return {"": sum((item.full_mark for item in self.items), Decimal(0))}
        return {
            str(word): sum(
                (
                    each.full_mark
                    for each in self.items
                    if not each.building_classes or code in each.building_classes
                ),
                Decimal(0),
            )
            for code, word in BuildingClass.choices
        }

    @property
    def lines(self) -> list[tuple[RatingItem, list[str]]]:
        """The items, each with its rule in sentences."""
        return [(item, sentences(item)) for item in self.items]

    @property
    def adds_up(self) -> bool:
        return all(marks == self.group.full_mark for marks in self.marks.values())


@dataclass(frozen=True)
class Content:
    """All that a version consists of."""

    version: RatingSchemeVersion
    groups: Sequence[GroupContent]
    grades: Sequence[RatingGrade]
    vetoes: Sequence[RatingVeto]

    @property
    def items(self) -> Iterator[RatingItem]:
        for group in self.groups:
            yield from group.items

    @property
    def marks(self) -> Decimal:
        """What the groups but those of bonus points add up to."""
        plain = (each.group.full_mark for each in self.groups if not each.group.is_bonus)
        return sum(plain, Decimal(0))


def content_of(version: RatingSchemeVersion) -> Content:
    """The live rows of a version in their order. Four queries."""
    groups = list(version.groups.live().order_by("position", "pk"))
    items: dict[int, list[RatingItem]] = {group.pk: [] for group in groups}
    rows = RatingItem.objects.live().filter(group__in=groups).select_related("clause__document")
    for item in rows.order_by("position", "pk"):
        items[item.group_id].append(item)
    return Content(
        version,
        [GroupContent(group, items[group.pk]) for group in groups],
        list(version.grades.live().order_by("-least", "pk")),
        list(version.vetoes.live().order_by("position", "pk")),
    )


def publish_version(
    version: RatingSchemeVersion, *, by: Any, reason: str = "", former: RatingSchemeVersion | None = None
) -> RatingSchemeVersion:
    """Make a draft count; from then on it does not change. The next sweep has the open periods scored by it.

    ``version.version`` must be what the writer read. ``former``, as :func:`former_of` finds it, ends the day before
    in the same act. Raises ValidationError with every obstacle, StaleVersion, OutOfScope.
    """
    act = uuid.uuid4()
    with transaction.atomic():
        # Whoever writes a part of the version waits for this lock, or is waited for.
        RatingSchemeVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=version.pk)
        if former is not None:
            _end_before(former, version, by=by, reason=reason, act=act)
        if found := obstacles(version):
            raise ValidationError([ValidationError(each, code="obstacle") for each in found])
        RatingItem.objects.live().filter(group__scheme_version=version).keep_bases()
        version.published_at, version.published_by = timezone.now(), by
        actions.save(version, by=by, reason=reason, act=act, needs=NEEDS)
    return version


def _end_before(
    former: RatingSchemeVersion, version: RatingSchemeVersion, *, by: Any, reason: str, act: uuid.UUID
) -> None:
    """End a published version the day before a draft begins, unless it is not, or no more, the one to end."""
    RatingSchemeVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=former.pk)
    found = former_of(version)
    if found is None or found.pk != former.pk:
        return
    found.valid = DateRange(found.valid.lower, version.valid.lower)
    actions.save(
        found, by=by, reason=reason or _("由%(version)s接替") % {"version": version}, act=act, needs=NEEDS
    )


def former_of(version: RatingSchemeVersion) -> RatingSchemeVersion | None:
    """The one published version that a draft overlaps and could follow on: it began before.

    None where the draft begins in a closed period, or before one: its scores stand.
    """
    begin = version.valid.lower
    overlapping = list(_overlapping(version)[:2])
    if begin is None or len(overlapping) != 1:
        return None
    (former,) = overlapping
    if former.valid.lower is not None and former.valid.lower >= begin:
        return None
    if _closed_from(begin) is not None:
        return None
    scored = CurrentRun.objects.filter(scheme_version=former, period__closed_at__isnull=True)
    anchors = scored.values_list("run__anchor_date", flat=True)
    # A version that is over before the day of measuring would take over nothing.
    return former if all(day < begin or day in version.valid for day in anchors) else None


def _closed_from(begin: dt.date) -> Period | None:
    """The last closed period in which a version that begins on a day would count, or before which."""
    closed = Period.objects.live().filter(closed_at__isnull=False, span__endswith__gt=begin)
    return closed.order_by("span__endswith").last()


def _overlapping(version: RatingSchemeVersion) -> QuerySet[RatingSchemeVersion]:
    published = RatingSchemeVersion.objects.published().filter(scheme=version.scheme_id)
    return published.filter(valid__overlap=version.valid).select_related("scheme").order_by("number")


def obstacles(version: RatingSchemeVersion, *, former: RatingSchemeVersion | None = None) -> list[str]:
    """Why a version cannot be published, each in a sentence; with ``former`` ended the day before."""
    return list(_obstacles(content_of(version), former))


def _obstacles(content: Content, former: RatingSchemeVersion | None) -> Iterator[str]:
    version = content.version
    if version.is_published:
        yield _("这一版已经发布。")
        return
    if version.valid.lower is None:
        yield _("还没有填写施行的开始日期。")
    yield from _missing(content)
    if version.valid.lower is not None:
        yield from (_overlap(version, other) for other in _overlapping(version) if other != former)


def _overlap(version: RatingSchemeVersion, other: RatingSchemeVersion) -> str:
    """What is to be done where two versions would count on the same days."""
    begin, theirs = version.valid.lower, other.valid.lower
    closed = _closed_from(begin)
    told = _("与已发布的「%(other)s」施行期间重叠，请修改这一版的开始日期，或先填写那一版的结束日期。")
    if theirs is not None and theirs > begin:
        told = _("与已发布的「%(other)s」施行期间重叠，请填写这一版的结束日期，不晚于 %(last)s。")
    elif closed is not None:
        told = _(
            "与已发布的「%(other)s」施行期间重叠，而报告期 %(period)s 已经关闭，"
            "请把这一版的开始日期改为 %(first)s 或以后。"
        )
    return str(told) % {
        "other": other,
        "last": theirs - dt.timedelta(days=1) if theirs else "",
        "period": closed.code if closed else "",
        "first": closed.span.upper if closed else "",
    }


def _missing(content: Content) -> Iterator[str]:
    """What a version cannot score without."""
    if not any(content.items):
        yield _("还没有评分项目。")
    for each in content.groups:
        if not each.items:
            yield _("分组「%(group)s」还没有评分项目。") % {"group": each.group}
    if not content.grades:
        yield _("还没有评分等级。")
    known = codes_with_source()
    reads = [(item.name, item.shape.reads()) for item in content.items]
    reads += [(veto.name, frozenset({veto.value})) for veto in content.vetoes]
    for name, codes in reads:
        if unknown := codes - known:
            told = _("「%(name)s」读取的%(codes)s没有数据来源。")
            yield told % {"name": name, "codes": names_told(unknown)}


def copy_version(version: RatingSchemeVersion, *, by: Any, note: str = "") -> RatingSchemeVersion:
    """A new draft with all that a version consists of. Raises ValidationError, OutOfScope."""
    content, act = content_of(version), uuid.uuid4()
    draft = RatingSchemeVersion(
        scheme=version.scheme,
        valid=version.valid,
        full_mark=version.full_mark,
        peer_class=version.peer_class,
        note=note,
    )
    copies = [(each, _copied(each.group)) for each in content.groups]
    draft.parts = [
        Parts("groups", [group for _each, group in copies]),
        Parts("grades", [_copied(grade) for grade in content.grades]),
        Parts("vetoes", [_copied(veto) for veto in content.vetoes]),
    ]
    reason = _("复制自%(version)s") % {"version": version}
    with transaction.atomic():
        actions.save(draft, by=by, reason=reason, act=act, needs=NEEDS)
        for each, group in copies:
            for item in each.items:
                copied = _copied(item)
                copied.group = group
                actions.save(copied, by=by, reason=reason, act=act, needs=NEEDS)
        draft.refresh_from_db(fields=["version"])
    return draft


# What a row has of its own, however like another one it is.
OWN = frozenset(
    {
        "id",
        "public_id",
        "version",
        "created_at",
        "updated_at",
        "deleted_at",
        "deleted_by",
        "deleted_reason",
        "basis",
    }
)


def _copied(row: R) -> R:
    """A new row with the values of another one."""
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in OWN}
    return type(row)(**values)


def warnings_of(version: RatingSchemeVersion) -> list[str]:
    """What is odd in a version, each in a sentence; none of it keeps the version from being published."""
    content = content_of(version)
    return [*_marks(content), *_grades(content), *_vetoes(content), *_items(content)]


def _marks(content: Content) -> Iterator[str]:
    full = content.version.full_mark
    if content.groups and content.marks != full:
        told = _("各分组满分合计 %(sum)s 分，与总分 %(full)s 分不一致。")
        yield told % {"sum": content.marks, "full": full}
    for each in content.groups:
        said = {"group": each.group, "full": each.group.full_mark}
        if each.group.is_bonus and each.group.full_mark > full:
            yield _("附加分「%(group)s」最多 %(full)s 分，超过总分。") % said
        for word, marks in each.marks.items():
            if each.items and marks != each.group.full_mark and not each.group.is_bonus:
                told = _(
                    "分组「%(group)s」的项目%(whose)s合计 %(sum)s 分，与分组满分 %(full)s 分不一致，将按比例折算。"
                )
                whose = _("对%(class)s") % {"class": word} if word else ""
                yield told % (said | {"whose": whose, "sum": marks})


def _grades(content: Content) -> Iterator[str]:
    most = content.version.full_mark + sum(
        (each.group.full_mark for each in content.groups if each.group.is_bonus), Decimal(0)
    )
    for grade in content.grades:
        if grade.least > most:
            said = {"grade": grade, "least": grade.least, "most": most}
            yield _("等级「%(grade)s」起评 %(least)s 分，高于最高可得的 %(most)s 分，无人能达到。") % said
    if content.grades and content.grades[-1].least > 0:
        lowest = content.grades[-1]
        yield _("不足 %(least)s 分的没有等级。") % {"least": lowest.least}
    stars = [grade.stars for grade in content.grades]
    if stars != sorted(stars, reverse=True):
        yield _("起评分数高的等级，星数反而少。")


def _vetoes(content: Content) -> Iterator[str]:
    if content.vetoes and content.version.scheme.level == Level.COMMUNITY:
        yield _(
            "对社区设有一票否决事项。民发〔2015〕136号和各地落实文件要求取消对社区的“一票否决”，请核对依据。"
        )


def _items(content: Content) -> Iterator[str]:
    names: dict[str, int] = {}
    for item in content.items:
        names[item.name] = names.get(item.name, 0) + 1
        if item.clause_id is None:
            yield _("「%(item)s」没有写依据条款。") % {"item": item}
        if item.most is not None and item.most > item.full_mark:
            said = {"item": item, "most": item.most, "full": item.full_mark}
            yield _("「%(item)s」最高得分 %(most)s 分，超过满分 %(full)s 分。") % said
        yield from _beyond(item)
        if _asks_nobody(item, content.version.scheme.level):
            yield _("「%(item)s」的适用条件只对社区有意义，本表的评分对象都不会被问到。") % {"item": item}
    for name, number in names.items():
        if number > 1:
            yield _("项目名称「%(name)s」出现 %(number)d 次。") % {"name": name, "number": number}


def _beyond(item: RatingItem) -> Iterator[str]:
    """A rule that may give more than the full mark, where the item itself has no most that would stop it."""
    most = reach(item.shape, item.full_mark).most
    if item.most is None and most > item.full_mark:
        told = _("「%(item)s」按规则最多可得 %(most)s 分，超过满分 %(full)s 分；如不允许，请填写最高得分。")
        yield told % {"item": item, "most": number_text(most), "full": item.full_mark}


def _asks_nobody(item: RatingItem, level: int) -> bool:
    """Whether an item is limited to classes that no place of the level has: only communities are built and kept."""
    return level != Level.COMMUNITY and bool(item.building_classes or item.community_kinds)
