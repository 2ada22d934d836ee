"""The embedded servers: what they can, who may use them, and that they always end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg2
import pytest

from portal import devstack
from portal.devstack import places as folders
from portal.devstack.keeper import remove

HOLDER = """
import sys
from pathlib import Path
from portal import devstack
lease = devstack.Lease(devstack.Places(*map(Path, sys.argv[1:4]), throwaway=True))
lease.acquire()
print("held", flush=True)
sys.stdin.read()
lease.release()
"""


@pytest.fixture
def places() -> Iterator[devstack.Places]:
    """Folders of servers of their own; all that runs there at the end is a failure."""
    fresh = devstack.throwaway_places("house")
    yield fresh
    gone = _eventually(lambda: not _processes(fresh))
    for process in _processes(fresh):
        process.kill()
    assert gone, "something was left running"


def test_postgres_understands_chinese(places):
    with devstack.Lease(places) as lease, closing(_connect(lease.places)) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION ltree")
        cursor.execute("SELECT similarity('望京街道办事处', '望京街道'), '朝阳.望京'::ltree::text")
        similarity, path = cursor.fetchone()
    assert similarity > 0.4
    assert path == "朝阳.望京"


def test_no_tcp_port_is_opened(places):
    with devstack.Lease(places):
        listening = [
            connection
            for process in _processes(places)
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert listening == []


def test_folders_vanish_with_the_last_lease(places):
    with devstack.Lease(places):
        assert places.postgres.is_dir()
    assert not places.home.exists()


def test_two_commands_overlap_and_neither_cuts_the_other_off(places):
    first = _hold(places)
    second = _hold(places)
    _let_go(first)
    with closing(_connect(places)) as connection:
        connection.cursor().execute("SELECT 1")
    _let_go(second)
    assert _eventually(lambda: not _processes(places))


def test_two_commands_start_at_the_same_time(places):
    holders = [_hold(places, wait=False) for _ in range(4)]
    assert [holder.stdout.readline() for holder in holders] == [b"held\n"] * 4
    for holder in holders:
        _let_go(holder)


def test_a_killed_command_leaves_nothing_behind(places):
    holder = _hold(places)
    assert _processes(places)
    holder.kill()
    _close(holder)
    assert _eventually(lambda: not _processes(places))


def test_a_killed_keeper_takes_the_servers_along_and_is_replaced(places):
    holder = _hold(places)
    [keeper] = [process for process in _processes(places) if "keep" in process.cmdline()]
    keeper.send_signal(signal.SIGKILL)
    with devstack.Lease(places), closing(_connect(places)) as connection:
        connection.cursor().execute("SELECT 1")
    _let_go(holder)


def test_a_fallen_server_is_started_again(places):
    with devstack.Lease(places):
        for process in _processes(places):
            if process.name() == "postgres" and "-D" in process.cmdline():
                process.send_signal(signal.SIGKILL)
        assert _eventually(lambda: _can_connect(places))


def test_a_folder_open_to_others_is_refused(places):
    places.home.mkdir(mode=0o755)
    places.sockets.mkdir()
    places.sockets.chmod(0o777)
    with pytest.raises(devstack.DevstackError, match="open to others"):
        devstack.Lease(places).acquire()


def test_a_folder_of_somebody_else_is_not_asked(places, tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/")
    assert not folders.belongs_to(link, os.geteuid())
    assert not folders.belongs_to(tmp_path, os.geteuid() + 1)


def test_two_checkouts_live_side_by_side(tmp_path):
    one, other = (devstack.checkout_places(tmp_path / name) for name in ("one", "other"))
    assert one.sockets != other.sockets
    assert one.data != other.data


def test_a_new_checkout_in_an_old_ones_place_starts_anew(tmp_path):
    places = replace(
        devstack.throwaway_places("house"), home=tmp_path, data=tmp_path / "data", throwaway=False
    )
    with devstack.Lease(places), closing(_connect(places)) as connection:
        connection.cursor().execute("CREATE TABLE here ()")
        connection.commit()
    with devstack.Lease(places), closing(_connect(places)) as connection:
        connection.cursor().execute("SELECT * FROM here")
    remove(places)
    with devstack.Lease(places), closing(_connect(places)) as connection, pytest.raises(psycopg2.Error):
        connection.cursor().execute("SELECT * FROM here")
    remove(places)
    assert not places.data.is_symlink()
    assert not places.data.exists()


def test_socket_names_are_short_enough():
    places = devstack.checkout_places(Path("/a/very/long/path" * 20))
    assert len(str(places.sockets / ".s.PGSQL.5432")) < folders.SOCKET_PATH_LIMIT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_run_them_too():
    code = (
        "from portal import devstack\nwith devstack.Lease(devstack.throwaway_places('user')): print('held')"
    )
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(
            command, cwd=devstack.CHECKOUT, user=1, group=1, extra_groups=[], capture_output=True
        )
    except PermissionError:
        pytest.skip("this interpreter is closed to other users")
    assert done.stdout == b"held\n", done.stderr.decode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_root_copies_programs_that_nobody_cannot_reach(monkeypatch):
    monkeypatch.setattr("portal.devstack.binaries._runs", lambda _program, _account: False)
    found = devstack.find_binaries(devstack.server_account())
    version = subprocess.run(
        [found.postgres_bin / "postgres", "--version"], capture_output=True, user=65534, check=True
    )
    assert b"PostgreSQL" in version.stdout
    assert found.postgres_bin.is_relative_to("/var/tmp")


def _connect(places: devstack.Places):
    return psycopg2.connect(host=str(places.sockets), user="postgres", dbname="portal")


def _can_connect(places: devstack.Places) -> bool:
    try:
        _connect(places).close()
    except psycopg2.OperationalError:
        return False
    return True


def _hold(places: devstack.Places, *, wait: bool = True) -> subprocess.Popen[bytes]:
    """A command that uses the servers until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(places.home), str(places.data), str(places.sockets)]
    holder = subprocess.Popen(command, cwd=devstack.CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if wait:
        assert holder.stdout.readline() == b"held\n"
    return holder


def _let_go(holder: subprocess.Popen[bytes]) -> None:
    holder.stdin.close()
    assert holder.wait(devstack.PATIENCE) == 0
    holder.stdout.close()


def _close(holder: subprocess.Popen[bytes]) -> None:
    holder.wait(devstack.PATIENCE)
    holder.stdin.close()
    holder.stdout.close()


def _processes(places: devstack.Places) -> list[psutil.Process]:
    """The keeper and the servers of these folders."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if HOLDER not in words and any(str(places.home) in word for word in words):
            found.append(process)
    return found


def _eventually(holds, patience: float = devstack.PATIENCE) -> bool:
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
