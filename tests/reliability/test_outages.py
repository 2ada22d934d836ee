"""The database or the broker goes away and comes back: who notices what (R6, R8)."""

from __future__ import annotations

import signal
import statistics
import time

import pytest

from tests.reliability.conftest import Answer, Portal

pytestmark = [pytest.mark.xdist_group("outages")]

LIST = "/api/v1/communities/"


def p95(answers: list[Answer]) -> float:
    return statistics.quantiles([answer.seconds for answer in answers], n=20)[-1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_a_database_restart_is_told_and_forgotten(portal: Portal, how: signal.Signals) -> None:
    processes = portal.web_processes()
    with portal.under_load(LIST) as answers:
        time.sleep(1)
        portal.fell("postgres", how)
        down = time.monotonic()
        time.sleep(3)
        back = time.monotonic()
        portal.returned()
        portal.wait_ready()
        ready = time.monotonic()
        time.sleep(2)

    while_down = [a for a in answers if down < a.began < back]
    assert while_down, [(round(a.began - down, 1), round(a.seconds, 1), a.status) for a in answers]
    assert {a.status for a in while_down} == {503}
    assert all(a.retry_after for a in while_down)
    assert max(a.seconds for a in while_down) < 2
    afterwards = [a for a in answers if a.began > ready]
    assert afterwards
    assert {a.status for a in afterwards} == {200}
    assert portal.web_processes() == processes


def test_pages_say_it_in_chinese(portal: Portal) -> None:
    portal.fell("postgres", signal.SIGINT)
    try:
        answer, content = portal.ask("GET", "/", **portal.signed_in)
        assert (answer.status, bool(answer.retry_after)) == (503, True)
        assert "系统暂时不可用" in content.decode()
        # The process lives, so nobody need restart it.
        assert portal.get("/healthz").status == 200
        assert portal.get("/readyz").status == 503
    finally:
        portal.returned()
        portal.wait_ready()


def test_a_long_address_is_refused_in_chinese(portal: Portal) -> None:
    answer, content = portal.ask("GET", f"/premises/?q={'x' * 5_000}", **portal.signed_in)
    assert answer.status == 400
    assert "个字，现有 5000 个" in content.decode()
    answer, content = portal.ask("GET", f"/{'x' * 5_000}/", **portal.signed_in)
    assert answer.status == 404
    assert "没有找到" in content.decode()
    assert portal.get("/static/nope.css").status == 404


@pytest.mark.parametrize("seconds", [10, pytest.param(60, marks=pytest.mark.prove)])
def test_without_valkey_nothing_breaks_and_no_run_is_lost(portal: Portal, seconds: int) -> None:
    with portal.under_load(LIST) as before:
        time.sleep(4)
    with portal.under_load(LIST) as meanwhile:
        portal.fell("valkey", signal.SIGTERM)
        time.sleep(seconds / 2)
        status, asked = portal.api(
            "POST", "/api/v1/runs/", {"kind": "measure", "period": portal.cast["period"]}
        )
        time.sleep(seconds / 2)
    portal.returned()

    assert status == 202
    assert {a.status for a in meanwhile} == {200}  # nor was anybody signed out
    assert p95(meanwhile) <= 2 * max(p95(before), 0.05)
    deadline = time.monotonic() + 60
    while portal.api("GET", f"/api/v1/runs/{asked['id']}/")[1].get("state") != "done":
        assert time.monotonic() < deadline, "the run asked for in the outage was never done"
        time.sleep(0.5)
