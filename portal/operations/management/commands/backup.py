from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from portal.operations import archive


class Command(BaseCommand):
    help = "Write a backup of database and private files, with checksums, into a new folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where the new folder is made")

    def handle(self, *_args: Any, **options: Any) -> None:
        made = archive.write(options["folder"])
        self.stdout.write(_("备份完成:%(folder)s") % {"folder": made})
