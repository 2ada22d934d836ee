"""``python -m tests.nursery DATABASE MODULE:FUNCTION``: workers to be killed, born quickly.

For each word on standard input a child is forked, its process id printed, and the function called in it with that
word. An empty line waits until all children have ended, however they ended, and prints ``gone``. Loading Django
once for all children keeps proofs short.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import django


class Nursery:
    """Workers of the test's own database, as the test sees them."""

    def __init__(self, function: str, **environment: str) -> None:
        from django.db import connection

        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery", connection.settings_dict["NAME"], function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        assert self._said() == "ready"

    def _said(self) -> str:
        return self.process.stdout.readline().strip()

    def _say(self, word: str) -> None:
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def bear(self, word: object) -> int:
        """The process id of a worker that does this piece of work."""
        self._say(str(word))
        return int(self._said())

    def wait(self) -> None:
        """Until none is left."""
        self._say("")
        assert self._said() == "gone"

    def close(self) -> None:
        with self.process:  # closes the pipes and waits
            self.process.stdin.close()


def main(database: str, function: str) -> None:
    from django.conf import settings

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    module, name = function.split(":")
    work = getattr(import_module(module), name)

    print("ready", flush=True)
    children = []
    for line in sys.stdin:
        word = line.strip()
        if not word:
            for child in children:
                os.waitpid(child, 0)
            children.clear()
            print("gone", flush=True)
            continue
        child = os.fork()
        if child == 0:
            work(word)
            os._exit(0)
        children.append(child)
        print(child, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(*sys.argv[1:])
