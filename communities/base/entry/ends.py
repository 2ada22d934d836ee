"""Fields of two ends: a time with its first and last day, whole numbers from the least to the most."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange
from django.utils.translation import gettext_lazy as _

from communities.base.entry import texts
from communities.base.entry.day_input import DayInput
from communities.base.entry.fields import DayField, WholeField


class EndWrong(ValidationError):
    """What is wrong with one end of a time or range: ``part`` 0 is the first, 1 the last."""

    def __init__(self, error: ValidationError, part: int) -> None:
        super().__init__(error)
        self.part = part
        for each in self.error_list:
            each.part = part  # type: ignore[attr-defined] # errors are told one by one


class EndsField(forms.MultiValueField):
    """Two ends; what is wrong with one of them is told of that one. Contradictions are told of the last."""

    def clean(self, value: Any) -> Any:
        texts_given = value or [None] * len(self.fields)
        ends: list[Any] = []
        wrong: list[ValidationError] = []
        for part, (field, text) in enumerate(zip(self.fields, texts_given, strict=True)):
            try:
                ends.append(field.clean(text))
            except ValidationError as error:
                wrong += EndWrong(error, part).error_list
        if wrong:
            raise ValidationError(wrong)
        try:
            return self.compress(ends)
        except ValidationError as error:
            raise EndWrong(error, 1) from error


class SpanWidget(forms.MultiWidget):
    """Two days: the first, and the last."""

    template_name = "entry/span.html"

    def __init__(self) -> None:
        names = (_("开始日期"), _("结束日期"))
        super().__init__([DayInput({"aria-label": name}) for name in names])

    def id_for_label(self, id_: str) -> str:
        """The first day: where a link from the summary of what is wrong leads."""
        return f"{id_}_0" if id_ else ""

    def decompress(self, value: Any) -> list[Any]:
        if value is None:
            return [None, None]
        return [value.lower, value.upper - dt.timedelta(days=1) if value.upper else None]


class SpanField(EndsField):
    """A time with its first and its last day.

    An empty first day means before the records, an empty last one open; where it ``is_closed`` both are asked for.
    """

    widget = SpanWidget
    default_error_messages = {"order": _("结束日期不能早于开始日期。")}

    def __init__(self, *, is_closed: bool = False, **kwargs: Any) -> None:
        kwargs["required"] = is_closed
        kwargs["require_all_fields"] = False
        first, last = DayField(required=is_closed), DayField(required=is_closed)
        # How pages write an open end.
        first.nothing, last.nothing = texts.NOTHING | {"建档前"}, texts.NOTHING | {"至今"}
        super().__init__((first, last), **kwargs)

    def compress(self, data_list: list[Any]) -> DateRange:
        first, last = data_list or (None, None)
        if first is not None and last is not None and last < first:
            raise ValidationError(self.error_messages["order"], code="order")
        return DateRange(first, last + dt.timedelta(days=1) if last is not None else None)


class WholeSpanWidget(forms.MultiWidget):
    """Two whole numbers: the least, and the most."""

    template_name = "entry/span.html"

    def __init__(self) -> None:
        number = {"inputmode": "numeric", "autocomplete": "off"}
        names = (_("下限"), _("上限"))
        super().__init__([forms.TextInput(attrs=number | {"aria-label": name}) for name in names])

    def id_for_label(self, id_: str) -> str:
        """The least: where a link from the summary of what is wrong leads."""
        return f"{id_}_0" if id_ else ""

    def decompress(self, value: Any) -> list[Any]:
        if value is None:
            return [None, None]
        return [value.lower, value.upper - 1 if value.upper is not None else None]


class WholeSpanField(EndsField):
    """Whole numbers from the least to the most, both included; both empty mean any."""

    widget = WholeSpanWidget
    default_error_messages = {"order": _("上限不能小于下限。"), "negative": _("请填写不小于 0 的整数。")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["required"] = False
        kwargs["require_all_fields"] = False
        super().__init__((WholeField(required=False), WholeField(required=False)), **kwargs)

    def compress(self, data_list: list[Any]) -> NumericRange | None:
        least, most = data_list or (None, None)
        if least is None and most is None:
            return None
        if min(end for end in (least, most) if end is not None) < 0:
            raise ValidationError(self.error_messages["negative"], code="negative")
        if least is not None and most is not None and most < least:
            raise ValidationError(self.error_messages["order"], code="order")
        return NumericRange(least, most + 1 if most is not None else None)
