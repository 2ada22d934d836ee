"""What people and systems enter into registers: one declaration per model for forms, workbooks and the API.

A register's :class:`EntryForm` says which fields may be written, how each value is read from what was typed, and
in which groups a page shows them. All doors clean with the same fields, so that the same bad value meets the same
message everywhere.
"""

from communities.base.entry.ends import SpanField, WholeSpanField
from communities.base.entry.fields import (
    AmountField,
    DayField,
    PickField,
    PicksField,
    RowField,
    TruthField,
    WholeField,
    WordsField,
)
from communities.base.entry.forms import EntryForm, Group, LateCheck, PartForm

__all__ = [
    "AmountField",
    "DayField",
    "EntryForm",
    "Group",
    "LateCheck",
    "PartForm",
    "PickField",
    "PicksField",
    "RowField",
    "SpanField",
    "TruthField",
    "WholeField",
    "WholeSpanField",
    "WordsField",
]
