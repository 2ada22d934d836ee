"""``manage.py import_divisions FILE.csv``: the official list of divisions becomes the tree of places."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from communities.actions.division_files import DivisionFileError
from communities.actions.importing import ImportRefused, ImportReport, import_divisions


class Command(BaseCommand):
    help = "导入全国行政区划代码表(列：code、name、level;.csv 或 .csv.gz;UTF-8 或 GB18030)。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="区划代码表")
        parser.add_argument("--classes", type=Path, metavar="FILE", help="城乡分类代码表(列：code、class)")
        parser.add_argument(
            "--on",
            type=_date,
            metavar="DATE",
            help="名单从哪一天起有效(如 2024-07-01)；不填表示自平台有记录以前就如此",
        )
        parser.add_argument(
            "--close-missing", action="store_true", help="撤销本表中应有而没有的区划(须同时给出 --on)"
        )
        parser.add_argument(
            "--examples", type=int, default=20, metavar="N", help="每类情况最多列出几条，默认 20"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = import_divisions(
                options["file"],
                classes=options["classes"],
                on=options["on"],
                close_missing=options["close_missing"],
                examples=options["examples"],
            )
        except (DivisionFileError, ImportRefused) as error:
            raise CommandError(_("未导入：%(reason)s") % {"reason": error}) from error
        self.tell(report)
        if report.has_changes and not connection.in_atomic_block:
            tidy()

    def tell(self, report: ImportReport) -> None:
        """What was met, kind by kind with line numbers, then what was done."""
        for oddity, count, examples in report.findings:
            self.stdout.write(
                self.style.WARNING(_("%(what)s：%(count)d") % {"what": oddity.label, "count": count})
            )
            for example in examples:
                self.stdout.write(f"  {example}")
            if count > len(examples):
                self.stdout.write(_("  ……另有 %(more)d 条") % {"more": count - len(examples)})
        self.stdout.write(
            _("读入 %(rows)d 行，对应 %(places)d 个区划。") % {"rows": report.rows, "places": report.places}
        )
        if not report.has_changes:
            self.stdout.write(self.style.SUCCESS(_("与平台中的区划一致，没有改动。")))
            return
        done = (
            (_("新增区划"), report.created),
            (_("更名"), report.renamed),
            (_("类别、上级或城乡分类变更"), report.otherwise_changed),
            (_("补填城乡分类代码"), report.classified),
            (_("撤销"), report.closed),
            (_("登记代码"), report.codes_added),
        )
        words = "、".join(f"{what} {count}" for what, count in done if count)
        self.stdout.write(self.style.SUCCESS(_("完成：%(done)s。") % {"done": words}))


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def tidy() -> None:
    """Statistics and visibility after a large load: search relies on plans that know both."""
    with connection.cursor() as cursor:
        for table in ("communities_division", "communities_divisionrecord", "communities_divisioncode"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")
