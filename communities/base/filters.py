"""Filter sets shared by pages, API and export: an allow-list of parameters, each with its meaning.

A parameter that nobody declared is an error, never ignored: a misspelt filter would show everything. A filter
that takes an id looks it up among the rows the user may see, so that an unknown id and a foreign one are the
same: :attr:`RegisterFilterSet.names_unknown_row` is set, and pages and API answer 404.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar

import django_filters
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from communities.base import wording
from communities.base.roles import Action

Rows = Callable[[Any], QuerySet]

NOT_FOUND = "not_found"
# The parameter by which a list shows removed rows instead of those that stand.
REMOVED = "removed"
UNKNOWN_PARAMETER = "unknown_parameter"
REPEATED_PARAMETER = "repeated_parameter"
NULL_CHARACTER = "null_characters_not_allowed"  # as Django names it
PLAIN_NUMBER = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
TRUTH: Any = (("true", _("是")), ("false", _("否")))


class FilterForm(forms.Form):
    """Validates the parameters of one list."""

    # Names that the list itself reads (paging, ordering); set by the filter set.
    also: frozenset[str] = frozenset()

    def unknown(self) -> list[str]:
        """Parameters that are neither filters nor the list's own."""
        return sorted(name for name in self.data if name not in self.fields and name not in self.also)

    def repeated(self) -> list[str]:
        """Parameters given more than once that take one value."""
        if not hasattr(self.data, "getlist"):
            return []
        single = (
            name for name, field in self.fields.items() if not isinstance(field, forms.MultipleChoiceField)
        )
        return [name for name in single if len(self.data.getlist(name)) > 1]

    def add_error(self, field: str | None, error: Any) -> None:
        """The framework's own words give way to those that forms and workbooks use."""
        listed = getattr(error, "error_list", None)
        if field is not None and listed and not hasattr(error, "error_dict"):
            error = ValidationError([self.in_our_words(self.fields[field], field, each) for each in listed])
        super().add_error(field, error)

    def in_our_words(self, field: Any, name: str, error: ValidationError) -> ValidationError:
        """Django's words for a null character are not Chinese that anybody speaks."""
        if error.code != NULL_CHARACTER:
            return wording.reworded(field, error)
        told = {"field": field.label or name}
        return ValidationError(
            _("「%(field)s」中有空字符，请删除后重新填写。"), code=NULL_CHARACTER, params=told
        )

    def clean(self) -> dict[str, Any] | None:
        for name in self.repeated():
            self.add_error(name, ValidationError(_("此参数只能给一个值。"), code=REPEATED_PARAMETER))
        for name in self.unknown():
            self.add_error(
                None,
                ValidationError(
                    _("不认识的参数「%(name)s」。"), code=UNKNOWN_PARAMETER, params={"name": name[:50]}
                ),
            )
        return super().clean()


# The filter set of each register's list, by model label; filled by ``communities.base.urls.register``.
FILTER_SETS: dict[str, type[RegisterFilterSet]] = {}


class RegisterFilterSet(django_filters.FilterSet):
    """What one may ask a register.

    ``also`` names the parameters that the list itself reads (page size, cursor, ordering); a page and the API
    give different ones. Nothing is filtered when the parameters are wrong: ask :meth:`is_valid` first.
    """

    # The action in whose scope ids in parameters are looked up.
    action: ClassVar[Action] = Action.VIEW

    class Meta:
        form = FilterForm

    def __init__(
        self,
        data: Any = None,
        queryset: QuerySet | None = None,
        *,
        request: Any = None,
        prefix: str | None = None,
        also: Iterable[str] = (),
        offers_removed: bool = False,
    ) -> None:
        """``offers_removed``: whether removed rows may be asked for; the list itself gives them."""
        super().__init__({} if data is None else data, queryset, request=request, prefix=prefix)
        self.also = frozenset(also)
        if offers_removed:
            self.filters[REMOVED] = RemovedFilter()

    @property
    def form(self) -> FilterForm:
        """The bound form; it knows which further names are allowed."""
        form: FilterForm = super().form
        form.also = self.also
        return form

    @property
    def names_unknown_row(self) -> bool:
        """Whether an id names no row that the user may see: the whole answer is then 404."""
        return any(error.code == NOT_FOUND for errors in self.errors.as_data().values() for error in errors)

    @property
    def chosen(self) -> dict[str, Any]:
        """The cleaned values that were given, by name: for chips above a table and for links."""
        return {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "", [])}

    @property
    def day(self) -> dt.date | None:
        """The day that ``as_of`` asks for, None for the present."""
        return self.form.cleaned_data.get("as_of") if self.is_valid() else None

    def only_read(self, queryset: QuerySet, _name: str, _value: Any) -> QuerySet:
        """For parameters that change how rows are shown, or that another filter reads."""
        return queryset


class IdField(forms.UUIDField):
    """A public id, cleaned to the row that it names among the rows the user may see."""

    rows: Callable[[], QuerySet]

    def clean(self, value: Any) -> Any:
        public_id = super().clean(value)
        if public_id is None:
            return None
        row = self.rows().filter(public_id=public_id).first()
        if row is None:
            raise ValidationError(_("没有找到所指的对象。"), code=NOT_FOUND)
        return row


@extend_schema_field(OpenApiTypes.UUID)
class IdFilter(django_filters.Filter):
    """Rows that point to one row, named by its public id.

    ``rows`` gives the rows of which the user may name one: ``lambda user: Model.objects.visible_to(user)``.
    """

    field_class = IdField

    def __init__(self, *args: Any, rows: Rows | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows

    @property
    def field(self) -> IdField:
        """The form field, looking rows up in the scope of whoever asks."""
        field: IdField = super().field
        field.rows = self.visible_rows
        return field

    def visible_rows(self) -> QuerySet:
        """Rows the user may name. One query, and none while the parameter is empty."""
        if self.rows is None:
            raise NotImplementedError(f"{self.field_name}: which rows?")
        return self.rows(self.parent.request.user)


class PlaceFilter(IdFilter):
    """Rows of one place and of all places below it, among those where the user may do the set's action."""

    def visible_rows(self) -> QuerySet:
        if self.rows is not None:
            return super().visible_rows()
        division: Any = apps.get_model("communities", "Division")
        return division._default_manager.visible_to(self.parent.request.user, self.parent.action)

    def filter(self, qs: Any, value: Any) -> QuerySet:
        """The half-open range of the place's path; a method of the filter set may do more."""
        return qs if value is None else qs.below(value.path_now)


class PickField(forms.TypedChoiceField):
    """One value of a closed list; its widget offers "any" as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: Any = self.choices
        self.widget.choices = [("", _("全部")), *offered]


class PickFilter(django_filters.TypedChoiceFilter):
    """One value of a closed list."""

    field_class = PickField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("empty_value", None)
        super().__init__(*args, **kwargs)
        choices = kwargs["choices"]
        words = {} if callable(choices) else {"enum": [word for word, _label in choices]}
        extend_schema_field({"type": "string", **words})(self)

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """A plain equality; False and zero are values too."""
        return qs if value is None else qs.filter(**{str(self.field_name): value})


class TruthFilter(PickFilter):
    """``true`` or ``false``; anything else is an error rather than "any"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, choices=TRUTH, coerce=is_true, **kwargs)


def is_true(value: str) -> bool:
    """The truth that a parameter spells."""
    return value == "true"


class RemovedFilter(PickFilter):
    """Whether a list shows the removed rows; without it, it has none of them."""

    def __init__(self) -> None:
        super().__init__(label=_("已删除"), choices=[("true", _("只看已删除的"))])

    @property
    def field(self) -> PickField:
        """Leaving it out does not mean all: it means the rows that stand."""
        field: PickField = super().field
        offered: Any = field.choices
        field.widget.choices = [("", _("不看")), *offered]
        return field

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:  # noqa: ARG002 - the list has chosen the rows
        return qs


class DayFilter(django_filters.DateFilter):
    """A day written 2026-11-22 and in no other way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(*args, **kwargs)


class PlainNumberField(forms.CharField):
    """A number of ordinary size in ordinary digits: no sign, no exponent, two decimals."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if not PLAIN_NUMBER.fullmatch(text):
            raise ValidationError(_("请填写最多两位小数的数字。"), code="invalid")
        return Decimal(text)


@extend_schema_field(OpenApiTypes.STR)
class AmountFilter(django_filters.Filter):
    """A bound on a quantity."""

    field_class = PlainNumberField


class WordsFilter(django_filters.CharFilter):
    """Words of a person, of bounded length."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 50)
        kwargs.setdefault("label", _("名称"))
        super().__init__(*args, **kwargs)


class OneOf(django_filters.MultipleChoiceFilter):
    """One or several values of a closed list: ``kind=a&kind=b`` means either."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("distinct", False)
        super().__init__(*args, **kwargs)

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """One IN, so that a join is made once."""
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs
