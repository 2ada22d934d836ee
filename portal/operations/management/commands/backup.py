from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from portal.operations import archive


class Command(BaseCommand):
    help = _("把数据库和私有文件备份到新文件夹，附校验值。")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help=_("新文件夹所在的位置"))

    def handle(self, *_args: Any, **options: Any) -> None:
        made = archive.write(options["folder"])
        self.stdout.write(_("备份完成：%(folder)s") % {"folder": made})
