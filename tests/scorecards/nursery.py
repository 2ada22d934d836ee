"""``python -m tests.scorecards.nursery DATABASE``: workers to be killed, born quickly.

For each run id on standard input a child is forked, its process id printed, and the run done in it. When the child
has ended, however it ended, ``gone`` is printed. Loading Django once for all children keeps the proof short.
"""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings


def main(database: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    from portal.scorecards.actions import execute_run

    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            execute_run(line.strip())
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(sys.argv[1])
