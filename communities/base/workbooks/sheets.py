"""The rows of an uploaded file, read by a child process (``reader``), and why a file is refused as a whole."""

from __future__ import annotations

import json
import logging
import marshal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import IO, Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from communities.base import wording
from communities.base.workbooks import reader

logger = logging.getLogger(__name__)

REASONS: dict[str, Promise] = {
    "empty_file": wording.NO_BYTES,
    "old_format": _("这是旧版格式(.xls、.et)的文件，请在表格软件中另存为 .xlsx 后再上传。"),
    "encrypted": _("文件加了密码，请取消密码后再上传。"),
    "macros": _("文件含有宏，请另存为不含宏的 .xlsx 后再上传。"),
    "suffix": _("不支持的文件类型「%(detail)s」，请上传 .xlsx 或 .csv 文件。"),
    "web_page": _("文件的内容是网页，不是表格；请在表格软件中另存为 .xlsx 后再上传。"),
    "no_workbook": _("文件的内容不是 .xlsx 工作簿，请在表格软件中另存为 .xlsx 后再上传。"),
    "no_table": _("文件不是文本表格，或编码无法识别；请另存为 UTF-8 编码的 .csv，或上传 .xlsx。"),
    "damaged": _("文件已损坏或内容不完整，无法读取；请重新保存后再上传。"),
    "entities": _("文件含有不安全的内容，不能导入；请使用下载的模板填写。"),
    "too_large": _("文件超过 %(detail)s MB，请分成几个文件上传。"),
    "too_large_unpacked": _("文件解开后过大，不能导入；请删去多余的内容，或分成几个文件上传。"),
    "too_many_parts": _("文件包含过多的部件，不能导入；请使用下载的模板填写。"),
    "too_many_sheets": _("工作表超过 %(detail)s 个，请只保留要导入的一个。"),
    "too_many_rows": _("超过 %(detail)s 行，请分成几个文件上传；如果下方是空行，请删除后再保存。"),
    "too_many_columns": _("最右边的列超出范围，请删去右侧多余的列后再上传。"),
    "no_sheet": _("文件中没有工作表。"),
    "no_head": _("没有找到表头。请使用下载的模板填写，不要改动表头。"),
    "no_rows": _("表头下方没有数据。"),
    "timeout": _("读取文件用时过长，请分成几个文件上传。"),
}
TAKES_AT_MOST = 120.0


class FileRefused(Exception):
    """An upload that cannot be taken as a whole: ``code`` and the Chinese ``message``."""

    def __init__(self, code: str, detail: str = "", message: Any = "") -> None:
        self.code = code
        # What the file said of itself before it was refused.
        self.identity = ""
        self.message = str(message or REASONS[code] % {"detail": detail})
        super().__init__(self.message)


@dataclass
class Sheet:
    """The sheet that holds the data: its head, and its rows as (number, cells)."""

    name: str
    head: list[Any]
    head_number: int
    rows: Iterator[tuple[int, list[Any]]]
    identity: str = ""
    notes: list[str] = field(default_factory=list)


@contextmanager
def opened(path: Path, *, name: str, heads: set[str]) -> Iterator[Sheet]:
    """The sheet of an upload whose head holds ``heads``. Raises FileRefused, also while its rows are read."""
    request = {
        "name": name,
        "heads": sorted(heads),
        "most_rows": settings.IMPORT_MAX_ROWS,
        "megabytes": settings.IMPORT_READER_MEGABYTES,
        "seconds": int(TAKES_AT_MOST),
    }
    child = subprocess.Popen(
        [sys.executable, "-X", "utf8", reader.__file__, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None  # noqa: S101 - for the type checker: both are pipes
    assert child.stdout is not None  # noqa: S101
    clock = Timer(TAKES_AT_MOST, child.kill)
    clock.start()
    try:
        child.stdin.write(json.dumps(request).encode())
        child.stdin.close()
        yield _sheet(child.stdout)
    finally:
        clock.cancel()
        child.kill()
        child.stdout.close()
        child.wait()


def _sheet(stream: IO[bytes]) -> Sheet:
    messages = _messages(stream)
    identity = ""
    try:
        for message in messages:
            if message[0] == "identity":
                identity = message[1]
            elif message[0] == "sheet":
                _kind, name, notes, head, number = message
                return Sheet(name, head, number, _rows(messages), identity, notes)
    except FileRefused as refused:
        refused.identity = identity
        raise
    raise FileRefused("damaged")


def _rows(messages: Iterator[tuple[Any, ...]]) -> Iterator[tuple[int, list[Any]]]:
    for message in messages:
        if message[0] == "end":
            return
        yield from message[1]
    raise FileRefused("damaged")


def _messages(stream: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    """What the child says. Raises FileRefused when it refuses or dies."""
    while True:
        length = stream.read(4)
        data = stream.read(int.from_bytes(length, "big")) if len(length) == 4 else b""
        if not data:
            # It ended without a word: the limits ended it.
            raise FileRefused("too_large_unpacked")
        message = marshal.loads(data)  # noqa: S302 - written by our own program
        if message[0] == "refused":
            raise FileRefused(message[1], message[2])
        yield message
        if message[0] == "end":
            return
