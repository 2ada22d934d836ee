#!/usr/bin/env python3
"""Django's commands; without DATABASE_URL they use the embedded servers of this checkout."""

import contextlib
import os
import sys

OFFLINE = {"help", "version", "--help", "--version", "collectstatic", "makemessages", "compilemessages"}
"""Commands that never ask the database."""


def main() -> None:
    """Run one command, holding the servers it needs for as long as it runs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the line above

    from portal import devstack  # noqa: PLC0415

    offline = len(sys.argv) < 2 or sys.argv[1] in OFFLINE or os.environ.get("PORTAL_ENV") == "production"
    servers = contextlib.nullcontext() if offline or not devstack.needed(os.environ) else devstack.Lease()
    try:
        with servers:
            execute_from_command_line(sys.argv)
    except devstack.DevstackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
