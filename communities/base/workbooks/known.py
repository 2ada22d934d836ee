"""The rows that a field may name, read once: for cells to be read and to be written."""

from __future__ import annotations

from collections import Counter
from typing import Any

from communities.base.entry.fields import RowField

MOST = 50_000


class KnownRows:
    """Rows by the words that cells name them with; ``words`` has the word for each row's key.

    ``offered`` are the words of those that may be named anew; the others stand in rows already, and may stay.

    Where a name stands for several rows, the word carries the code that tells them apart.
    """

    def __init__(self, field: RowField) -> None:
        assert field.rows is not None  # noqa: S101 - every form that knows its user has set it
        rows = field.rows()
        self.model = rows.model
        steps = _steps(field.told_apart_by)
        listed = list(rows.select_related(*steps)[:MOST])
        offered = {row.pk for row in listed}
        if field.kept is not None:
            listed += [row for row in field.kept().select_related(*steps)[:MOST] if row.pk not in offered]
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
        self.offered = [self.words[row.pk] for row in listed if row.pk in offered]

    def word(self, row: Any) -> str:
        """How a cell names a row, given as itself or by its key: one that is not on offer by its id."""
        key = row if isinstance(row, int) else row.pk
        if key not in self.words:
            self.words[key] = str(row.public_id if key is not row else self._public_id(key))
        return self.words[key]

    def _public_id(self, key: int) -> Any:
        """The id of a row that is not on offer, such as a community that has been closed since."""
        return self.model._default_manager.values_list("public_id", flat=True).get(pk=key)


def _steps(path: str) -> list[str]:
    """The relations that a look-up goes through."""
    return ["__".join(path.split("__")[:-1])] if "__" in path else []


def _value(row: Any, path: str) -> Any:
    for step in path.split("__"):
        row = getattr(row, step)
    return row
