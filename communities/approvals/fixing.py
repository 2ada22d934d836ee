"""What holds for every register whose rows are submitted: what was submitted stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from communities.base.entry import LateCheck
from communities.choices import APPROVAL_FIXED


def stays_as_submitted(model: Any, names: Iterable[str]) -> LateCheck:
    """For workbooks: a row that is being decided, or is decided, cannot come back changed; unchanged it can."""
    columns = [model._meta.get_field(name).column for name in names]
    table = model._meta.db_table
    stored, staged = (", ".join(f"{row}.{column}" for column in columns) for row in ("r", "s"))
    states = ", ".join(f"'{state.value}'" for state in APPROVAL_FIXED)
    return LateCheck(
        (),
        f"""EXISTS (SELECT FROM {table} r JOIN communities_approvalcase c ON c.id = r.case_id
        WHERE r.id = s.row_pk AND c.state IN ({states}) AND ({stored}) IS DISTINCT FROM ({staged}))""",  # noqa: S608
        _("正在审批或已经办结，不能修改；正在审批的，请先撤回。"),
        code="submitted",
    )
