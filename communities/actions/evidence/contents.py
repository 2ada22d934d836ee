"""What an uploaded file is: told by its content, held against its name, within the limits of the settings."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.actions.evidence.pictures import Damaged, Picture, TooManyPixels, looked_at
from communities.choices import PICTURES, MediaType

ACCEPTED = gettext_lazy("只接受 JPEG、PNG、WebP 图片，PDF 文件，以及不含宏的 .docx、.xlsx 文件。")
LONGEST_NAME = 300
MOST_PARTS = 5000
MOST_UNPACKED = 200 * 2**20
MOST_LISTED = 2**20

# The suffixes that go with a content; the first is the one that it is stored under.
SUFFIXES: Mapping[MediaType, tuple[str, ...]] = {
    MediaType.JPEG: (".jpg", ".jpeg"),
    MediaType.PNG: (".png",),
    MediaType.WEBP: (".webp",),
    MediaType.PDF: (".pdf",),
    MediaType.DOCX: (".docx",),
    MediaType.XLSX: (".xlsx",),
}
# The part without which an archive is no such document.
MAIN_PARTS = {MediaType.DOCX: "word/document.xml", MediaType.XLSX: "xl/workbook.xml"}


@dataclass(frozen=True)
class Content:
    """An upload that was looked at and may be stored."""

    data: bytes
    digest: str
    media_type: MediaType
    name: str
    picture: Picture | None = None

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.media_type][0]

    @property
    def day(self) -> dt.date | None:
        """The day on which the camera says it was taken."""
        return self.picture.day if self.picture else None


def refusal(message: Any, code: str, **params: Any) -> ValidationError:
    return ValidationError({"file": ValidationError(message, code=code, params=params or None)})


def plain_name(name: str) -> str:
    """The name without folders and unseen characters, cut to what a column holds; its suffix stays."""
    seen = "".join(ch for ch in name.replace("\\", "/") if unicodedata.category(ch)[0] != "C")
    last = seen.rpartition("/")[2].strip()
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 10:
        return last[:LONGEST_NAME] or _("未命名")
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}"


def examined(upload: File, name: str) -> Content:
    """What the upload is. Raises ValidationError, told at ``file``, for all that cannot be taken."""
    most = settings.EVIDENCE_MAX_BYTES
    # No more is read than could be taken, whatever size the upload claims.
    upload.seek(0)
    data = upload.read(most + 1)
    if not data:
        raise refusal(_("文件是空的。"), "empty_file")
    if len(data) > most:
        told = _("文件超过 %(most)d MB，请压缩后再上传。")
        raise refusal(told, "too_large", most=most // 2**20)
    name = plain_name(name)
    media_type = type_of(data)
    suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    if suffix not in SUFFIXES[media_type]:
        told = _("文件内容是%(kind)s，扩展名应为 %(suffixes)s，实际为「%(suffix)s」。")
        suffixes = "、".join(SUFFIXES[media_type])
        raise refusal(told, "suffix", kind=media_type.label, suffixes=suffixes, suffix=suffix[:12])
    picture = picture_in(data, media_type) if media_type in PICTURES else None
    return Content(data, hashlib.sha256(data).hexdigest(), media_type, name, picture)


def picture_in(data: bytes, media_type: MediaType) -> Picture:
    most = settings.EVIDENCE_MAX_PIXELS
    try:
        return looked_at(data, media_type, most)
    except TooManyPixels as error:
        told = _("图片像素过多，最多 %(most)d 万像素，请缩小后再上传。")
        raise refusal(told, "too_many_pixels", most=most // 10_000) from error
    except Damaged as error:
        raise refusal(_("图片已损坏，无法打开。"), "damaged") from error


def type_of(data: bytes) -> MediaType:
    """By the first bytes; of archives by what they hold. Raises ValidationError for everything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return MediaType.WEBP
    if data.startswith(b"%PDF-"):
        return MediaType.PDF
    if data.startswith(b"PK\x03\x04"):
        return document_in(data)
    raise refusal(ACCEPTED, "type")


def document_in(data: bytes) -> MediaType:
    """Which kind of document an archive is. Nothing of it is opened but the list of its parts."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename.lower() for part in parts}
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise refusal(_("文件解开后过大，无法接收。"), "too_large_unpacked")
            if "[content_types].xml" not in names:
                raise refusal(ACCEPTED, "type")
            with archive.open("[Content_Types].xml") as stream:
                listed = stream.read(MOST_LISTED)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, ValueError, RuntimeError) as error:
        raise refusal(_("文件已损坏，无法打开。"), "damaged") from error
    if any(name.endswith("vbaproject.bin") for name in names) or b"macroEnabled" in listed:
        raise refusal(_("文件含有宏，请另存为不含宏的 .docx 或 .xlsx 后再上传。"), "macros")
    found = [media_type for media_type, part in MAIN_PARTS.items() if part in names]
    if len(found) != 1:
        raise refusal(ACCEPTED, "type")
    return found[0]
