from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from portal.operations import archive


class Command(BaseCommand):
    help = _("核对备份并恢复到空数据库。")
    # The tables do not exist yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help=_("backup 生成的文件夹"))
        parser.add_argument("--replace", action="store_true", help=_("先清空数据库"))

    def handle(self, *_args: Any, **options: Any) -> None:
        rows = archive.restore(options["folder"], replace=options["replace"])
        self.stdout.write(_("恢复完成，核对一致，共 %(rows)s 行。") % {"rows": f"{rows:,}"})
