"""Many rows of a register written into a workbook by a worker; the rights are those of the moment of writing."""

from __future__ import annotations

import logging
import tempfile
import uuid
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from communities.actions import jobs
from communities.actions.imports.files import write_register
from communities.actions.imports.uploads import registers
from communities.actions.jobs import LeaseLost
from communities.base.filters import FILTER_SETS
from communities.base.roles import Action
from communities.base.wakeup import wake_after_commit
from communities.models import Division, ExportFile, Job

logger = logging.getLogger(__name__)

EXPORT_TASK = "communities.exports.work"
JOB_KIND = "export"
MAX_FAILURES = 3


def request_export(*, register: str, query: str, division: Division, by: Any) -> ExportFile:
    """Ask for a file of the rows that a list shows under ``query``, at a place."""
    with transaction.atomic():
        export = ExportFile.objects.create(register=register, query=query, division=division, requested_by=by)
        export.refresh_from_db()
        export.job, _made = jobs.enqueue(key=f"export:{export.public_id}", kind=JOB_KIND, by=by)
        export.save(update_fields=["job"])
        wake_after_commit(EXPORT_TASK, str(export.public_id))
    return export


def rows_for(export: ExportFile) -> QuerySet[Any]:
    """The rows that the owner may read now. Raises PermissionDenied where he may read nothing any more."""
    user = export.requested_by
    model: Any = registers()[export.register]._meta.model
    if not user.may(Action.VIEW):
        raise PermissionDenied
    rows = model.objects.visible_to(user, Action.VIEW).live()
    filterset = FILTER_SETS[model._meta.label](
        QueryDict(export.query), rows, request=SimpleNamespace(user=user)
    )
    if not filterset.is_valid():
        raise PermissionDenied
    return filterset.qs.below(export.division.path_now)


def work(public_id: uuid.UUID | str) -> bool:
    """Write one file; False when it is done or in other hands."""
    export = ExportFile.objects.select_related("division", "requested_by").get(public_id=public_id)
    lease = jobs.take(job_id=export.job_id) if export.job_id is not None else None
    if lease is None:
        return False
    try:
        with tempfile.TemporaryFile() as file:
            try:
                rows = rows_for(export)
            except PermissionDenied:
                with transaction.atomic():
                    jobs.fail(lease, "the owner may not read these rows any more")
                return True
            model = rows.model
            ordered = model._default_manager.filter(pk__in=rows.values("pk")).order_by(*model._meta.ordering)
            write_register(
                file, ordered, register=export.register, division=export.division, by=export.requested_by
            )
            file.seek(0)
            with transaction.atomic():
                jobs.hold(lease)
                export.file.save(f"{uuid.uuid4()}.xlsx", File(file), save=False)
                export.rows = ordered.count()
                export.save(update_fields=["file", "rows"])
                jobs.finish(lease)
    except LeaseLost:
        logger.warning("export %s went to another worker", export.public_id)
        return False
    except Exception as error:
        with suppress(LeaseLost), transaction.atomic():
            failed = jobs.give_back if lease.attempts < MAX_FAILURES else jobs.fail
            failed(lease, f"{type(error).__name__}: {error}")
        raise
    return True


def sweep() -> None:
    """Take up files whose wake-up or worker was lost."""
    waiting = ExportFile.objects.filter(job__in=Job.objects.filter(jobs.waiting(), kind=JOB_KIND))
    for public_id in waiting.values_list("public_id", flat=True):
        try:
            work(public_id)
        except Exception:
            # Its job keeps the reason; the others must not wait for it.
            logger.exception("export %s failed", public_id)
