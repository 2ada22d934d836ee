"""A token for another system."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from communities.base.roles import ROLES
from communities.models import ApiToken, User
from portal.accounts.actions import issue_token


class Command(BaseCommand):
    """``manage.py create_api_token USERNAME``: prints the key, which is stored nowhere."""

    help = _("按用户的一个角色创建接口令牌，密钥只显示一次。")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, for what, how long."""
        parser.add_argument("username")
        parser.add_argument("--role", choices=sorted(ROLES), help=_("用户有多个角色时必须指定"))
        parser.add_argument("--name", default="", help=_("用途"))
        parser.add_argument("--days", type=int, default=ApiToken.LIFETIME.days, help=_("有效天数"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """The key alone on standard output, so that a script can take it."""
        user = User.objects.live().filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("没有用户 %(username)s。") % {"username": options["username"]})
        try:
            token, key = issue_token(
                user=user,
                role=options["role"],
                name=options["name"],
                lifetime=dt.timedelta(days=options["days"]),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(
            _("角色 %(role)s，有效期至 %(day)s；只显示一次：")
            % {"role": token.role, "day": f"{token.expires_at:%Y-%m-%d}"}
        )
        self.stdout.write(key)
