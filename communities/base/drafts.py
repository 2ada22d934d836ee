"""What is being typed into an entry form, kept on the server until it is saved as a record.

A draft belongs to one user, form and row. It is taken away when the record is saved, when its writer discards it
or signs out, and after :data:`KEPT_FOR`; what it holds is written into no log and no change record.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

KEPT_FOR = dt.timedelta(days=7)
# The longest form, a document with its clauses, is far below.
MOST_CHARACTERS = 300_000


def _drafts() -> Any:
    return apps.get_model("communities", "Draft").objects


# Why a row is changed; an exemption has a reason of its own.
REASON = "change_reason"


def names_kept(entry: Any, sent: Any) -> Iterator[str]:
    """Which of the names that a page sent are fields of the form, of its parts or rules, or the reason."""
    rules = (name for name, field in entry.base_fields.items() if getattr(field, "is_spread", False))
    parts = (*(f"{name}-" for name in entry.parts), *(f"{name}." for name in rules))
    spans = {f"{name}_{end}" for name in entry.base_fields for end in (0, 1)}
    for name in sent:
        if name in entry.base_fields or name in spans or name == REASON or name.startswith(parts):
            yield name


def draft_of(user: Any, form: str, row: uuid.UUID | None) -> Any | None:
    """The draft that the user has of a form; None where there is none, or only one past its term."""
    found = _drafts().filter(user=user, form=form, row=row, kept_at__gt=timezone.now() - KEPT_FOR)
    return found.first()


def keep(
    user: Any,
    form: str,
    row: uuid.UUID | None,
    *,
    version: int | None,
    typed: QueryDict,
    names: Iterable[str],
) -> Any:
    """Put what was typed into the fields ``names`` in the place of what was there. Raises ValidationError."""
    content = {name: [text.replace("\x00", "") for text in typed.getlist(name)] for name in names}
    if sum(len(text) for listed in content.values() for text in listed) > MOST_CHARACTERS:
        raise ValidationError(_("内容过长，草稿没有保存。"))
    draft, _made = _drafts().update_or_create(
        user=user, form=form, row=row, defaults={"content": content, "version": version}
    )
    return draft


def discard(user: Any, form: str, row: uuid.UUID | None) -> None:
    """It was saved as a record, or is not wanted any more."""
    _drafts().filter(user=user, form=form, row=row).delete()


def typed_in(draft: Any) -> QueryDict:
    """A draft's content as a page would send it."""
    typed = QueryDict(mutable=True)
    for name, listed in draft.content.items():
        typed.setlist(name, [str(text) for text in listed])
    return typed


def forget_all(user: Any) -> None:
    """Whoever signs out leaves nothing behind."""
    _drafts().filter(user=user).delete()


def expire() -> int:
    """Take away what is past its term; how many."""
    number, _kinds = _drafts().filter(kept_at__lte=timezone.now() - KEPT_FOR).delete()
    return int(number)
