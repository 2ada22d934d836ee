"""The rows that a field may name, read once: for cells to be read and to be written."""

from __future__ import annotations

from collections import Counter
from typing import Any

from communities.base.entry.fields import RowField

MOST = 50_000


class KnownRows:
    """Rows by the words that cells name them with; ``words`` has the word for each row's key.

    Where a name stands for several rows, the word carries the code that tells them apart.
    """

    def __init__(self, field: RowField) -> None:
        assert field.rows is not None  # noqa: S101 - every form that knows its user has set it
        rows = field.rows()
        self.is_whole = rows.count() <= MOST
        listed = list(rows.select_related(*_steps(field.told_apart_by))[:MOST])
        names = [str(getattr(row, field.names[-1])) for row in listed]
        times = Counter(names)
        self.rows: dict[str, Any] = {}
        self.words: dict[int, str] = {}
        for row, name in zip(listed, names, strict=True):
            word = name
            if times[name] > 1:
                word = (
                    f"{name}({_value(row, field.told_apart_by)})"
                    if field.told_apart_by
                    else str(row.public_id)
                )
            self.words[row.pk] = word
            self.rows[word] = self.rows[str(row.public_id)] = row

    def word(self, row: Any) -> str:
        """How a cell names a row: one that is not among those on offer by its id."""
        return self.words.get(row.pk) or str(row.public_id)


def _steps(path: str) -> list[str]:
    """The relations that a look-up goes through."""
    return ["__".join(path.split("__")[:-1])] if "__" in path else []


def _value(row: Any, path: str) -> Any:
    for step in path.split("__"):
        row = getattr(row, step)
    return row
