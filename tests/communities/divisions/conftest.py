"""Files of lists, and a small list that is already in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from communities.actions.importing import ImportReport, import_divisions
from communities.models import DirtyMark
from tests.communities.divisions.lists import (
    HEADER,
    SMALL,
)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str, name: str = "list.csv", header: str = HEADER, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes((header + text).encode(encoding))
        return path

    return write


@pytest.fixture
def small(written: Any) -> Any:
    """The small list, already in; calling it imports the list with lines replaced."""
    import_divisions(written(SMALL))
    DirtyMark.objects.all().delete()

    def edition(*replaced: tuple[str, str], **options: Any) -> ImportReport:
        text = SMALL
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        return import_divisions(written(text), **options)

    return edition
