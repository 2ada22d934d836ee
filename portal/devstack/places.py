"""Who the servers run as, and where their folders are."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import signal
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.devstack.processes import die_with_parent

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DATABASE = "portal"
SUPERUSER = "postgres"
MAJOR = "18"
SOCKET_PATH_LIMIT = 104


class DevstackError(RuntimeError):
    """The servers of this machine cannot be had; the message is for the person at the keyboard."""


@dataclass(frozen=True)
class Account:
    """The account that the servers run under: PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    @property
    def dropped(self) -> bool:
        """Whether a child has to change to it."""
        return os.geteuid() != self.uid

    def popen_options(self) -> dict[str, Any]:
        """Arguments for ``subprocess`` that start a child as this account, bound to our life."""
        options: dict[str, Any] = {"preexec_fn": die_with_parent(signal.SIGINT), "umask": 0o077}
        if self.dropped:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options


def server_account() -> Account:
    """Ourselves; for root the account ``nobody``, which every system has."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Places:
    """Folders of one pair of servers. All are absolute; `sockets` is short on purpose."""

    home: Path
    """Locks and logs; belongs to whoever runs the command."""
    data: Path
    """Parent of the two data folders, or a link to it; they belong to the server account."""
    sockets: Path
    """Belongs to the server account, 0700: whoever may enter it is trusted by the servers."""
    throwaway: bool = False
    """For tests: no fsync, and everything is removed at the end."""

    @property
    def postgres(self) -> Path:
        return self.data.resolve() / f"postgres-{MAJOR}"

    @property
    def valkey(self) -> Path:
        return self.data.resolve() / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey"

    @property
    def keeper_socket(self) -> Path:
        return self.sockets / "keeper"

    @property
    def log(self) -> Path:
        return self.home / "keeper.log"

    @property
    def database_url(self) -> str:
        return f"postgres://{SUPERUSER}@{str(self.sockets).replace('/', '%2F')}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.valkey_socket}"

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use these servers."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def _short_temp() -> Path:
    """A temp folder short enough for sockets, the same for every terminal of this machine."""
    common = Path("/tmp")  # noqa: S108 - the folders made in it are 0700 and checked
    return common if os.access(common, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def checkout_places(checkout: Path = CHECKOUT) -> Places:
    """Where the servers of a checkout live; the hash keeps two checkouts apart."""
    tag = f"portal-{os.geteuid()}-{hashlib.sha256(os.fsencode(checkout)).hexdigest()[:10]}"
    home = checkout / "var" / "devstack"
    return Places(home=home, data=home / "data", sockets=_short_temp() / tag)


def throwaway_places(purpose: str = "test") -> Places:
    """Fresh folders, removed when the last lease ends."""
    home = _short_temp() / f"portal-{purpose}-{os.geteuid()}-{secrets.token_hex(4)}"
    return Places(home=home, data=home / "data", sockets=home / "run", throwaway=True)


def own_folder(path: Path, owner: int, group: int, mode: int) -> None:
    """Make the folder, or accept it only if it is `owner`'s alone to write, and no link."""
    with suppress(FileExistsError):
        path.mkdir(parents=True, mode=0o700)
        os.chown(path, owner, group)
        path.chmod(mode)
    if not belongs_to(path, owner):
        msg = f"{path} belongs to somebody else or is open to others; remove it, or run as its owner."
        raise DevstackError(msg)


def belongs_to(path: Path, owner: int) -> bool:
    """Whether a folder exists, is `owner`'s, and nobody else may write to it."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not stat.S_IMODE(found.st_mode) & 0o022


def prepare_home(places: Places) -> None:
    """The folder of the lock and the logs; enough to ask for a keeper."""
    own_folder(places.home, os.geteuid(), os.getegid(), 0o711)


def prepare_folders(places: Places, account: Account) -> None:
    """Create or check the rest. Only the keeper does, under its lock, so nobody sees it half done."""
    if account.dropped and not places.throwaway and not places.data.exists():
        _link_outside(places)
    own_folder(places.data.resolve(), os.geteuid(), os.getegid(), 0o711)
    for folder in (places.sockets, places.valkey):
        own_folder(folder, account.uid, account.gid, 0o700)
    socket_name = places.sockets / ".s.PGSQL.5432"
    if len(os.fsencode(socket_name)) >= SOCKET_PATH_LIMIT:
        msg = f"{socket_name} is too long for a socket; set TMPDIR to a shorter folder."
        raise DevstackError(msg)


def _link_outside(places: Places) -> None:
    """Root's ``nobody`` may be unable to enter the checkout, so there the data lie below /var/tmp.

    Under a fresh name that only the link knows: a new checkout in an old one's place starts anew.
    """
    target = tempfile.mkdtemp(prefix="portal-data-", dir="/var/tmp")
    Path(target).chmod(0o711)
    places.data.unlink(missing_ok=True)  # a link to a folder that somebody has tidied away
    places.data.symlink_to(target)
