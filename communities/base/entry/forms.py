"""A register's entry form: which fields may be written, read by the fields of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField, DateRangeField, IntegerRangeField
from django.core.validators import BaseValidator
from django.db import connection, models
from django.db.models import QuerySet
from django.forms.utils import ErrorDict
from django.urls import reverse

from communities.base import wording
from communities.base.entry import ends, fields
from communities.base.models import Parts, Row
from communities.base.roles import Action
from communities.base.tables import ROUTES

# The entry form of each model that people write into, by model label.
ENTRIES: dict[str, type[EntryForm]] = {}


@dataclass(frozen=True)
class Group:
    """Fields under one heading of a page."""

    title: Any
    names: tuple[str, ...]


@dataclass(frozen=True)
class LateCheck:
    """A rule that a trigger holds for one row, asked before anything is written: one question for many rows.

    ``fails`` is SQL over ``s``, a row with the register's columns and its key ``row_pk`` (NULL for a new one);
    ``reads`` names the fields without which it cannot be asked, ``name`` the one that is wrong (empty: the row).
    ``told`` is SQL for what stands in the message in the place of ``{line}``.
    """

    reads: tuple[str, ...]
    fails: str
    message: Any
    code: str = "invalid"
    name: str = ""
    told: str = "0"


def checks_of(field: models.Field) -> list[Any]:
    """The model's own validators; bounds that say nothing of their own say what ours say."""
    found = []
    for check in field._validators:  # type: ignore[attr-defined] # noqa: SLF001 - the model's own rules
        own = copy(check)
        if isinstance(own, BaseValidator) and own.message == type(own).message:
            wording.reword_bound(own, counted=False)
        found.append(own)
    return found


def entry_field(field: models.Field, **_kwargs: Any) -> forms.Field | None:  # noqa: PLR0911 - one kind each
    """The entry field of a model field; validators of the model go along, constraints are the row's own."""
    common: dict[str, Any] = {
        "label": field.verbose_name,
        "help_text": field.help_text,
        "required": not field.blank,
        "initial": field.default if field.has_default() else None,
        "validators": [] if field.choices else checks_of(field),
    }
    match field:
        case _ if field.choices:
            return fields.PickField(choices=field.choices, **common)
        case models.ForeignKey():
            target: Any = field.related_model
            return fields.RowField(names=names_of(target), told_apart_by=target.told_apart_by, **common)
        case models.BooleanField():
            return fields.TruthField(**common)
        case models.DecimalField():
            return fields.AmountField(places=field.decimal_places, digits=field.max_digits, **common)
        case models.IntegerField():
            least, most = connection.ops.integer_field_range(field.get_internal_type())
            return fields.WholeField(least=least, most=most, **common)
        case models.DateField():
            return fields.DayField(**common)
        case DateRangeField() | IntegerRangeField() | ArrayField():
            return several(field, common)
        case models.TextField():
            return fields.WordsField(lines=True, **common)
        case models.CharField():
            return fields.WordsField(max_length=field.max_length, **common)
    raise TypeError(f"no way to enter {field}")


def several(field: models.Field, common: dict[str, Any]) -> forms.Field:
    """For a field that holds more than one value: two ends, or words of a list."""
    match field:
        case DateRangeField():
            return ends.SpanField(label=field.verbose_name, help_text=field.help_text)
        case ArrayField():
            return fields.PicksField(choices=field.base_field.flatchoices, **common | {"validators": []})
    return ends.WholeSpanField(label=field.verbose_name, help_text=field.help_text)


def names_of(model: Any) -> tuple[str, ...]:
    """The columns by which people name a row of a model in a form or cell."""
    known = {field.name for field in model._meta.concrete_fields}
    return tuple(name for name in ("code_now", "name_now", "name", "title", "label") if name in known)


class EntryForm(forms.ModelForm):
    """One row as somebody enters it. A register names ``Meta.model``, ``Meta.fields`` and ``groups``.

    ``instance.version`` must be the version that the writer read; ``actions.save`` compares it. ``user`` limits
    which rows a field may name.
    """

    action: ClassVar[Action] = Action.EDIT_REGISTERS
    groups: ClassVar[tuple[Group, ...]]
    # Units of quantities, by field.
    units: ClassVar[Mapping[str, Any]] = {}
    # By what a row without an id is recognised as one that stands in the register already.
    alike: ClassVar[tuple[str, ...]] = ()
    late_checks: ClassVar[tuple[LateCheck, ...]] = ()
    # What the example row of a template shows, by field: codes of a list's words, two days for a time. Rows that
    # a field names are taken from those on offer; required days without an example are those of the template.
    examples: ClassVar[Mapping[str, Any]] = {}
    # Rows that are parts of this one and are written with it, by the name of the relation.
    parts: ClassVar[Mapping[str, type[PartForm]]] = {}
    # Whether what is being typed is kept on the server; never where it tells of people.
    keeps_drafts: ClassVar[bool] = True
    # Fields that may be changed in many rows at once; None: all but relations and what a row is recognised by.
    in_bulk: ClassVar[tuple[str, ...] | None] = None
    # Columns that nobody enters and the rules across rows look at.
    also_checked: ClassVar[frozenset[str]] = frozenset()
    # What the API calls a field, where that differs: the place of an enduring thing is its ``division``.
    api_names: ClassVar[Mapping[str, str]] = {"division_now": "division"}

    class Meta:
        formfield_callback = entry_field

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for name, field in self.fields.items():
            if isinstance(field, fields.RowField):
                field.rows = self.rows_for(name)
                if self.instance.pk is not None:
                    self.initial[name] = field.current = getattr(self.instance, name)
            if name in self.units:
                field.unit = self.units[name]  # type: ignore[attr-defined] # quantities have one

    def rows_for(self, name: str) -> Callable[[], QuerySet[Any]]:
        """The rows that field ``name`` may point to: live ones where the writer may write."""
        target: Any = self._meta.model._meta.get_field(name).related_model

        def rows() -> QuerySet[Any]:
            found = target.objects.visible_to(self.user, self.action)
            return found.live() if issubclass(target, Row) else found

        return rows

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # Django's own
        return excluded - self.also_checked

    @classmethod
    def bulk_names(cls) -> list[str]:
        """The fields that may be changed in many rows at once."""
        if cls.in_bulk is not None:
            return list(cls.in_bulk)
        return [
            name
            for name, field in cls.base_fields.items()
            if name not in cls.alike and not isinstance(field, fields.RowField)
        ]

    def take_parts(self, name: str, given: list[PartForm], gone: list[Row]) -> None:
        """What the entry says of one kind of parts: ``given`` stay or are new, ``gone`` are taken out."""
        kept: list[Row] = [form.instance for form in given]
        untouched = {form.instance.pk for form in given if form.is_untouched}
        self.instance.parts = [
            *(parts for parts in self.instance.parts if parts.name != name),
            Parts(name, kept, untouched, gone),
        ]

    def live_parts(self, name: str) -> list[Any]:
        """The parts of one kind that the row has now."""
        return list(getattr(self.instance, name).live()) if self.instance.pk is not None else []

    def twin(self) -> Any | None:
        """A row that stands already and is alike: of a valid new one, whose writer may not know of it."""
        unique = (
            set(rule.fields)
            for rule in self._meta.model._meta.constraints
            if isinstance(rule, models.UniqueConstraint)
        )
        # What the database refuses anyway needs no asking.
        if (
            not self.alike
            or self.instance.pk is not None
            or any(names <= set(self.alike) for names in unique)
        ):
            return None
        values = {name: self.cleaned_data[name] for name in self.alike}
        exact = {name: value for name, value in values.items() if value is not None}
        empty = {f"{name}__isnull": True for name, value in values.items() if value is None}
        rows: Any = self._meta.model.objects
        return rows.visible_to(self.user, self.action).live().filter(**exact, **empty).first()

    def leave_unjudged(self) -> None:
        """Show what was typed so far without saying what is wrong with it: nobody has sent it yet."""
        self._errors = ErrorDict()
        self.cleaned_data = {}

    @classmethod
    def row_names(cls) -> list[str]:
        """The fields that name another row."""
        return [name for name, field in cls.base_fields.items() if isinstance(field, fields.RowField)]

    def offer(self) -> None:
        """Give the fields that name rows their lists, before a page shows them."""
        for name in self.row_names():
            field = self.fields.get(name)
            if isinstance(field, fields.RowField):
                field.offer(reverse(f"{ROUTES[self._meta.model._meta.label]}-rows-{name}"))

    @property
    def searches(self) -> bool:
        """Whether a field has too many rows for a list, so that its page needs the script that searches."""
        return any(isinstance(field, fields.RowField) and field.is_named for field in self.fields.values())

    def offered(self) -> Iterator[tuple[Group, list[forms.BoundField]]]:
        """The groups with their fields, as a page shows them."""
        for group in self.groups:
            yield group, [self[name] for name in group.names if name in self.fields]


class PartForm(EntryForm):
    """A row that is a part of another one, entered with it: a zone of rooms, a clause of a document."""

    class Meta(EntryForm.Meta):
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = {name: getattr(self.instance, name) for name in self.fields}

    @property
    def is_untouched(self) -> bool:
        """Whether the entry leaves a stored part as it is."""
        return self.instance.pk is not None and self.before == {
            name: getattr(self.instance, name) for name in self.fields
        }
