"""``python -m portal.prepare``: what ``make run`` does to the database before anybody may ask it.

One process for both commands: starting Django costs more than either does on a second start.
"""

import os

import django
from django.core.management import call_command, get_commands


def main() -> None:
    """Migrate, and load the demo into an empty database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    call_command("migrate", interactive=False)
    if "load_demo" in get_commands():
        call_command("load_demo", if_empty=True)


if __name__ == "__main__":
    main()
