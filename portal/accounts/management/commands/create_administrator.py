"""The first accounts of a fresh portal."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from communities.base.roles import ADMINISTRATORS
from communities.models import User
from portal.accounts.actions import create_administrator


class Command(BaseCommand):
    """``manage.py create_administrator USERNAME --name 姓名 --role platform_administrator``."""

    help = _("创建管理员，管辖全部地区；首次登录须修改密码。")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and which of the three."""
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help=_("姓名"))
        parser.add_argument("--role", choices=ADMINISTRATORS, default=ADMINISTRATORS[0])
        parser.add_argument("--prompt", action="store_true", help=_("提示输入密码，而不是自动生成"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prints the one-time password, once."""
        asked = None
        try:
            if options["prompt"]:
                asked = getpass.getpass(_("密码："))
                validate_password(asked, User(username=options["username"], name=options["name"]))
            user, password = create_administrator(
                username=options["username"], name=options["name"], role=options["role"], password=asked
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.username} {options['role']}")
        if asked is None:
            self.stdout.write(_("一次性密码：%(password)s") % {"password": password})
