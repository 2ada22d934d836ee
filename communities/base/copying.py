"""Rows for PostgreSQL's COPY: how a value is written, and lines as the file it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg2

NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
PIECE = 2**18


class Lines:
    """Lines made as they are read, so that no list is ever held whole; ``count`` of them so far."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._rest = ""
        self.count = 0
        self.error: Exception | None = None

    def read(self, size: int) -> str:
        parts, held = [self._rest], len(self._rest)
        try:
            while held < size and (line := next(self._lines, "")):
                self.count += 1
                parts.append(line)
                held += len(line)
        except Exception as error:
            self.error = error
            raise
        text = "".join(parts)
        self._rest = text[size:]
        return text[:size]


def copy(cursor: Any, table: str, columns: Sequence[str], lines: Iterable[str]) -> int:
    """COPY lines, values apart by tabs, into a table; how many.

    What is raised while lines are made comes out as it was, where the driver would wrap it.
    """
    feed = Lines(lines)
    try:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", feed, PIECE)
    except psycopg2.Error as error:
        raise feed.error or error from None
    return feed.count
