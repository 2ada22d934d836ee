"""Entry fields of scoring rules: a whole rule, and the code of a value that a rule reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from communities.base.entry import texts
from communities.base.entry.fields import EntryField, Misfit, WordsField
from communities.base.rules import RuleInvalid, editor, read_rule
from communities.base.rules.params import MOST_CODE, Fault, InputCode

# Values on offer: (group, [(code, what people call it)]).
Offered = Sequence[tuple[str, Sequence[tuple[str, str]]]]
LONGEST_RULE = 100_000


class RuleWidget(forms.Widget):
    """The fields of a rule, each named by its place; other doors send the whole rule as JSON text."""

    def value_from_datadict(self, data: Any, _files: Any, name: str) -> Any:
        return editor.posted(data, name) if editor.is_sent(data, name) else data.get(name)

    def value_omitted_from_data(self, data: Any, _files: Any, name: str) -> bool:
        return name not in data and not editor.is_sent(data, name)


class BoundRule(forms.BoundField):
    """A rule on its page."""

    @property
    def editor(self) -> editor.Box:
        """The fields that its template draws."""
        faults = [
            Fault((error.params or {}).get("place", self.html_name), message)
            for error in self.errors.as_data()
            for message in error.messages
        ]
        return editor.box_of(as_data(self.value()), self.html_name, str(self.label), faults)

    @property
    def offered(self) -> Offered:
        """The values that a rule may read."""
        field: Any = self.field
        found: Offered = field.offered()
        return found

    @property
    def known(self) -> set[str]:
        """The codes among them."""
        return codes_of(self.offered)


def codes_of(offered: Offered) -> set[str]:
    """The codes of the values on offer."""
    return {code for _group, values in offered for code, _word in values}


class RuleField(EntryField):
    """A rule as data, ``{"shape": ..., parameters}``. What is wrong with it is said at its places.

    ``offered`` gives the values that rules may read; other codes may be entered as well.
    """

    # On a page it is spread over fields of its own, whose names begin with its name and a dot.
    is_spread = True
    empty: Any = None
    default_error_messages = {"rule": _("请填写评分规则。"), "too_long": _("评分规则过长。")}

    def __init__(self, *, offered: Callable[[], Offered] = list, **kwargs: Any) -> None:
        kwargs.setdefault("widget", RuleWidget)
        super().__init__(**kwargs)
        self.offered = offered

    def get_bound_field(self, form: Any, field_name: str) -> BoundRule:
        return BoundRule(form, self, field_name)

    def to_python(self, value: Any) -> Any:
        """The rule as data. Raises ValidationError with a place for each fault."""
        if isinstance(value, Misfit):
            raise ValidationError(value.message, code=value.code)
        rule = as_data(value)
        if rule in (None, "", {}):
            return None
        if not isinstance(rule, dict):
            raise ValidationError(self.error_messages["rule"], code="invalid")
        if len(json.dumps(rule)) > LONGEST_RULE:
            raise ValidationError(self.error_messages["too_long"], code="too_long")
        try:
            read_rule(rule, "rule")
        except RuleInvalid as error:
            raise ValidationError(list(self.told(rule, error.faults))) from error
        if unseen := [found for text in _texts(rule) if (found := texts.unseen(text))]:
            raise ValidationError(
                EntryField.default_error_messages["unseen_first"] % {"kind": unseen[0].kind}
            )
        return rule

    def told(self, rule: Any, faults: Sequence[Fault]) -> Iterator[ValidationError]:
        """Each fault with its place, the label of the field there, and the id of its element."""
        labels = editor.labels(editor.box_of(rule, "rule", str(self.label)))
        for fault in faults:
            name = editor.name_of(fault.place)
            params = {
                "place": fault.place,
                "label": labels.get(name, self.label),
                "where": editor.field_id(name if name in labels else "rule"),
            }
            yield ValidationError(fault.message.replace("%", "%%"), code=fault.code, params=params)

    def text_of(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def shown(self, value: Any) -> str:
        return "" if value is None else self.text_of(value)


def as_data(value: Any) -> Any:
    """What a door sent: fields put together already, or JSON text. Text that is no JSON stays text."""
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _texts(data: Any) -> Iterator[str]:
    match data:
        case str():
            yield data
        case dict():
            for each in data.values():
                yield from _texts(each)
        case list():
            for each in data:
                yield from _texts(each)


class InputWidget(forms.Widget):
    """A value by its name, from a grouped list; a code that nobody offers yet can be typed beside it."""

    template_name = "rules/input.html"

    def __init__(self, offered: Callable[[], Offered] = list) -> None:
        super().__init__()
        self.offered = offered

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        offered = self.offered()
        context["widget"] |= {"offered": offered, "known": codes_of(offered)}
        return context

    def value_from_datadict(self, data: Mapping[str, Any], _files: Any, name: str) -> Any:
        return (data.get(f"{name}.typed") or "").strip() or data.get(name)


class InputField(WordsField):
    """The code of a value that is read."""

    def __init__(self, *, offered: Callable[[], Offered] = list, **kwargs: Any) -> None:
        kwargs.setdefault("widget", InputWidget(offered))
        is_code = RegexValidator(rf"\A(?:{InputCode.pattern})\Z", InputCode.refusal)
        super().__init__(max_length=MOST_CODE, validators=[is_code], **kwargs)
