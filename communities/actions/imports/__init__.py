"""Workbooks on their way into registers: uploaded, checked by a worker, confirmed by their owner, written."""

from communities.actions.imports import exports
from communities.actions.imports.files import (
    errors_of,
    shown_value,
    values_of_cells,
    write_refused,
    write_register,
    write_template,
)
from communities.actions.imports.merging import Merged, merge
from communities.actions.imports.uploads import (
    WORK_TASK,
    NotReady,
    confirm,
    expire,
    form_for,
    registers,
    resources,
    sweep,
    target_of,
    upload,
    work,
)

__all__ = [
    "WORK_TASK",
    "Merged",
    "NotReady",
    "confirm",
    "errors_of",
    "expire",
    "exports",
    "form_for",
    "merge",
    "registers",
    "resources",
    "shown_value",
    "sweep",
    "target_of",
    "upload",
    "values_of_cells",
    "work",
    "write_refused",
    "write_register",
    "write_template",
]
