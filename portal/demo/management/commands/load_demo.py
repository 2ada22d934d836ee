"""``manage.py load_demo``: the fictional city, loaded once."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from communities.base.querysets import today
from communities.models import Installation
from portal.demo import actions


class Command(BaseCommand):
    help = "Load the demo into an empty database (or, with --reload, anew into one marked as demo)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            type=dt.date.fromisoformat,
            help="the day from which the demo is seen: YYYY-MM-DD (today)",
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where anything is loaded already"
        )
        parser.add_argument(
            "--reload", action="store_true", help="empty a demo database first; never a real one"
        )

        parser.add_argument(
            "--measure",
            action="store_true",
            help="measure all periods at once instead of leaving it to the worker",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        file = actions.accounts_file()
        installation = Installation.demo()
        if options["if_empty"] and not actions.is_empty():
            if installation is None:
                self.stdout.write("the database holds data of its own: no demo is loaded")
            elif actions.keep_accounts(installation, file):
                self.stdout.write(f"the demo is loaded already; new passwords are in {file}")
            else:
                self.stdout.write("the demo is loaded already")
            return
        started = time.monotonic()
        is_anew = options["reload"] and installation is not None
        try:
            installation = (actions.reload if is_anew else actions.load)(
                options["anchor"] or today(), file=file
            )
        except actions.NotEmpty as error:
            raise CommandError(self._refusal()) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        actions.analyse()
        seconds = time.monotonic() - started
        self.stdout.write(
            f"demo of {installation.anchor_date} loaded in {seconds:.1f} s; accounts are in {file}"
        )

    @staticmethod
    def _refusal() -> str:
        if Installation.demo() is not None:
            return "The demo is loaded already; --reload empties the database and loads it anew."
        return "The database is not empty and not marked as demo: nothing was loaded."
