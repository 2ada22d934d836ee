"""What is being decided, or is decided, comes back in a workbook unchanged or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest

from communities.actions import approvals, imports
from communities.models import ExemptionRequest
from tests.conftest import World
from tests.factories import approvals as factory
from tests.workbooks.conftest import Send, confirmed, edited, told

pytestmark = pytest.mark.django_db(transaction=False)

REGISTER = "exemption-request"


def exported(world: World) -> bytes:
    file, clerk = io.BytesIO(), world.users["street_clerk"]
    rows = ExemptionRequest.objects.visible_to(clerk).live()
    imports.write_register(file, rows, register=REGISTER, division=world.street, by=clerk)
    return file.getvalue()


def test_only_what_is_not_submitted_is_changed(world: World, send: Send) -> None:
    factory.route(world.district)
    waiting, free = (factory.request(world.community, reason=reason) for reason in ("待批", "未报"))
    approvals.submit(waiting, by=world.users["community_worker"])
    assert told(same := send(exported(world), register=REGISTER)) == []
    assert same.counts == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}

    def later(sheet: Any) -> None:
        head = next(cell for line in sheet.iter_rows() for cell in line if "整改打算" in str(cell.value))
        for line in range(head.row + 1, sheet.max_row + 1):
            if "#" in str(sheet.cell(line, 1).value):
                sheet.cell(line, head.column).value = "后年购置"

    batch = send(edited(exported(world), later), register=REGISTER)
    assert told(batch) == [("", "正在审批或已经办结，不能修改；正在审批的，请先撤回。")]
    assert batch.counts == {"created": 0, "changed": 1, "unchanged": 0, "refused": 1}
    confirmed(batch)
    for row, remedy in ((waiting, "明年年底前购置"), (free, "后年购置")):
        row.refresh_from_db()
        assert row.remedy == remedy
