"""What was submitted, round by round, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from communities.base.approvals import Approvable, digest_of
from communities.base.records import plain, values_of
from communities.models import ApprovalCase, ApprovalRound


@dataclass(frozen=True)
class Difference:
    """A field of what was submitted: recorded values of the round before and of the last one."""

    name: str
    before: Any
    after: Any


def submitted_values(row: Approvable) -> dict[str, Any]:
    """The row and its parts as a round keeps them: personal values masked, parts in their order."""
    values = values_of(row, _not_entered(row))
    for name, parts in parts_of(row).items():
        values[name] = [values_of(part, {*_not_entered(part), part.part_of}) for part in parts]
    return values


def sealed(row: Approvable) -> str:
    """The digest of all that was submitted, personal values in plain."""
    told = {"row": _whole(row)} | {
        name: [_whole(part) for part in parts] for name, parts in parts_of(row).items()
    }
    return digest_of(told)


def _whole(row: Any) -> dict[str, Any]:
    return {
        field.attname: plain(field.value_from_object(row))
        for field in row._meta.concrete_fields
        if field.name not in _not_entered(row)
    }


def _not_entered(row: Any) -> set[str]:
    """What nobody enters: bookkeeping, and what came of a decision."""
    return {field.name for field in row._meta.concrete_fields if not field.editable}


def parts_of(row: Any) -> dict[str, list[Any]]:
    """Live parts of a row by the relation through which they are reached."""
    found = {}
    for relation in row._meta.related_objects:
        model: Any = relation.related_model
        if getattr(model, "part_of", "") and relation.field.name == model.part_of:
            found[relation.get_accessor_name()] = list(getattr(row, relation.get_accessor_name()).live())
    return found


def differences(case: ApprovalCase) -> list[Difference]:
    """What the last round says otherwise than the one before; nothing in a first round."""
    rounds: list[ApprovalRound] = list(case.rounds.order_by("-number")[:2])
    if len(rounds) < 2:
        return []
    last, former = rounds
    names = [*last.values, *(name for name in former.values if name not in last.values)]
    return [
        Difference(name, former.values.get(name), last.values.get(name))
        for name in names
        if former.values.get(name) != last.values.get(name)
    ]
