"""Evidence filed: the file looked at and stored once, the row written, and linked where it was asked for."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.actions.evidence.contents import Content, examined
from communities.actions.evidence.links import link_evidence
from communities.base import actions
from communities.base.models import Row, take_turn
from communities.base.roles import Action
from communities.models import Evidence, StoredFile

FOLDER = "evidence"
# How long a file without a row may belong to an upload that is still being written.
SPARED = dt.timedelta(days=1)


def file_evidence(
    upload: File, row: Evidence, *, name: str, by: Any, thing: Row | None = None, reason: str = ""
) -> Evidence:
    """Store the upload and file it as ``row``, as evidence for ``thing`` where one is given: all of it, or nothing.

    ``row`` says title, kind, place and days; without a day that of the camera is taken. Raises ValidationError
    (what is wrong with the file is told at ``file``), OutOfScope.
    """
    content = examined(upload, name)
    row.file_name = content.name
    day = row.taken_on or content.day
    if day is None:
        raise ValidationError({"taken_on": ValidationError(_("请填写形成日期。"), code="required")})
    row.taken_on = day
    written: list[str] = []
    try:
        with transaction.atomic():
            row.stored = kept(content, written)
            actions.save(row, by=by, reason=reason, needs=Action.EDIT_REGISTERS)
            if thing is not None:
                link_evidence(row, thing, by=by, reason=reason)
    except BaseException:
        _take_back(written)
        raise
    return row


def kept(content: Content, written: list[str]) -> StoredFile:
    """The one stored file of this content. What is put into storage is noted in ``written``."""
    # Two who file the same at once: the second finds what the first one stored.
    take_turn(f"evidence {content.digest}")
    found = StoredFile.objects.filter(digest=content.digest).first()
    if found is not None:
        storage: Any = storages["private"]
        if not storage.exists(found.file.name):
            # Lost, by a restore without files for instance: here it is again.
            storage.put_back(found.file.name, ContentFile(content.data))
        return found
    picture = content.picture
    stored = StoredFile(digest=content.digest, size=len(content.data), media_type=content.media_type)
    stored.file = _put(content.data, content.suffix, written)
    if picture is not None:
        stored.width, stored.height, stored.alike = picture.width, picture.height, picture.alike
        stored.thumbnail = _put(picture.thumbnail, ".jpg", written)
    stored.save()
    stored.refresh_from_db()
    return stored


def _put(data: bytes, suffix: str, written: list[str]) -> str:
    """Write a file, to the disk itself: what is acknowledged must be there after a power failure too."""
    storage = storages["private"]
    name = storage.save(f"{FOLDER}/file{suffix}", ContentFile(data))
    written.append(name)
    path = Path(storage.path(name))
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return name


def _take_back(written: list[str]) -> None:
    """Delete files whose row was not written; where the database cannot say so, they are left to the sweep."""
    try:
        is_known = bool(written) and StoredFile.objects.filter(file__in=written).exists()
    except DatabaseError:
        return
    for name in [] if is_known else written:
        storages["private"].delete(name)


def sweep() -> int:
    """Delete files that have lain for a day without a row; how many."""
    storage = storages["private"]
    before = timezone.now() - SPARED
    try:
        _folders, names = storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    known: set[str] = set()
    for pair in StoredFile.objects.values_list("file", "thumbnail").iterator():
        known.update(pair)
    forsaken = [name for name in (f"{FOLDER}/{each}" for each in names) if name not in known]
    old = [name for name in forsaken if storage.get_modified_time(name) < before]
    for name in old:
        storage.delete(name)
    return len(old)
