"""A second try: rows changed or brought meanwhile, empty cells that come back, errors in the place of files."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.test import Client

from communities.actions import imports
from communities.base import actions
from communities.models import Premises
from tests.conftest import World
from tests.workbooks.conftest import Send, book, confirmed, edited, exported, row, told

pytestmark = pytest.mark.django_db


def test_a_row_changed_between_preview_and_word_goes_in_at_the_second_try(world: World, send: Send) -> None:
    batch = send(edited(exported(world), lambda sheet: sheet.__setitem__("F5", 200)))
    room = Premises.objects.order_by("division_now__path_now", "pk")[0]
    room.floor = "别处改过"
    actions.save(room, by=None)
    assert confirmed(batch).counts["refused"] == 1
    file = io.BytesIO()
    imports.write_refused(file, batch)
    again = send(file.getvalue())
    assert again.counts["changed"] == 1, told(again)


def test_two_people_bring_the_same_rows(world: World, send: Send) -> None:
    """Both previews say new; who confirms second writes nothing, and is told so."""
    content = book([row()])
    first, second = send(content), send(content, by=world.users["district_officer"])
    assert first.counts["created"] == second.counts["created"] == 1
    assert confirmed(first).counts["created"] == 1
    second = confirmed(second)
    assert (second.state, second.counts["created"], second.counts["unchanged"]) == ("done", 0, 1)
    assert Premises.objects.filter(name="新办公室").count() == 1


def test_an_empty_cell_comes_back_empty_and_is_refused_again(world: World, send: Send) -> None:
    batch = send(book([row(用房名称="  "), row(用房名称=None)]))
    assert batch.counts["refused"] == 2
    file = io.BytesIO()
    imports.write_refused(file, batch)
    content = file.getvalue()
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    name = [cell.value for cell in sheet[3]].index("用房名称") + 1
    assert {sheet.cell(at, name).value for at in (5, 6)} <= {None, "  "}
    assert sheet.cell(6, name).fill.fgColor.rgb == "FFFDE2E0"
    assert send(content).counts == {"created": 0, "changed": 0, "unchanged": 0, "refused": 2}


def test_an_error_in_the_place_of_a_file_is_json_and_unknown_parts_are_told(
    world: World, client: Client
) -> None:
    client.force_login(world.users["street_clerk"])
    answer = client.get("/api/v1/imports/template/?resource=none&division=x")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    answer = client.post("/api/v1/imports/", {"extra": "1"})
    assert {error["attr"] for error in answer.json()["errors"]} == {"extra", "resource", "division", "file"}
