"""T25: numbers of people, typed where they do not belong, stay in the row and come into no log and no task."""

from __future__ import annotations

import io
import logging
import random
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from kombu.utils.json import dumps
from structlog.stdlib import ProcessorFormatter

from communities.actions import imports
from communities.base import wakeup
from communities.models import Job, Premises, PremisesNilStatement
from tests.conftest import World
from tests.pages.test_entry import filled
from tests.workbooks.conftest import book, private_files, row  # noqa: F401 - one is a fixture

pytestmark = pytest.mark.django_db(transaction=True)

SEED = 25


def numbers() -> list[str]:
    """Three that look like a mobile phone's, three that look like an identity card's."""
    dice = random.Random(SEED)
    phones = [f"1{dice.choice('3578')}{dice.randrange(10**9):09}" for _each in range(3)]
    cards = [
        f"1101{dice.randrange(10**2):02}19{dice.randrange(50, 99)}0{dice.randrange(1, 9)}1{dice.randrange(10)}"
        f"{dice.randrange(10**3):03}{dice.choice('0123456789X')}"
        for _each in range(3)
    ]
    return phones + cards


def as_printed(request: pytest.FixtureRequest) -> io.StringIO:
    """All log lines until the test ends, tracebacks too, as the portal prints them."""
    formatters = [handler.formatter for handler in logging.root.handlers]
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(next(each for each in formatters if isinstance(each, ProcessorFormatter)))
    logging.root.addHandler(handler)
    request.addfinalizer(lambda: logging.root.removeHandler(handler))
    return handler.stream


def test_t25_numbers_typed_into_notes_are_not_repeated(
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Saved and refused, by page, API and workbook, searched for, in an address that is not there, in a failure."""
    print(f"seed {SEED}")
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="django_structlog")  # a line for each request, as in production
    output = as_printed(request)
    sent: list[Any] = []
    monkeypatch.setattr(
        wakeup.current_app, "send_task", lambda name, args, **kwargs: sent.append((name, args, kwargs))
    )
    client = Client(raise_request_exception=False)
    client.force_login(world.users["street_clerk"])
    client.get("/accounts/profile/")
    place = str(world.community.public_id)
    seeded = numbers()
    for number in seeded:
        note = f"联系人电话{number}"
        nil = {"kind": "activity", "division": place, "stated_on": "2026-01-01", "note": note}
        client.post("/nil-statements/new/", nil)
        PremisesNilStatement.objects.all().delete()
        client.post("/nil-statements/new/", nil | {"stated_on": number})
        client.post("/premises/new/", filled(world, address=note, area=number))
        client.post("/api/v1/nil-statements/", nil | {"kind": number}, content_type="application/json")
        client.post("/api/v1/premises/", f'{{"name": "{number}', content_type="application/json")
        for url in (
            f"/premises/?q={number}",
            f"/api/v1/premises/?q={number}",
            f"/nowhere/?{number}={number}",
        ):
            client.get(url)
        client.get("/premises/", {"place": number})
        client.get("/premises/", headers={"Referer": f"http://testserver/premises/?q={number}"})
    client.post("/premises/new/", filled(world, address=f"电话{seeded[0]}"))
    assert Premises.objects.filter(address__contains=seeded[0]).count() == 1
    taken = [row(用房名称=f"室{n}", 地址=f"电话{number}") for n, number in enumerate(seeded)]
    bad = [row(用房名称=number, 建筑面积=f"电话{number}") for number in seeded]
    batch = imports.upload(
        register="premises",
        division=world.street,
        file=ContentFile(book([*taken, *bad])),
        name=f"{seeded[1]}.xlsx",
        by=world.users["street_clerk"],
    )
    imports.work(batch.public_id)
    imports.confirm(batch, mode="good_rows", by=batch.requested_by)

    def fails(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("communities.actions.imports.uploads.counted", fails)
        with pytest.raises(RuntimeError):
            imports.work(batch.public_id)
    imports.work(batch.public_id)
    assert Premises.objects.filter(address__startswith="电话").count() == len(seeded) + 1

    written = output.getvalue()
    assert "/nil-statements/new/" in written, "requests are logged"
    assert [number for number in seeded if number in written] == []
    assert sent, "tasks are sent"
    assert [number for number in seeded if number in dumps(sent)] == []
    kept = str(list(Job.objects.values()))
    assert [number for number in seeded if number in kept] == []
