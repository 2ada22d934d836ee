"""Where uploaded and produced files lie: never under a web address, never under their own name."""

import uuid
from pathlib import PurePosixPath

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """Below MEDIA_ROOT, under random names; only views that check the scope hand files out."""

    def __init__(self) -> None:
        super().__init__(base_url=None)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Keep the folder and the suffix; the original name is data and belongs into a column."""
        given = PurePosixPath(name)
        return super().get_available_name(
            str(given.with_name(f"{uuid.uuid4()}{given.suffix.lower()}")), max_length
        )

    def put_back(self, name: str, content: File) -> None:
        """Store a file of a backup under the very name that rows know it by."""
        self.delete(name)
        self._save(name, content)  # type: ignore[attr-defined] # the stubs leave it out

    def url(self, name: str | None) -> str:  # noqa: ARG002 - Django's signature
        """There is none."""
        msg = "Private files have no public address."
        raise ValueError(msg)
