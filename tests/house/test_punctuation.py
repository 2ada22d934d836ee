"""Chinese sentences have Chinese punctuation, on pages, in messages, workbooks and the manual (GB/T 15834)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHERE = ("portal", "communities", "grid", "services", "funding", "templates", "docs")
BETWEEN = re.compile(r"[\u4e00-\u9fff》」”）】][,;:!?][\u4e00-\u9fff《「“【]")
# Lines of a CSV, and patterns in which the mark means something else.
PASSED_OVER = re.compile(r're\.|\br"|\d{12},')


def test_no_western_marks_between_chinese_characters() -> None:
    listed = subprocess.run(["git", "ls-files", *WHERE], cwd=ROOT, capture_output=True, text=True, check=True)
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in listed.stdout.splitlines()
        if name.endswith((".py", ".html", ".js", ".md"))
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), start=1)
        if BETWEEN.search(line) and not PASSED_OVER.search(line)
    ]
    assert not found, "\n".join(found)
