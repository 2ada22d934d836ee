"""Files as they come, and the command that reads them. Nothing is ever half loaded."""

from __future__ import annotations

import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from communities.actions.importing import import_divisions
from tests.communities.divisions.lists import (
    DAY,
    EXTRACT,
    HEADER,
    PLACES,
    SMALL,
    USABLE,
    everything,
    place,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_usual_encodings_are_read(written: Any, encoding: str) -> None:
    import_divisions(written(SMALL, encoding=encoding))
    assert place("970101001001").name_now == "东社区居委会"


def test_a_packed_file_with_more_columns_in_another_order_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    text = "Level,note,Name , CODE\r\nprovince,x,云海省,970000000000\r\n\r\ncity,,云海市 ,970100000000\r\n"
    path.write_bytes(gzip.compress(text.encode()))
    import_divisions(path)
    assert place("970100000000").name_now == "云海市"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "文件是空的"),
        (b"code,name\n970000000000,x\n", r"第 1 行\(表头\)缺少列：level；现有的列：code、name"),
        (HEADER.encode() + SMALL.encode() + b"970101002002,\xff\xff,village\n", "第 10 行的编码既不是 UTF-8"),
        (HEADER.encode() + b"970000000000,a\x00b,province\n", "第 2 行的编码"),
        ((HEADER + SMALL).encode("utf-16"), "第 1 行的编码"),
        (HEADER.encode() + SMALL.encode() + b"970101002002,x\n", "第 10 行只有 2 列，应有 3 列"),
        (HEADER.encode() + SMALL.encode() + b'970101002002,"x,village\n', "第 10 行不是完整的 CSV"),
        (HEADER.encode(), "没有一行可以导入"),
        (HEADER.encode() + b"97,x,province\n", "没有一行可以导入"),
    ],
)
def test_a_broken_file_is_told_in_chinese_and_nothing_is_loaded(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    before = everything()
    with pytest.raises(CommandError, match=message):
        call_command("import_divisions", path)
    assert everything() == before


def test_a_damaged_archive_and_a_missing_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress((HEADER + SMALL * 50).encode())[:-30])
    with pytest.raises(CommandError, match="压缩文件已损坏"):
        call_command("import_divisions", path)
    path.write_bytes(b"not packed")
    with pytest.raises(CommandError, match="压缩文件已损坏"):
        call_command("import_divisions", path)
    with pytest.raises(CommandError, match="打不开文件"):
        call_command("import_divisions", tmp_path / "none.csv")


def test_the_command_tells_what_it_met_and_what_it_did() -> None:
    out = StringIO()
    call_command("import_divisions", EXTRACT, "--examples=1", stdout=out)
    text = out.getvalue()
    assert "代码有误，该行未导入：3\n  第 30 行 98010100100X 坏码社区\n  ……另有 2 条" in text
    assert f"读入 {USABLE} 行，对应 {PLACES} 个区划。" in text
    assert f"完成：新增区划 {PLACES}、登记代码 {USABLE - 1}。" in text


def test_the_command_takes_a_day_and_a_second_list(written: Any) -> None:
    listed = written("970101001001,111\n", name="classes.csv", header="code,class\n")
    call_command(
        "import_divisions", written(SMALL), "--on=2024-07-01", f"--classes={listed}", stdout=StringIO()
    )
    record = place("970101001001").records.get()
    assert (record.valid.lower, record.urban_rural_class) == (DAY, "111")
