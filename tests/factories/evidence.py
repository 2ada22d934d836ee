"""Files as they are uploaded, and evidence for tests; a test states only what it is about."""

from __future__ import annotations

import datetime as dt
import io
import random
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from communities.actions import evidence
from communities.models import Division, Evidence, EvidenceLink

DAY = dt.date(2026, 3, 1)


def picture(seed: int = 0, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Blurred blotches, which look different for each seed."""
    noise = random.Random(seed)
    cells = Image.new("RGB", (9, 8))
    cells.putdata([tuple(noise.randrange(256) for _channel in range(3)) for _cell in range(72)])
    return cells.resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **kwargs: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **kwargs)
    return target.getvalue()


def jpeg(seed: int = 0, size: tuple[int, int] = (64, 48), **kwargs: Any) -> bytes:
    return encoded(picture(seed, size), **kwargs)


def archive(*names: str, **contents: bytes) -> bytes:
    """A zip with parts of these names."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name in names:
            book.writestr(name, contents.get(name, b"<x/>"))
    return target.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
DOCX = archive("[Content_Types].xml", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")


def upload(data: bytes, name: str = "照片.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def row(place: Division, **kwargs: Any) -> Evidence:
    """Not yet filed."""
    kwargs.setdefault("title", "外观照片")
    kwargs.setdefault("kind", "photo")
    kwargs.setdefault("taken_on", DAY)
    return Evidence(division=place, **kwargs)


def filed(
    place: Division, data: bytes, *, file_name: str = "照片.jpg", by: Any = None, **kwargs: Any
) -> Evidence:
    """Filed by the system itself unless somebody is named."""
    thing = kwargs.pop("thing", None)
    return evidence.file_evidence(
        upload(data, file_name), row(place, **kwargs), name=file_name, by=by, thing=thing
    )


def photo(place: Division, *, seed: int = 0, **kwargs: Any) -> Evidence:
    return filed(place, jpeg(seed), **kwargs)


def link(of: Evidence, thing: Any) -> EvidenceLink:
    return evidence.link_evidence(of, thing, by=None)


def content(file: Any) -> bytes:
    """What a stored file holds."""
    with file.open("rb") as stream:
        return stream.read()
