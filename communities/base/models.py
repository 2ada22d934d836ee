"""Abstract models: what every row of the registers has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import Range
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from communities.base.querysets import today

if TYPE_CHECKING:
    from django.db.models.constraints import BaseConstraint


def take_turn(what: str) -> None:
    """Wait until no other transaction has the turn at ``what``, and keep it until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])


def is_same(one: Any, other: Any) -> bool:
    """Whether two values mean the same; the database writes a range without ends otherwise than a form does."""
    if isinstance(one, Range) and isinstance(other, Range):
        return (one.lower, one.upper, one.isempty) == (other.lower, other.upper, other.isempty)
    return bool(one == other)


class NewPublicId(Func):
    """A UUIDv7 made by the database, so that rows from COPY get theirs in the same way."""

    function = "new_public_id"
    template = "%(function)s()"
    output_field = models.UUIDField()


@dataclass(frozen=True)
class Parts:
    """The parts of a row as an entry leaves them, written with it in one act.

    ``name`` is the relation; ``kept`` are all that stay or are new, in the order of the entry; the keys of those
    in which nothing differs are ``untouched``; ``gone`` are those taken out.
    """

    name: str
    kept: Sequence[Row]
    untouched: Collection[int] = ()
    gone: Sequence[Row] = ()


class Row(models.Model):
    """A row that people and other systems can name.

    ``public_id`` is the only id in addresses, answers and files; ``version`` counts the writes (optimistic
    lock, ETag). A deleted row stays, with who, when and why; unique rules hold among live rows.
    """

    public_id = models.UUIDField(_("编号"), db_default=NewPublicId(), unique=True, editable=False)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)
    deleted_at = models.DateTimeField(_("删除时间"), null=True, blank=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("删除人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    deleted_reason = models.CharField(_("删除原因"), max_length=200, blank=True, editable=False)

    # The key to the row that this one is a part of, and goes with; empty for rows that stand alone.
    part_of: ClassVar[str] = ""

    # What an entry says about the rows that are parts of this one; empty: they stay as they are.
    parts: Sequence[Parts] = ()

    # What to say when a rule across rows, held by a trigger of the database, is broken: by its name.
    trigger_messages: ClassVar[Mapping[str, Any]] = {}

    # At which field the breach of a constraint or of such a rule is told, by its name: the first to be looked at.
    constraint_fields: ClassVar[Mapping[str, str]] = {}

    # Fields whose values never enter a change record in plain.
    personal_fields: ClassVar[frozenset[str]] = frozenset()

    # Look-ups of the divisions whose measures hang on this row; in the scope of the first its changes are read.
    affects: ClassVar[tuple[str, ...]] = ()

    # What ``clean`` reads of the row: the same values need be asked once only. Empty: all of it.
    clean_reads: ClassVar[tuple[str, ...]] = ()

    # The look-up of a code that tells this row from others of the same name.
    told_apart_by: ClassVar[str] = ""

    class Meta:
        abstract = True

    def affected_divisions(self) -> Iterable[int]:
        """Ids of the divisions whose measures may change when this row changes (each with all below it)."""
        found = []
        for path in self.affects:
            row: Any = self
            *steps, last = path.split("__")
            for step in steps:
                row = getattr(row, step) if row is not None else None
            if row is not None:
                found.append(getattr(row, f"{last}_id"))
        return dict.fromkeys(found)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django does, with the breach of a rule told at the field that the model names for it."""
        errors: dict[str, list[ValidationError]] = {}
        left_out = set(exclude or ())
        for model, constraints in self.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, self, exclude=left_out)
                except ValidationError as error:
                    name = self.constraint_fields.get(constraint.name, NON_FIELD_ERRORS)
                    # What a form does not ask for cannot be marked there.
                    where = NON_FIELD_ERRORS if name in left_out else name
                    errors.setdefault(where, []).extend(error.error_list)
        if errors:
            raise ValidationError(errors)

    def check_beside(self) -> None:
        """Raises ValidationError where the row contradicts other live rows; asked in the transaction of the write.

        What a constraint can say is said by one. Rows of one act are asked one after the other, so that one
        may be ended and another follow it.
        """

    def check_removal(self) -> None:
        """Raises ValidationError where the row must stay although nothing points to it."""

    def record_label(self) -> str:
        """How change records name this row; without personal data."""
        return str(self)

    def scope_division_id(self) -> int | None:
        """The division in whose scope a change record of this row is read."""
        return next(iter(self.affected_divisions()), None)


class Placement(models.Model):
    """Where an enduring thing stands, by period: one place at a time.

    A merger or split of places closes and opens these rows; the thing itself keeps its identity. A
    subclass adds the key ``thing`` and takes its constraints from :meth:`one_place_at_a_time`.
    """

    division = models.ForeignKey(
        "communities.Division", verbose_name=_("所在地"), on_delete=models.PROTECT, related_name="+"
    )
    valid = DateRangeField(_("有效期"))

    class Meta:
        abstract = True

    @staticmethod
    def one_place_at_a_time(thing: str, name: str) -> list[BaseConstraint]:
        return [
            ExclusionConstraint(
                name=f"{name}_one_place",
                expressions=[(F(thing), RangeOperators.EQUAL), (F("valid"), RangeOperators.OVERLAPS)],
                violation_error_message=_("同一时间只能有一个所在地。"),
            ),
            not_empty("valid", f"{name}_valid_not_empty"),
        ]


def not_in_future(day: dt.date) -> None:
    """Validator of days on which something has been done: counted, stated, elected, handed over, issued."""
    now = today()
    if day > now:
        told = _("不能晚于今天(%(today)s)。")
        raise ValidationError(told, code="future", params={"today": now.isoformat()})


def not_empty(field: str, name: str) -> models.CheckConstraint:
    """A date range must hold at least one day."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isempty": False}),
        name=name,
        violation_error_message=_("有效期不能为空：结束日期须晚于开始日期。"),
    )


def unique_live(*fields: str, name: str, message: Any) -> models.UniqueConstraint:
    """A unique rule among the rows that are not deleted."""
    return models.UniqueConstraint(
        fields=fields, condition=Q(deleted_at__isnull=True), name=name, violation_error_message=message
    )
