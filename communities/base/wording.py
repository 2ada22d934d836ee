"""What is said of values that do not hold: one wording for forms, workbooks, filters and bodies of the API.

Entry forms take these sentences as they are. The fields of the frameworks, which read filters and the few bodies
that are no rows, have sentences of their own; :func:`reword` and :func:`reworded` put ours in their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

REQUIRED = _("请填写此项。")
CHOICE = _("「%(text)s」不在可选范围内，可填：%(words)s。")
TOO_LONG = _("最多 %(most)s 个字，现有 %(now)s 个。")
NUMBER = _("请填写数字，例如 120.5。")
WHOLE = _("请填写整数。")
PLACES = _("最多保留 %(places)s 位小数。")
TOO_LARGE = _("数字过大。")
LEAST = _("不能小于 %(least)s。")
MOST = _("不能大于 %(most)s。")
DAY = _("请填写日期，例如 2026-11-22。")
YEAR = _("年份须在 %(first)d 至 %(last)d 之间。")
MISFIT = _("值的类型不符。")
OBJECT = _("请提交一个对象。")
UNKNOWN = _("不认识的字段。")
LIST = _("请提交一个列表。")
FEWEST = _("至少须有 %(least)s 项。")
MANY = _("最多 %(most)s 项。")
ID = _("请填写编号(UUID)，例如 0190a0a0-0000-7000-8000-000000000000。")
FILE = _("请选择要上传的文件。")
NO_BYTES = _("文件是空的。")
EXISTS = _("已登记过相同的记录。")
LONGEST_TEXT = 50

# What "invalid" means depends on the field; the first kind that fits has the words.
INVALID: tuple[tuple[tuple[type, ...], Any], ...] = (
    ((serializers.BaseSerializer,), OBJECT),
    ((serializers.DecimalField, forms.DecimalField), NUMBER),
    ((serializers.IntegerField, forms.IntegerField), WHOLE),
    ((serializers.DateField, forms.DateField), DAY),
    ((serializers.UUIDField, forms.UUIDField), ID),
    ((serializers.FileField,), FILE),
    ((serializers.CharField,), MISFIT),
)


def words_of(choices: Iterable[Any]) -> str:
    """The words of a closed list as they are sent."""
    return "、".join(str(code) for code in choices if code not in (None, ""))


def reword(field: Any) -> None:
    """Give a field of a body our sentences, and those below it."""
    known = field.error_messages
    said: dict[str, Any] = {
        "required": REQUIRED,
        "null": REQUIRED,
        "blank": REQUIRED,
        "not_a_list": LIST,
        "not_a_dict": OBJECT,
        "max_decimal_places": PLACES % {"places": "{max_decimal_places}"},
        "max_digits": TOO_LARGE,
        "max_whole_digits": TOO_LARGE,
        "max_string_length": TOO_LARGE,
    }
    invalid = next((words for kinds, words in INVALID if isinstance(field, kinds)), None)
    if invalid is not None:
        said["invalid"] = invalid
    if isinstance(field, serializers.ChoiceField):
        words = words_of(field.choices).replace("{", "{{").replace("}", "}}")
        said["invalid_choice"] = CHOICE % {"text": "{input}", "words": words}
    if isinstance(field, serializers.FileField):
        said |= {"required": FILE, "null": FILE, "no_name": FILE, "empty": NO_BYTES}
    known.update({code: words for code, words in said.items() if code in known})
    counted = isinstance(field, serializers.ListField | serializers.DictField)
    for check in field.validators:
        reword_bound(check, counted=counted)
    if counted:
        reword(field.child)


def reword_bound(check: Any, *, counted: bool) -> None:
    """Give a bound our sentence; ``counted``: of a list, whose entries are counted rather than its letters."""
    bound, now = "%(limit_value)s", "%(show_value)s"
    match check:
        case validators.MinValueValidator():
            check.message = LEAST % {"least": bound}
        case validators.MaxValueValidator():
            check.message = MOST % {"most": bound}
        case validators.MinLengthValidator() if counted:
            check.message = FEWEST % {"least": bound}
        case validators.MaxLengthValidator() if counted:
            check.message = MANY % {"most": bound}
        case validators.MaxLengthValidator():
            check.message = TOO_LONG % {"most": bound, "now": now}


class Asked(serializers.Serializer):
    """A body that is no row: names that it does not know are told beside all else, in our words."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            reword(field)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """The values. Raises ValidationError with all that is wrong."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({"non_field_errors": [OBJECT]}, "invalid")
        unknown = sorted(set(data) - set(self.fields))
        errors: Any = {
            name[:50]: [serializers.ErrorDetail(str(UNKNOWN), "unknown_field")] for name in unknown
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors |= error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return values


def reworded(field: Any, error: ValidationError) -> ValidationError:
    """What a filter's field found, in our words."""
    params: Any = error.params or {}
    told: dict[str, Any]
    if error.code == "invalid_choice" and isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        words = words_of(code for code, _word in choices)
        told = {"text": str(params.get("value", ""))[:LONGEST_TEXT], "words": words}
        return ValidationError(CHOICE, code=error.code, params=told)
    if error.code == "max_length":
        told = {"most": params.get("limit_value"), "now": params.get("show_value")}
        return ValidationError(TOO_LONG, code=error.code, params=told)
    invalid = next((said for kinds, said in INVALID if isinstance(field, kinds)), None)
    return (
        ValidationError(invalid, code=error.code)
        if invalid is not None and error.code == "invalid"
        else error
    )
