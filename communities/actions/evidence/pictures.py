"""Pictures: whether they can be opened, a small copy without anything but the picture, and what they look like."""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from communities.base.querysets import today
from communities.choices import MediaType

LONGEST_SIDE = 320
QUALITY = 80
# Of 256 steps of grey; and in how many of 64 places a picture must have such an edge to be told by them.
CLEARLY = 8.0
FEWEST = 6
FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WEBP"}
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What a broken or ill-meant file makes a decoder raise.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
          MemoryError, AttributeError, AssertionError, zlib.error, struct.error)  # fmt: skip
EXIF_PART, TAKEN_AT = 0x8769, 0x9003


class TooManyPixels(Exception):
    """More than may be unpacked."""


class Damaged(Exception):
    """It cannot be opened to its end."""


@dataclass(frozen=True)
class Picture:
    """What is kept of a picture beside its file."""

    width: int
    height: int
    alike: int | None
    thumbnail: bytes
    day: dt.date | None


def looked_at(data: bytes, media_type: MediaType, most_pixels: int) -> Picture:
    """A picture read to its end. Raises TooManyPixels, Damaged."""
    try:
        with Image.open(BytesIO(data), formats=[FORMATS[media_type]]) as image:
            width, height = image.size
            if width * height > most_pixels:
                raise TooManyPixels
            image.verify()
        with Image.open(BytesIO(data), formats=[FORMATS[media_type]]) as image:
            # Of a photo no more is unpacked than the small copy needs; it is read to its end all the same.
            image.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
            image.load()
            day = day_of(image)
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            small = plain(ImageOps.exif_transpose(image))
    except BOMBS as error:
        raise TooManyPixels from error
    except BROKEN as error:
        raise Damaged from error
    target = BytesIO()
    small.save(target, "JPEG", quality=QUALITY)
    return Picture(width, height, alike_of(small), target.getvalue(), day)


def plain(image: Image.Image) -> Image.Image:
    """The pixels alone, on white where they are transparent: no camera, no place, no remark goes along."""
    clean = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        clean.paste(image, mask=image)
    else:
        clean.paste(image.convert("RGB"))
    return clean


def alike_of(image: Image.Image) -> int | None:
    """The difference hash: which of 8 x 8 neighbours is clearly brighter than the next, as signed 64 bits.

    "Clearly", so that noise of another encoding decides nothing where all is even. None for a picture of little
    contrast: sheets of paper are not one photo used again.
    """
    grey = image.convert("L").convert("F").resize((9, 8), Image.Resampling.BOX)
    bits = 0
    for row in range(8):
        for column in range(8):
            here, beside = (float(grey.getpixel((at, row))) for at in (column, column + 1))  # type: ignore[arg-type]
            bits = bits << 1 | (here - beside > CLEARLY)
    if bits.bit_count() < FEWEST:
        return None
    return bits - 2**64 if bits >= 2**63 else bits


def day_of(image: Image.Image) -> dt.date | None:
    """When the camera says the photo was taken; None where it says nothing that can be."""
    try:
        text = str(image.getexif().get_ifd(EXIF_PART).get(TAKEN_AT, ""))
        day = dt.datetime.strptime(text[:10], "%Y:%m:%d").date()  # noqa: DTZ007 - a day, without a zone
    except BROKEN:
        return None
    return day if day <= today() else None
