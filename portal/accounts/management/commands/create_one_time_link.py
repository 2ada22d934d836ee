"""A way into an account that no administrator may open on a page: those of the other administrators."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.translation import gettext as _

from communities.models import User
from portal.accounts import links


class Command(BaseCommand):
    """``manage.py create_one_time_link USERNAME``."""

    help = _("为一个账号生成一次性链接，只显示一次；生成时结束其全部登录。")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and whether the authenticator is lost too."""
        parser.add_argument("username")
        parser.add_argument("--without-second-factor", action="store_true", help=_("同时解除动态口令"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prints the end of the address, to be put behind the portal's own."""
        user = User.objects.live().filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("没有这个账号。"))
        try:
            _link, code = links.make(user, by=None, frees_second_factor=options["without_second_factor"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{reverse('one-time-link')}#{code}")
