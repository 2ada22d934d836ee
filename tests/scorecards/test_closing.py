"""Closing a period: who, when, and that its figures stand from then on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from communities.base import roles
from communities.base.actions import save
from communities.models import ChangeRecord, Period, RoleAssignment
from portal.scorecards import actions
from portal.scorecards.closing import close_period, may_close
from portal.scorecards.models import CurrentRun, Run
from tests import factories
from tests.communities.test_jobs import at_once
from tests.conftest import World
from tests.scorecards.conftest import cards_of, measure

AFTER_THE_END = "2026-10-03 12:00+08:00"


@pytest.fixture
def ended(world: World) -> Period:
    """The third quarter, measured while it lasted: 15 August."""
    with time_machine.travel("2026-08-15 12:00+08:00"):
        period = factories.period()
        measure(period)
    return period


@pytest.fixture
def _after_the_end():
    with time_machine.travel(AFTER_THE_END):
        yield


def edit(world: World) -> None:
    room = world.premises["community"]
    room.refresh_from_db()
    room.area = Decimal("55.55")
    save(room, by=None)


def refusal(period: Period) -> str:
    with pytest.raises(ValidationError) as caught:
        close_period(period, by=None)
    period.refresh_from_db()
    assert not period.is_closed
    return " ".join(caught.value.messages)


def test_what_is_missing_is_said(world: World, ended: Period) -> None:
    with time_machine.travel("2026-09-30 23:59+08:00"):
        assert "2026年9月30日才结束" in refusal(ended)
    with time_machine.travel(AFTER_THE_END):
        # Measured on a day of the quarter, not on its last.
        assert "以最后一天(2026年9月30日)为基准日" in refusal(ended)
        run = actions.request_run(ended, by=None)
        assert "测算还没有完成" in refusal(ended)
        actions.execute_run(run.public_id)
        edit(world)
        assert "有改动尚未计入" in refusal(ended)
        actions.sweep()
        close_period(ended, by=None)
        ended.refresh_from_db()
        assert ended.is_closed
        with pytest.raises(ValidationError, match="已经关闭"):
            close_period(ended, by=None)


@pytest.mark.usefixtures("_after_the_end")
def test_closing_leaves_the_figures_of_the_last_day(world: World, ended: Period) -> None:
    run = measure(ended)
    before = cards_of(run)
    officer = world.users["standards_officer"]
    close_period(ended, by=officer)
    ended.refresh_from_db()
    current = CurrentRun.objects.get(period=ended)
    assert (current.run, current.run.anchor_date, ended.anchor_date) == (
        run,
        ended.last_day,
        ended.last_day,
    )
    record = ChangeRecord.objects.get(model="communities.Period")
    assert (record.user, record.reason, list(record.after)) == (officer, "关闭报告期", ["closed_at"])
    edit(world)
    actions.sweep()
    current.refresh_from_db()
    assert current.differs_since is not None
    assert cards_of(current.run) == before


@pytest.mark.usefixtures("_after_the_end")
@pytest.mark.parametrize("by", ["district_officer", "city_officer", None])
def test_a_closed_period_is_not_measured_again(world: World, ended: Period, by: str | None) -> None:
    measure(ended)
    runs = Run.objects.count()
    stale = Period.objects.get(pk=ended.pk)
    close_period(ended, by=None)
    with pytest.raises(ValidationError, match="已关闭"):
        actions.request_run(stale, by=world.users[by] if by else None)
    with pytest.raises(CommandError, match="已关闭"):
        call_command("measure", "--period", ended.code)
    actions.request_open_runs()
    assert Run.objects.filter(period=ended).count() == runs


@pytest.mark.usefixtures("_after_the_end")
def test_the_highest_standards_officer_closes(world: World, ended: Period) -> None:
    measure(ended)
    users = world.users
    assert {name for name, user in users.items() if may_close(user)} == {"standards_officer"}
    above = factories.user("above", roles.STANDARDS_OFFICER.code, world.city)
    beside = factories.user("beside", roles.STANDARDS_OFFICER.code, world.far_city)
    for user, may in ((users["standards_officer"], False), (above, True), (beside, True)):
        assert may_close(type(user).objects.get(pk=user.pk)) is may
    for name in ("standards_officer", "city_officer", "auditor", "nobody"):
        with pytest.raises(PermissionDenied):
            close_period(ended, by=type(above).objects.get(username=name))
    RoleAssignment.objects.filter(user=above).update(deleted_at=timezone.now())
    assert may_close(type(above).objects.get(username="standards_officer"))


@pytest.mark.usefixtures("_after_the_end")
def test_a_sweep_at_work_is_waited_for(ended: Period, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(ended)
    with monkeypatch.context() as patched:
        patched.setattr("portal.scorecards.closing.try_lock_measuring", lambda: False)
        assert "正在更新" in refusal(ended)
    close_period(ended, by=None)


def test_closing_and_asking_at_once(transactional_db: None) -> None:
    """Either the run comes first and the period stays open, or the period is closed and has no run left to do."""
    for number in range(5):
        period = factories.period(f"2024M{number}", dt.date(2024, 7, 1), dt.date(2024, 10, 1))
        measure(period)
        gate = iter(range(2))

        def either(period: Period = period, gate=gate) -> str:
            try:
                if next(gate):
                    actions.request_run(period, by=None)
                else:
                    close_period(period, by=None)
            except ValidationError:
                return "refused"
            return "done"

        assert at_once(either, 2) != ["refused", "refused"]
        period.refresh_from_db()
        unfinished = Run.objects.filter(period=period, computed_at__isnull=True).exists()
        assert period.is_closed != unfinished


# ---------------------------------------------------------------- pages


def reader(world: World, role: str) -> Client:
    client = Client()
    client.force_login(world.users[role])
    return client


def posted(client: Client, period: Period, **data: str) -> str:
    answer = client.post(reverse("period-close", args=[period.public_id]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.usefixtures("_after_the_end")
def test_the_button(world: World, ended: Period) -> None:
    officer, url = reader(world, "standards_officer"), reverse("period-detail", args=[ended.public_id])
    assert "现在还不能关闭" in officer.get(url).content.decode()
    assert "为基准日的测算结果" in posted(officer, ended, confirmed="1")
    measure(ended)
    assert 'name="confirmed"' in officer.get(url).content.decode()
    assert "请先勾选确认" in posted(officer, ended)
    ended.refresh_from_db()
    assert not ended.is_closed
    assert "2026年第3季度已关闭" in posted(officer, ended, confirmed="1")
    text = officer.get(url).content.decode()
    assert "2026-10-03 12:00" in text
    assert 'name="confirmed"' not in text
    assert "已关闭" in officer.get(reverse("period-list")).content.decode()


@pytest.mark.usefixtures("_after_the_end")
def test_the_button_is_for_whoever_closes(world: World, ended: Period) -> None:
    measure(ended)
    close = reverse("period-close", args=[ended.public_id])
    for role in world.users:
        client = reader(world, role)
        page = client.get(reverse("period-detail", args=[ended.public_id]))
        if role == "standards_officer":
            continue
        assert "period-close" not in page.content.decode()
        assert close not in page.content.decode()
        assert client.post(close, {"confirmed": "1"}).status_code == 403, role
    ended.refresh_from_db()
    assert not ended.is_closed
