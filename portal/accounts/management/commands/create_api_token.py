"""A token for another system."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from communities.base.roles import ROLES
from communities.models import ApiToken, User
from portal.accounts.actions import issue_token


class Command(BaseCommand):
    """``manage.py create_api_token USERNAME``: prints the key, which is stored nowhere."""

    help = "Creates an API token with the rights of one role of a user and prints its key once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, for what, how long."""
        parser.add_argument("username")
        parser.add_argument("--role", choices=sorted(ROLES), help="needed when the user holds several")
        parser.add_argument("--name", default="", help="what the token is for")
        parser.add_argument("--days", type=int, default=ApiToken.LIFETIME.days, help="days until it expires")

    def handle(self, *_args: Any, **options: Any) -> None:
        """The key alone on standard output, so that a script can take it."""
        user = User.objects.live().filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"there is no user {options['username']}")
        try:
            token, key = issue_token(
                user=user,
                role=options["role"],
                name=options["name"],
                lifetime=dt.timedelta(days=options["days"]),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(f"{token.role}, expires {token.expires_at:%Y-%m-%d}; shown once:")
        self.stdout.write(key)
