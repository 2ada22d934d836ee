"""What a register needs so that its rows can be submitted for a decision; pure declarations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.base.models import Row
from communities.base.roles import Action, roles_allowing


@dataclass(frozen=True)
class Subject:
    """A kind of thing that is decided on (审批事项).

    ``model`` is the label of its rows, which inherit :class:`Approvable`. ``passed`` is called with the row and the
    user who decided last, in the transaction of the decision: what it raises undoes the decision.
    """

    code: str
    name: Any
    model: str
    passed: Callable[..., Any]


# Each app adds its own in ``apps.ready``, by code.
SUBJECTS: dict[str, Subject] = {}


def declare(subject: Subject) -> None:
    """Raises ValueError where the code is taken by another."""
    if SUBJECTS.setdefault(subject.code, subject) != subject:
        raise ValueError(f"{subject.code} is declared twice")


def subject_choices() -> list[tuple[str, Any]]:
    """For lists: what has a code and a name."""
    return [(code, subject.name) for code, subject in sorted(SUBJECTS.items())]


def subject_names(codes: Iterable[str]) -> str:
    """What is decided on, in people's words; of none: everything."""
    named = [str(SUBJECTS[code].name) if code in SUBJECTS else code for code in codes]
    return "、".join(named) or str(_("全部事项"))


def check_subject(code: str) -> None:
    """Validator: something that is decided on."""
    if code not in SUBJECTS:
        raise ValidationError(_("没有这种审批事项：%(code)s。"), code="unknown", params={"code": code})


def check_decides(code: str) -> None:
    """Validator: a role that may decide."""
    if code not in roles_allowing(Action.APPROVE):
        raise ValidationError(_("这个角色不能审批。"), code="may_not_decide")


def digest_of(values: Mapping[str, Any]) -> str:
    """SHA-256 of recorded values, whatever their order."""
    told = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


class Approvable(Row):
    """A row that counts only once it is passed. Its case, made when it is first submitted, tells how far it is.

    While a case is open, and for good once it is decided, the row stays as it was submitted: who wants to change
    it withdraws it first, or is given it back.
    """

    # The code of its :class:`Subject`.
    approval: ClassVar[str]

    case = models.OneToOneField(
        "communities.ApprovalCase",
        verbose_name=_("审批"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="%(class)s",
    )

    class Meta:
        abstract = True

    def require_free(self) -> None:
        """Raises ValidationError where what was submitted must stay as it is."""
        case: Any = self.case
        if case is not None and case.is_fixed:
            raise ValidationError(case.why_fixed, code="submitted")

    def check_beside(self) -> None:
        super().check_beside()
        if self.pk is not None:
            self.require_free()

    def check_removal(self) -> None:
        super().check_removal()
        self.require_free()

    def approval_division_id(self) -> int:
        """The place whose approvers are asked."""
        found = self.scope_division_id()
        if found is None:
            raise ValueError(f"{self} lies nowhere")
        return found

    def approval_title(self) -> str:
        """One line for lists; without personal data."""
        return self.record_label()

    def approval_amount(self) -> Any:
        """Yuan, for steps that hang on an amount; None: none is asked for."""
        return None
