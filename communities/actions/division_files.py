"""Reading lists of divisions from CSV files: line by line, with what is odd in them noted by line number."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.actions.division_kinds import LEVELS, URBAN_RURAL_CLASSES, fits, kind_of
from communities.base.entry import texts
from communities.choices import DivisionKind, Level
from communities.models import Division

NAME_LENGTH: int = Division._meta.get_field("name_now").max_length or 0
ENCODINGS = ("utf-8", "gb18030")
_BLOCK = 1 << 20
# Characters for private use are let through: real names hold some that Unicode took in late.
_ON_LINES = re.compile(r"[\t\n\r]")


class DivisionFileError(Exception):
    """The file cannot be read as a list; the message (Chinese) names the line and the reason."""


class Oddity(models.TextChoices):
    """What an import meets and goes on from, in the order in which it is told."""

    BAD_CODE = "bad_code", gettext_lazy("代码有误，该行未导入")
    BAD_NAME = "bad_name", gettext_lazy("名称为空、过长或含有看不见的字符，该行未导入")
    UNKNOWN_LEVEL = "unknown_level", gettext_lazy("层级不认识，该行未导入")
    DUPLICATE = "duplicate", gettext_lazy("重复的行，只取第一行")
    TWO_LEVELS = "two_levels", gettext_lazy("同一代码出现在多个层级，视为同一地方，代码按各层级登记")
    PSEUDO = "pseudo", gettext_lazy("统计用汇总区划(不是真正的行政区划)，保留在树中并注明类别")
    NO_PARENT = "no_parent", gettext_lazy("缺少直接上级，挂在最近的上级之下")
    UNKNOWN_CLASS = "unknown_class", gettext_lazy("城乡分类代码不认识，未采用")
    CLASS_WITHOUT_PLACE = "class_without_place", gettext_lazy("有城乡分类代码而区划表中没有该村级代码")
    GONE = "gone", gettext_lazy("平台中有而本表中没有的区划")
    STILL_IN_USE = "still_in_use", gettext_lazy("本表中没有，但其上仍有登记或授权，未撤销")


@dataclass
class Findings:
    """Oddities counted, the first few of each kept in words."""

    kept: int = 20
    counts: dict[Oddity, int] = field(default_factory=dict)
    examples: dict[Oddity, list[str]] = field(default_factory=dict)

    def note(self, oddity: Oddity, example: str) -> None:
        self.counts[oddity] = self.counts.get(oddity, 0) + 1
        shown = self.examples.setdefault(oddity, [])
        if len(shown) < self.kept:
            shown.append(example)

    def note_many(self, oddity: Oddity, examples: Iterable[str]) -> None:
        for example in examples:
            self.note(oddity, example)

    def __iter__(self) -> Iterator[tuple[Oddity, int, list[str]]]:
        for oddity in Oddity:
            if oddity in self.counts:
                yield oddity, self.counts[oddity], self.examples[oddity]


class PlaceLine(NamedTuple):
    """One usable row of the list."""

    line: int
    level: Level
    code: str
    name: str
    kind: DivisionKind


def describe(line: int, code: str, name: str) -> str:
    """A row in words, so that it is found again in the file."""
    return _("第 %(line)d 行 %(code)s %(name)s") % {"line": line, "code": code, "name": name}


def places(path: Path, findings: Findings) -> Iterator[PlaceLine]:
    """The usable rows of a list with the columns code, name and level; unusable ones are noted.

    Raises DivisionFileError when the file itself is broken.
    """
    for line, (code, written, word) in rows(path, ("code", "name", "level")):
        level, name = LEVELS.get(word.lower()), texts.tidy(written)
        if level is None:
            findings.note(Oddity.UNKNOWN_LEVEL, f"{describe(line, code, name)}「{word}」")
        elif not fits(level, code):
            findings.note(Oddity.BAD_CODE, describe(line, code, name))
        elif not name or len(name) > NAME_LENGTH or texts.unseen(name) or _ON_LINES.search(name):
            findings.note(Oddity.BAD_NAME, describe(line, code, repr(name[:40])))
        else:
            kind = kind_of(level, code, name)
            if kind == DivisionKind.PSEUDO:
                findings.note(Oddity.PSEUDO, describe(line, code, name))
            yield PlaceLine(line, level, code, name, kind)


def classes(path: Path, findings: Findings) -> Iterator[tuple[int, str, str]]:
    """Line, code and urban-rural class code of a second list, with the columns code and class."""
    for line, (code, value) in rows(path, ("code", "class")):
        if value not in URBAN_RURAL_CLASSES:
            findings.note(Oddity.UNKNOWN_CLASS, describe(line, code, value))
        elif not fits(Level.COMMUNITY, code):
            findings.note(Oddity.BAD_CODE, describe(line, code, value))
        else:
            yield line, code, value


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and the wanted cells, stripped, of every row that is not blank."""
    encoding = encoding_of(path)
    try:
        with opened(path) as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
            reader = csv.reader(text, strict=True)
            yield from _wanted(reader, columns)
    except csv.Error as error:
        raise DivisionFileError(
            _("第 %(line)d 行不是完整的 CSV:%(reason)s") % {"line": reader.line_num, "reason": error}
        ) from error


def _wanted(reader: Any, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    header = next((cells for cells in reader if cells), None)
    if header is None:
        raise DivisionFileError(_("文件是空的。"))
    header = [cell.strip().lstrip("\ufeff").lower() for cell in header]
    missing = [column for column in columns if column not in header]
    if missing:
        raise DivisionFileError(
            _("第 %(line)d 行(表头)缺少列：%(missing)s；现有的列：%(found)s。")
            % {"line": reader.line_num, "missing": "、".join(missing), "found": "、".join(header)[:200]}
        )
    wanted = [header.index(column) for column in columns]
    last = max(wanted)
    for cells in reader:
        if len(cells) > last:
            yield reader.line_num, [cells[at].strip() for at in wanted]
        elif any(cell.strip() for cell in cells):
            raise DivisionFileError(
                _("第 %(line)d 行只有 %(cells)d 列，应有 %(wanted)d 列。")
                % {"line": reader.line_num, "cells": len(cells), "wanted": len(header)}
            )


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked when its name ends in .gz."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def encoding_of(path: Path) -> str:
    """UTF-8 (a byte order mark is allowed) or GB18030, found by reading the file once.

    Raises DivisionFileError when it is neither, cannot be unpacked or cannot be opened.
    """
    trouble = 0
    try:
        for encoding in ENCODINGS:
            line = _undecodable_line(path, encoding)
            if line is None:
                return encoding
            trouble = max(trouble, line)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DivisionFileError(_("压缩文件已损坏，无法解压：%(reason)s") % {"reason": error}) from error
    except OSError as error:
        reason = error.strerror or error
        raise DivisionFileError(
            _("打不开文件 %(path)s：%(reason)s") % {"path": path, "reason": reason}
        ) from error
    raise DivisionFileError(_("第 %(line)d 行的编码既不是 UTF-8 也不是 GB18030。") % {"line": trouble})


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """The first line that is no text of the encoding; None when all is well. NUL is in no list of ours."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with opened(path) as raw:
        while True:
            block = raw.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            if "\0" in text:
                return line + text.partition("\0")[0].count("\n")
            line += text.count("\n")
            if not block:
                return None
