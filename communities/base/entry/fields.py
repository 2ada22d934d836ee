"""Fields that read what was typed into a form, a cell or a JSON value, and say in Chinese what is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base import wording
from communities.base.entry import texts
from communities.base.entry.day_input import DayInput
from communities.base.entry.search_input import Meant, SearchInput
from communities.base.workbooks.reader import SHEET_ERRORS

# Beyond this a list of choices is searched rather than shown.
MOST_OFFERED = 300


@dataclass(frozen=True)
class Misfit:
    """Stands for a value of a shape that cannot be typed: its field refuses it in these words."""

    message: Any
    code: str


class EntryField(forms.Field):
    """A field that starts from text; ``read`` turns a text that is not empty into the value.

    ``accepts_nothing`` says whether "无" or a dash stands for an empty field.
    """

    accepts_nothing = True
    nothing = texts.NOTHING
    default_error_messages = {
        "required": wording.REQUIRED,
        "unseen": _("「%(after)s」之后(第 %(at)d 个字)有看不见的%(kind)s，请删去前后几个字，重新输入。"),
        "unseen_first": _("开头有看不见的%(kind)s，请全部删去，重新输入。"),
    }

    def to_python(self, value: Any) -> Any:
        """The value. Raises ValidationError."""
        if value is None:
            return self.empty
        if isinstance(value, Misfit):
            raise ValidationError(value.message, code=value.code)
        text = texts.tidy(self.text_of(value))
        if not text or (self.accepts_nothing and not self.required and text in self.nothing):
            return self.empty
        if unseen := texts.unseen(text):
            message = self.error_messages["unseen" if unseen.after else "unseen_first"]
            told = {"kind": unseen.kind, "after": unseen.after, "at": unseen.at + 1}
            raise ValidationError(message, code="unseen", params=told)
        return self.read(text)

    empty: Any = None

    def text_of(self, value: Any) -> str:
        """What a cell or a JSON value would read as, were it typed."""
        match value:
            case str():
                return value
            case bool():
                return "是" if value else "否"
            case dt.datetime() | dt.date():
                return value.isoformat()
            case float():
                return f"{Decimal(repr(value)):f}"
        return str(value)

    def read(self, text: str) -> Any:
        """The value of a text. Raises ValidationError."""
        raise NotImplementedError

    def shown(self, value: Any) -> str:
        """How a value stands in the field, so that it reads back as itself."""
        return "" if value is None else self.text_of(value)


class WordsField(EntryField):
    """Words, on one line or on several."""

    accepts_nothing = False
    empty = ""
    default_error_messages = {
        "too_long": wording.TOO_LONG,
        "lines": _("请写在一行内。"),
        "sheet_error": _("「%(text)s」是表格软件的错误值，请改正。"),
    }

    def __init__(self, *, max_length: int | None = None, lines: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 6}) if lines else forms.TextInput)
        super().__init__(**kwargs)
        self.max_length, self.lines = max_length, lines
        if max_length and not lines:
            self.widget.attrs["maxlength"] = max_length

    def read(self, text: str) -> str:
        if text in SHEET_ERRORS:
            raise ValidationError(
                self.error_messages["sheet_error"], code="sheet_error", params={"text": text}
            )
        # Browsers send CR LF, where other doors send LF: one text, not two.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not self.lines and "\n" in text:
            raise ValidationError(self.error_messages["lines"], code="lines")
        if self.max_length and len(text) > self.max_length:
            raise ValidationError(
                self.error_messages["too_long"],
                code="too_long",
                params={"most": self.max_length, "now": len(text)},
            )
        return text


class AmountField(EntryField):
    """A quantity in ``unit`` with at most ``places`` decimals."""

    default_error_messages = {
        "number": wording.NUMBER,
        "places": wording.PLACES,
        "too_large": wording.TOO_LARGE,
    }

    def __init__(self, *, places: int = 2, digits: int = 12, unit: Any = "", **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.places, self.digits, self.unit = places, digits, unit

    def read(self, text: str) -> Any:
        value = texts.number(text, self.units(), texts.LARGE if self.is_large else {})
        if value is None:
            raise ValidationError(self.error_messages["number"], code="number")
        exact = value.quantize(Decimal(1).scaleb(-self.places)) if abs(value) < 10**28 else None
        if exact is None or abs(value) >= Decimal(10) ** (self.digits - self.places):
            raise ValidationError(self.error_messages["too_large"], code="too_large")
        if exact != value:
            raise ValidationError(
                self.error_messages["places"], code="places", params={"places": self.places}
            )
        return exact

    @property
    def is_large(self) -> bool:
        """Whether people write the quantity by ten thousands, as they do with areas and money."""
        return str(self.unit) in {"平方米", "元"}

    def units(self) -> Iterable[str]:
        """Words that may stand behind the number."""
        squares = ("平方米", "平米", "㎡", "m²", "m2")
        return squares if str(self.unit) == "平方米" else (str(self.unit),)

    def shown(self, value: Any) -> str:
        return "" if value is None else f"{value:f}"


class WholeField(AmountField):
    """A whole number."""

    default_error_messages = {
        "number": wording.WHOLE,
        "places": wording.WHOLE,
        # Not by the codes of bounds, to which Django would give these words without what they say.
        "least": wording.LEAST,
        "most": wording.MOST,
    }

    def __init__(
        self, *, digits: int = 9, least: int | None = None, most: int | None = None, **kwargs: Any
    ) -> None:
        """``least`` and ``most``: what the column holds."""
        self.least, self.most = least, most
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(places=0, digits=digits, **kwargs)

    def read(self, text: str) -> int:
        value = int(super().read(text))
        if self.least is not None and value < self.least:
            raise ValidationError(
                self.error_messages["least"], code="min_value", params={"least": f"{self.least:,}"}
            )
        if self.most is not None and value > self.most:
            raise ValidationError(
                self.error_messages["most"], code="max_value", params={"most": f"{self.most:,}"}
            )
        return value


class DayField(EntryField):
    """A day of the years 1900 to 2100."""

    default_error_messages = {"day": wording.DAY, "year": wording.YEAR}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", DayInput())
        super().__init__(**kwargs)

    def read(self, text: str) -> dt.date:
        value = texts.day(text)
        if value is None:
            raise ValidationError(self.error_messages["day"], code="day")
        if not texts.FIRST_YEAR <= value.year <= texts.LAST_YEAR:
            years = {"first": texts.FIRST_YEAR, "last": texts.LAST_YEAR}
            raise ValidationError(self.error_messages["year"], code="day", params=years)
        return value


class PickField(EntryField):
    """One word of a closed list, by its name or its code."""

    empty: Any = ""
    default_error_messages = {"choice": wording.CHOICE}

    def __init__(self, *, choices: Iterable[tuple[Any, Any]], **kwargs: Any) -> None:
        self.choices = list(choices)
        kwargs.setdefault("widget", forms.Select(choices=[("", _("请选择")), *self.choices]))
        super().__init__(**kwargs)

    def read(self, text: str) -> Any:
        for code, word in self.choices:
            if text in {str(code), str(word)}:
                return code
        words = "、".join(str(word) for _code, word in self.choices)
        codes = "、".join(f"{code}({word})" for code, word in self.choices)
        told = {"text": text[:50], "words": words, "codes": codes}
        raise ValidationError(self.error_messages["choice"], code="choice", params=told)

    def shown(self, value: Any) -> str:
        return str(dict(self.choices).get(value, value or ""))


class PicksField(PickField):
    """Some words of a closed list, each by its name or its code; none means any."""

    empty: Any = None

    def __init__(self, *, choices: Iterable[tuple[Any, Any]], **kwargs: Any) -> None:
        choices = list(choices)
        kwargs.setdefault(
            "widget", forms.SelectMultiple(choices=choices, attrs={"size": max(len(choices), 2)})
        )
        super().__init__(choices=choices, **kwargs)

    def read(self, text: str) -> list[Any] | None:
        """The words in the order of the list, each once."""
        chosen = {super(PicksField, self).read(word) for word in re.split(r"[、,,;;\s]+", text) if word}
        return [code for code, _word in self.choices if code in chosen] or None

    def text_of(self, value: Any) -> str:
        return "、".join(map(str, value)) if isinstance(value, list | tuple) else super().text_of(value)

    def shown(self, value: Any) -> str:
        return "、".join(str(dict(self.choices).get(each, each)) for each in value or ())


class Tick(forms.CheckboxInput):
    """A box whose field reads what was sent: other doors send 是 and 否, of which Django would make yes twice."""

    def value_from_datadict(self, data: Any, _files: Any, name: str) -> Any:
        return data.get(name)


class TruthField(EntryField):
    """Yes or no; a box that is not ticked means no."""

    empty = False
    YES, NO = (
        frozenset({"是", "有", "√", "true", "1", "y", "yes", "on"}),
        frozenset({"否", "×", "false", "0", "n", "no"}),
    )
    default_error_messages = {"truth": _("请填写「是」或「否」。")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", Tick)
        kwargs["required"] = False
        super().__init__(**kwargs)

    def read(self, text: str) -> bool:
        word = texts.narrow(text).lower()
        if word in self.YES:
            return True
        if word in self.NO:
            return False
        raise ValidationError(self.error_messages["truth"], code="truth")

    def shown(self, value: Any) -> str:
        return "是" if value else "否"


class RowField(EntryField):
    """Another row: by its id, or by a name or code that only one row in the writer's scope has.

    ``rows`` are those rows, set by the form; ``names`` the columns that people know them by. Where names repeat,
    a code in brackets behind the name, found by ``told_apart_by``, says which is meant.
    """

    MARKED = re.compile(r"(.+?)\s*[((]([0-9A-Za-z-]{1,20})[))]")

    default_error_messages = {
        "unknown": _("没有找到「%(text)s」，或不在您的管辖范围内。"),
        "out_of_place": _("「%(text)s」不在本次导入所选的地区内。"),
        "several": _("「%(text)s」不止一个，请在名称后用括号写明社区代码。"),
    }

    def __init__(self, *, names: tuple[str, ...], told_apart_by: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Select)
        super().__init__(**kwargs)
        self.names, self.told_apart_by = names, told_apart_by
        self.rows: Callable[[], QuerySet[Any]] | None = None
        # For many rows at once: what they name already, and may keep; and what those of other places may name.
        self.kept: Callable[[], QuerySet[Any]] | None = None
        self.wider: Callable[[], QuerySet[Any]] | None = None
        self.remembered: dict[str, Any] = {}
        self.is_named = False
        # How a row reads in the list.
        self.naming: Callable[[Any], str] = str
        # What the row names already: it may stay, though it could not be chosen anew (a community since closed).
        self.current: Any = None

    def __deepcopy__(self, memo: dict[int, Any]) -> RowField:
        """Each form looks rows up for its own user: what one found is not remembered for another."""
        copied: RowField = super().__deepcopy__(memo)
        copied.remembered = {}
        return copied

    def read(self, text: str) -> Any:
        if text not in self.remembered:
            self.remembered[text] = self.found(text)
        return self.remembered[text]

    def found(self, text: str) -> Any:
        """One look-up. Raises ValidationError."""
        if self.rows is None:
            raise NotImplementedError("which rows may be named?")
        if self.current is not None and text == str(self.current.public_id):
            return self.current
        hits = self.hits_among(self.rows(), text) or self.current_named(text)
        if len(hits) == 1:
            return hits[0]
        is_elsewhere = not hits and self.wider is not None and self.hits_among(self.wider(), text)
        code = "several" if hits else "out_of_place" if is_elsewhere else "unknown"
        raise ValidationError(self.error_messages[code], code=code, params={"text": text[:50]})

    def hits_among(self, rows: QuerySet[Any], text: str) -> list[Any]:
        """The row of this id, or those of this name or code."""
        try:
            return list(rows.filter(public_id=uuid.UUID(text))[:1])
        except ValueError:
            return self.named(rows, text)

    def named(self, rows: QuerySet[Any], text: str) -> list[Any]:
        """Rows of this name or code; two where it is not clear which one is meant."""
        for name in self.names:
            if hits := list(rows.filter(**{name: text})[:2]):
                return hits
        marked = self.MARKED.fullmatch(text) if self.told_apart_by else None
        if marked is None:
            return []
        by_code = rows.filter(**{self.told_apart_by: marked.group(2)})
        return list(by_code.filter(**{self.names[-1]: marked.group(1)})[:2])

    def current_named(self, text: str) -> list[Any]:
        """What the row names already, by its name: it may stay, though it is not among the rows any more."""
        known = {getattr(self.current, name) for name in self.names} if self.current is not None else set()
        return [self.current] if text in known else []

    def offer(self, rows_url: str = "") -> None:
        """A list to choose from on a page; of too many to show one is searched for at ``rows_url``."""
        if self.rows is None:
            return
        found = list(self.rows()[: MOST_OFFERED + 1])
        if len(found) <= MOST_OFFERED:
            if self.current is not None and self.current.pk not in {row.pk for row in found}:
                found.insert(0, self.current)
            choices = [(str(row.public_id), self.naming(row)) for row in found]
            self.widget.choices = [("", _("请选择")), *choices]
            return
        self.is_named = True
        hint = getattr(self.rows(), "searched_by", "")
        self.widget = SearchInput(self.meant, rows_url=rows_url, hint=hint, attrs=self.widget.attrs)
        self.help_text = self.help_text or _("请填写名称或代码。")

    def hits(self, text: str, most: int, *related: str | None) -> list[Any]:
        """The rows that somebody most likely means by ``text``, best first; without a text the first in order."""
        if self.rows is None:
            return []
        rows: Any = self.rows().select_related(*filter(None, related))
        found: list[Any] = rows.first_hits(text, most) if text else list(rows[:most])
        return found

    def meant(self, text: str) -> Meant | None:
        """The row that stands in the field; None for a text that means none."""
        try:
            row = self.to_python(text)
        except ValidationError:
            return None
        return None if row is None else Meant(str(row.public_id), self.naming(row), self.prepare_value(row))

    def text_of(self, value: Any) -> str:
        return str(value.public_id) if hasattr(value, "public_id") else super().text_of(value)

    def prepare_value(self, value: Any) -> Any:
        """What stands in the field: the id behind a choice, or a name or code by which the row is found again."""
        if not hasattr(value, "public_id"):
            return value
        if not self.is_named or self.rows is None:
            return str(value.public_id)
        rows, is_current = self.rows(), value == self.current
        for name in reversed(self.names):
            text = getattr(value, name)
            hits = list(rows.filter(**{name: text}).values_list("pk", flat=True)[:2]) if text else []
            if hits == [value.pk] or (text and not hits and is_current):
                self.remembered[text] = value
                return text
        # A place in the address may be one that cannot be chosen here: a street where a community is asked for.
        return str(value.public_id) if is_current or rows.filter(pk=value.pk).exists() else ""
