"""``manage.py load_demo``: the fictional city, loaded once."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from communities.base.querysets import today
from communities.models import Installation
from portal.demo import actions


class Command(BaseCommand):
    help = _("把演示数据装入空数据库；加 --reload 时，清空已标明为演示的数据库后重新装入。")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            type=dt.date.fromisoformat,
            help=_("演示数据以哪一天为今天，如 2026-11-22(默认为当天)"),
        )
        parser.add_argument("--if-empty", action="store_true", help=_("数据库里已有数据时什么也不做"))
        parser.add_argument("--reload", action="store_true", help=_("先清空演示数据库；从不清空正式数据库"))
        parser.add_argument(
            "--measure",
            action="store_true",
            help=_("当场测算全部报告期，不留给后台进程"),
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        file = actions.accounts_file()
        installation = Installation.demo()
        if options["if_empty"] and not actions.is_empty():
            if installation is None:
                self.stdout.write(_("数据库里是正式数据，不装入演示数据。"))
            elif actions.keep_accounts(installation, file):
                self.stdout.write(_("演示数据已装入；新密码写在 %(file)s") % {"file": file})
            else:
                self.stdout.write(_("演示数据已装入。"))
            return
        started = time.monotonic()
        is_anew = options["reload"] and installation is not None
        try:
            installation = (actions.reload if is_anew else actions.load)(
                options["anchor"] or today(), file=file
            )
        except actions.NotEmpty as error:
            raise CommandError(_refusal()) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        actions.analyse()
        if options["measure"]:
            actions.measure()
        seconds = time.monotonic() - started
        self.stdout.write(
            _("已装入 %(day)s 的演示数据，用时 %(seconds).1f 秒；账号写在 %(file)s")
            % {"day": installation.anchor_date, "seconds": seconds, "file": file}
        )


def _refusal() -> str:
    if Installation.demo() is not None:
        return _("演示数据已装入；加 --reload 可清空后重新装入。")
    return _("数据库不是空的，也没有标明为演示数据库：没有装入任何数据。")
