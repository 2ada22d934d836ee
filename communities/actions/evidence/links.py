"""Evidence linked to things of the registers, and things told with their evidence."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.urls import get_resolver

from communities.base import actions
from communities.base.entry.forms import ENTRIES
from communities.base.models import Row
from communities.base.roles import Action
from communities.base.tables import ROUTES
from communities.models import Evidence, EvidenceLink

WRITING = Action.EDIT_REGISTERS


def is_linkable(model: Any) -> bool:
    """Rows of the registers that have pages, other than evidence itself."""
    # Registers are declared with their addresses, which a worker has not loaded yet.
    get_resolver().url_patterns  # noqa: B018 - loads them
    entry = ENTRIES.get(model._meta.label)
    return (
        entry is not None
        and entry.action == WRITING
        and model is not Evidence
        and model._meta.label in ROUTES
    )


def thing_named(text: str, user: Any) -> Any:
    """The live row that ``communities.Premises:UUID`` names, where the user may write.

    Raises ObjectDoesNotExist, for what is no such name and for what is beyond him alike.
    """
    label, _colon, public_id = text.partition(":")
    try:
        model: Any = apps.get_model(label)
        wanted = uuid.UUID(public_id)
    except (LookupError, ValueError) as error:
        raise ObjectDoesNotExist from error
    if not is_linkable(model):
        raise ObjectDoesNotExist
    return model.objects.visible_to(user, WRITING).live().get(public_id=wanted)


def name_of(thing: Row) -> str:
    """By what :func:`thing_named` finds a row."""
    return f"{thing._meta.label}:{thing.public_id}"


def link_evidence(evidence: Evidence, thing: Row, *, by: Any, reason: str = "") -> EvidenceLink:
    """Say that evidence is for a thing; both must be the writer's to write.

    Raises ValidationError where it is said already, PermissionDenied beyond his places.
    """
    rows: Any = type(thing)._default_manager
    if not is_linkable(type(thing)):
        raise PermissionDenied
    if by is not None and not rows.visible_to(by, WRITING).live().filter(pk=thing.pk).exists():
        raise PermissionDenied
    row = EvidenceLink(
        evidence=evidence,
        model=thing._meta.label,
        object_id=thing.public_id,
        object_label=thing.record_label()[:200],
    )
    actions.save(row, by=by, reason=reason, needs=WRITING)
    return row


@dataclass(frozen=True)
class Told:
    """A link as its reader sees it."""

    link: EvidenceLink
    thing: Any


def things_of(evidence: Evidence, user: Any) -> tuple[list[Told], int]:
    """What the evidence is for, as far as the reader sees it, removed things too; and how many lie beyond."""
    links = list(evidence.links.live())
    found: dict[tuple[str, uuid.UUID], Any] = {}
    for label in {link.model for link in links}:
        for thing in _seen(label, [link.object_id for link in links if link.model == label], user):
            found[label, thing.public_id] = thing
    told = [
        Told(link, found[link.model, link.object_id])
        for link in links
        if (link.model, link.object_id) in found
    ]
    return told, len(links) - len(told)


def thing_of(link: EvidenceLink, user: Any) -> Any | None:
    """What a link is to, removed or not; None for what the reader does not see."""
    return next(iter(_seen(link.model, [link.object_id], user)), None)


def _seen(label: str, ids: Iterable[uuid.UUID], user: Any) -> Iterable[Any]:
    try:
        model: Any = apps.get_model(label)
    except LookupError:
        return ()
    seen: Iterable[Any] = model.objects.visible_to(user, Action.VIEW).filter(public_id__in=list(ids))
    return seen


def evidence_of(thing: Row, user: Any, most: int) -> tuple[list[EvidenceLink], int]:
    """The links to a thing whose evidence the reader sees, the latest day first; and how many there are in all."""
    links = EvidenceLink.objects.live().to(thing)
    seen = links.visible_to(user, Action.VIEW).select_related("evidence__stored", "evidence__division")
    return list(seen.order_by("-evidence__taken_on", "pk")[:most]), links.count()


def used_elsewhere(evidence: Evidence, user: Any, most: int) -> tuple[list[Evidence], int]:
    """Where else its content is used: what the reader sees, the latest day first; and the number of all others."""
    others: Any = evidence.also_used()
    seen = others.visible_to(user, Action.VIEW).select_related("division").order_by("-taken_on", "pk")
    shown = list(seen[:most])
    return shown, others.count() - len(shown)
