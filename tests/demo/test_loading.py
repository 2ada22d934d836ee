"""When the demo loads, when it refuses, and what becomes of the passwords."""

from __future__ import annotations

import datetime as dt
import stat
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from communities.base import roles
from communities.choices import Level
from communities.models import Division, Installation, User
from portal.demo import actions
from portal.demo.timeline import Quarter, Timeline
from tests import factories
from tests.demo.conftest import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = tmp_path / "var" / "demo-accounts.txt"
    monkeypatch.setattr(actions, "accounts_file", lambda: where)
    return where


def accounts_in(file: Path) -> dict[str, tuple[str, str]]:
    lines = [line.split(" ") for line in file.read_text().splitlines() if not line.startswith("#")]
    assert all(word == "account" for word, *_ in lines)
    return {username: (password, role) for _, username, password, role in lines}


@pytest.mark.parametrize("options", [[], ["--reload"]])
def test_a_database_in_use_is_refused(file: Path, options: list[str]) -> None:
    factories.division("真省", Level.PROVINCE, factories.root())
    with pytest.raises(CommandError, match="没有标明为演示数据库"):
        call_command("load_demo", *options)
    assert not file.exists()
    assert Division.objects.count() == 2


def test_a_database_with_users_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factories.user("first")
    with pytest.raises(CommandError):
        call_command("load_demo")
    call_command("load_demo", "--if-empty")
    assert "不装入演示数据" in capsys.readouterr().out
    assert Installation.demo() is None


def test_an_anchor_out_of_range_is_refused(file: Path) -> None:
    with pytest.raises(CommandError, match="须在"):
        call_command("load_demo", "--anchor", "1999-01-01")


def test_load_and_load_again(file: Path, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        call_command("load_demo", "--anchor", "2026-11-22")
    settle()
    first = accounts_in(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    check_accounts(first)

    with pytest.raises(CommandError, match="--reload"):
        call_command("load_demo")
    call_command("load_demo", "--if-empty")
    assert accounts_in(file) == first, "nothing changes while the file is there"

    file.unlink()
    call_command("load_demo", "--if-empty")
    renewed = accounts_in(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert renewed.keys() == first.keys()
    assert all(renewed[name] != first[name] for name in first)
    assert User.objects.get(username="city").check_password(renewed["city"][0])
    settle()

    with django_capture_on_commit_callbacks(execute=True):
        call_command("load_demo", "--reload", "--anchor", "2026-07-01")
    assert Installation.demo().anchor_date == dt.date(2026, 7, 1)
    assert User.objects.get(username="city").check_password(accounts_in(file)["city"][0])


def check_accounts(accounts: dict[str, tuple[str, str]]) -> None:
    assert {name: role for name, (_, role) in accounts.items()} == {
        "city": roles.CITY_OFFICER.code,
        "district": roles.DISTRICT_OFFICER.code,
        "street": roles.STREET_CLERK.code,
        "worker": roles.COMMUNITY_WORKER.code,
        "standards": roles.STANDARDS_OFFICER.code,
        "api": roles.API_CLIENT.code,
        "auditor": roles.AUDITOR.code,
        "platform_admin": roles.PLATFORM_ADMINISTRATOR.code,
        "security_admin": roles.SECURITY_ADMINISTRATOR.code,
        "city_yulan": roles.CITY_OFFICER.code,
        "city_jichuan": roles.CITY_OFFICER.code,
    }
    assert len({password for password, _ in accounts.values()}) == len(accounts)
    homes = []
    for username, (password, role) in accounts.items():
        user = User.objects.get(username=username)
        assert user.check_password(password)
        assert len(password) >= 16
        assert user.is_demo
        assert not user.must_change_password
        assert user.organisation is not None
        assert [held for held, _ in user.held_roles()] == [role]
        if username in {"city", "district", "street", "worker"}:
            homes.append(Division.objects.get(path_now=user.home_path()))
    assert [home.level for home in homes] == [2, 3, 4, 5]
    assert all(below.path_now.startswith(above.path_now) for above, below in pairwise(homes))
    assert homes[0].name_now == "云州市"
    districts = Division.objects.filter(level=3, parent_now=homes[0])
    assert homes[1] != districts.order_by("sort_key").first()
    assert homes[1] != districts.order_by("code_now").first()


@pytest.mark.parametrize("anchor", ["2026-01-01", "2026-03-31", "2024-02-29", "2026-11-22", "2026-12-31"])
def test_eight_quarters_end_with_the_open_one(anchor: str) -> None:
    day = dt.date.fromisoformat(anchor)
    quarters = Timeline(day).quarters
    assert len(quarters) == 8
    assert quarters[-1].first <= day <= quarters[-1].last
    assert all(a.after == b.first for a, b in pairwise(quarters))


def test_quarters() -> None:
    assert Quarter.of(dt.date(2026, 1, 1)).shifted(-1) == Quarter(2025, 4)
    assert Quarter(2026, 4).last == dt.date(2026, 12, 31)
    assert Quarter(2026, 3).code == "2026Q3"
