"""How two versions of a rating scheme differ, row by row, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.encoding import force_str
from django.utils.translation import gettext as _

from communities.base.models import Row
from communities.base.tables import describe
from portal.scorecards.models import RatingItem, RatingSchemeVersion, RatingVeto
from portal.scorecards.scheme_words import rule_words, veto_words
from portal.scorecards.schemes import Content, content_of

VERSION_FIELDS = ("valid", "full_mark", "peer_class", "note")
# Of a veto its value, operator and bound in one sentence.
CONDITION = "condition"
FIELDS: dict[str, tuple[str, ...]] = {
    "groups": ("full_mark", "is_bonus", "may_go_below_zero"),
    "items": (
        "group",
        "full_mark",
        "rule",
        "least",
        "most",
        "places",
        "mode",
        "not_applicable",
        "clause",
        "building_classes",
        "location_classes",
        "community_kinds",
        "evidence",
        "method",
    ),
    "grades": ("stars", "least"),
    "vetoes": (CONDITION, "effect"),
}
# Told of a row that is in one version only even where they are as usual: they decide about points and grades.
DECISIVE = frozenset({"not_applicable", "effect"})


class Kind(StrEnum):
    """What became of a row."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


WORDS = {Kind.ADDED: "新增", Kind.REMOVED: "删除", Kind.CHANGED: "修改"}


@dataclass(frozen=True)
class FieldDifference:
    """One field in people's words, as it was and as it is."""

    name: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Difference:
    """One row that is in one version only, with what it says there, or differs in some fields."""

    kind: Kind
    model: str
    name: str
    fields: tuple[FieldDifference, ...] = ()

    @property
    def word(self) -> str:
        return WORDS[self.kind]


def differences(old: RatingSchemeVersion, new: RatingSchemeVersion) -> list[Difference]:
    """What ``new`` adds, leaves out and changes.

    Rows are known by their names, items under another name by what they rest on and read.
    """
    before, after = content_of(old), content_of(new)
    found: list[Difference] = []
    if fields := changed(old, new, VERSION_FIELDS):
        found.append(Difference(Kind.CHANGED, label_of(old), force_str(new), fields))
    for part, names in FIELDS.items():
        if part == "items":
            found += _items(before, after, names)
        else:
            found += _rows(rows_of(before, part), rows_of(after, part), names)
    return found


def previous_of(version: RatingSchemeVersion, user: Any) -> RatingSchemeVersion | None:
    """The version with the next lower number that the user may read, where there is one."""
    found: RatingSchemeVersion | None = (
        RatingSchemeVersion.objects.visible_to(user)
        .live()
        .filter(scheme=version.scheme_id, number__lt=version.number)
        .select_related("scheme")
        .order_by("-number")
        .first()
    )
    return found


def rows_of(content: Content, part: str) -> dict[str, Row]:
    """The rows of one kind by name."""
    listed: Any = [each.group for each in content.groups] if part == "groups" else getattr(content, part)
    return {row.name: row for row in listed}


def _items(before: Content, after: Content, names: tuple[str, ...]) -> Iterator[Difference]:
    """Items of a name that stands in several groups of either version are known by both names."""
    contents = (before, after)
    repeated = {
        name
        for content in contents
        for name, number in Counter(item.name for item in content.items).items()
        if number > 1
    }
    old, new = ({_item_name(item, repeated): item for item in _in_groups(each)} for each in contents)
    renamed = _renamed(
        {name: item for name, item in old.items() if name not in new},
        {name: item for name, item in new.items() if name not in old},
    )
    yield from _rows({renamed.get(name, name): item for name, item in old.items()}, new, ("name", *names))


def _in_groups(content: Content) -> Iterator[RatingItem]:
    for each in content.groups:
        for item in each.items:
            item.group = each.group
            yield item


def _item_name(item: RatingItem, repeated: Container[str]) -> str:
    return f"{item.name}({item.group.name})" if item.name in repeated else item.name


def _renamed(gone: Mapping[str, RatingItem], come: Mapping[str, RatingItem]) -> dict[str, str]:
    """Old and new names of items that alone, in either version, rest on one clause and read the same values."""
    old, new = _by_sense(gone), _by_sense(come)
    return {old[sense]: new[sense] for sense in old.keys() & new.keys()}


def _by_sense(items: Mapping[str, RatingItem]) -> dict[tuple[int | None, frozenset[str]], str]:
    """The names of items by clause and values read, where only one has them."""
    senses = {name: (item.clause_id, item.shape.reads()) for name, item in items.items()}
    number = Counter(senses.values())
    return {sense: name for name, sense in senses.items() if number[sense] == 1}


def _rows(old: Mapping[str, Any], new: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Difference]:
    for name, row in new.items():
        if name not in old:
            said = tuple(FieldDifference(field, label, "", text) for field, label, text in told(row, names))
            yield Difference(Kind.ADDED, label_of(row), name, said)
        elif fields := changed(old[name], row, names):
            yield Difference(Kind.CHANGED, label_of(row), name, fields)
    for name, row in old.items():
        if name not in new:
            said = tuple(FieldDifference(field, label, text, "") for field, label, text in told(row, names))
            yield Difference(Kind.REMOVED, label_of(row), name, said)


def label_of(row: Any) -> str:
    """What people call the kind of a row."""
    return str(row._meta.verbose_name)


def told(row: Any, names: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """What a row says by itself: (field, its label, its value in words), without what is empty or as usual."""
    for name in names:
        if name == CONDITION or not (name == "name" or _is_usual(row, name)):
            yield name, label_in(row, name), in_words(row, name)


def _is_usual(row: Any, name: str) -> bool:
    value = getattr(row, name)
    if value is None or value in ("", []):
        return True
    return name not in DECISIVE and value == row._meta.get_field(name).default


def changed(old: Any, new: Any, names: tuple[str, ...]) -> tuple[FieldDifference, ...]:
    """The fields that read differently."""
    found = []
    for name in names:
        before, after = in_words(old, name), in_words(new, name)
        if name == "clause" and before == after:
            before, after = wording_of(old), wording_of(new)
        if before != after:
            found.append(FieldDifference(name, label_in(old, name), before, after))
    return tuple(found)


def wording_of(item: RatingItem) -> str:
    """What the clause of an item said at publishing, or says now: it may have been put right in between."""
    basis = item.basis_at_hand
    return "" if basis is None else f"{basis.document}{basis.label}：{basis.text}"


def label_in(row: Any, name: str) -> str:
    """What people call a field."""
    return _("条件") if name == CONDITION else str(row._meta.get_field(name).verbose_name)


def in_words(row: Any, name: str) -> str:
    """A field's value as people read it; nothing as 空."""
    if name == "rule" and isinstance(row, RatingItem):
        return rule_words(row)
    if name == CONDITION and isinstance(row, RatingVeto):
        return veto_words(row)
    value = getattr(row, name)
    if value is None or value in ("", []):
        return _("空")
    if row._meta.get_field(name).is_relation:
        return str(value)
    return str(describe(row, name, None))
