"""An uploaded workbook from its arrival to its end; each step is a job that any worker may take over."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import Count, Q
from django.urls import get_resolver
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.actions import jobs
from communities.actions.imports.identities import check_identity
from communities.actions.imports.merging import merge, tell_planner
from communities.actions.imports.staging import Staging, Target, store
from communities.actions.jobs import Lease, LeaseLost
from communities.base.actions import OutOfScope
from communities.base.entry.fields import RowField
from communities.base.entry.forms import ENTRIES, EntryForm
from communities.base.roles import Action
from communities.base.tables import ROUTES, resource_of
from communities.base.wakeup import wake_after_commit
from communities.base.workbooks.checking import Checker, Staged
from communities.base.workbooks.columns import columns_of, layout_of
from communities.base.workbooks.reader import plain_head
from communities.base.workbooks.sheets import FileRefused, opened
from communities.choices import ImportMode, ImportState, JobState, RowOutcome
from communities.models import Division, ExportFile, ImportBatch, ImportRow, Job

logger = logging.getLogger(__name__)

WORK_TASK = "communities.imports.work"
JOB_KIND = "import"
MAX_FAILURES = 3
# Rows between two signs of life.
CHUNK = 2500
# Rows of one import from which on the planner must know of them at once, not when autovacuum comes by.
MANY_ROWS = 10_000


class NotReady(Exception):
    """The upload is not, or no longer, waiting for its owner's word; ``batch`` is as it stands."""

    def __init__(self, batch: ImportBatch) -> None:
        super().__init__(batch.state)
        self.batch = batch


def registers() -> dict[str, type[EntryForm]]:
    """The registers that take workbooks, by the code that batches and the names of addresses know them by."""
    # Registers are declared with their addresses, which a worker has not loaded yet.
    get_resolver().url_patterns  # noqa: B018 - loads them
    return {ROUTES[label]: entry for label, entry in ENTRIES.items() if entry.alike}


def resources() -> dict[str, str]:
    """The same registers by the name that addresses call them: ``household-counts`` is ``household-count``."""
    return {resource_of(code): code for code in registers()}


def upload(*, register: str, division: Division, file: File, name: str, by: Any) -> ImportBatch:
    """Keep an upload and have it checked.

    The same file that waits for its check is not taken a second time; one that waits for its owner's word is
    checked anew, for the register may have changed since.

    Raises ValidationError (empty or too large), PermissionDenied for a place where the user may not write.
    """
    entry = registers()[register]
    if not any(span.covers(division.path_now) for span in by.spans(entry.action)):
        raise PermissionDenied(_("不在您的管辖范围内。"))
    if not file.size:
        raise ValidationError(FileRefused("empty_file").message, code="empty_file")
    if file.size > settings.IMPORT_MAX_BYTES:
        most = str(settings.IMPORT_MAX_BYTES // 2**20)
        raise ValidationError(FileRefused("too_large", most).message, code="too_large")
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    mine = ImportBatch.objects.filter(
        requested_by=by, register=register, division=division, digest=digest.hexdigest()
    )
    with transaction.atomic():
        waiting = mine.exclude(state__in=ImportBatch.ENDED).select_for_update(of=("self",)).first()
        if waiting is not None and waiting.state != ImportState.READY:
            return waiting
        if waiting is not None:
            _end(waiting, ImportState.EXPIRED)
        batch = ImportBatch(
            register=register,
            division=division,
            requested_by=by,
            file_name=shortened(Path(name).name),
            size=file.size,
            digest=digest.hexdigest(),
            repeats=mine.filter(state=ImportState.DONE).first(),
        )
        batch.file.save(f"{uuid.uuid4()}{Path(name).suffix.lower()[:10]}", file, save=False)
        batch.save()
        batch.refresh_from_db()
        _ask(batch, by)
    return batch


def shortened(name: str, most: int = 200) -> str:
    """A file's name that fits its column, with its suffix."""
    suffix = Path(name).suffix[:10]
    return name if len(name) <= most else name[: most - len(suffix)] + suffix


def confirm(batch: ImportBatch, *, mode: str, by: Any) -> ImportBatch:
    """The owner's word: write the good rows, or all of them or none.

    Raises NotReady, ValidationError where all rows were asked for and some are bad.
    """
    with transaction.atomic():
        held = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if held.state != ImportState.READY:
            raise NotReady(held)
        refused = held.count(RowOutcome.REFUSED)
        if mode == ImportMode.ALL_OR_NOTHING and refused:
            told = _("有 %(refused)d 行不合格，不能全部入库；请改正后重新上传，或选择合格的先入库。")
            raise ValidationError(told % {"refused": refused}, code="rows_refused")
        if refused and not held.count(RowOutcome.CREATED) and not held.count(RowOutcome.CHANGED):
            raise ValidationError(_("没有可以入库的行。"), code="nothing_to_write")
        held.mode, held.state = mode, ImportState.APPLYING
        held.save(update_fields=["mode", "state"])
        _ask(held, by)
    return held


def _ask(batch: ImportBatch, by: Any) -> None:
    batch.job, _made = jobs.enqueue(
        key=f"import:{batch.public_id}", kind=JOB_KIND, params={"batch": str(batch.public_id)}, by=by
    )
    batch.save(update_fields=["job"])
    wake_after_commit(WORK_TASK, str(batch.public_id))


def work(public_id: uuid.UUID | str) -> bool:
    """Do the present step of a batch; False when it is done or in other hands."""
    batch = ImportBatch.objects.select_related("division", "requested_by", "job").get(public_id=public_id)
    lease = jobs.take(job_id=batch.job_id) if batch.job_id is not None else None
    if lease is None:
        _close_failed(batch)
        return False
    step = _apply if batch.state == ImportState.APPLYING else _check
    try:
        step(batch, lease)
    except LeaseLost:
        logger.warning("import %s went to another worker", batch.public_id)
        return False
    except FileRefused as refused:
        told = _better(refused, batch)
        _refuse(batch, lease, told.code, told.message)
    except OutOfScope as refused:
        _refuse(batch, lease, "out_of_scope", str(refused))
    except Exception as error:
        again = lease.attempts < MAX_FAILURES
        with suppress(LeaseLost), transaction.atomic():
            (jobs.give_back if again else jobs.fail)(lease, f"{type(error).__name__}: {error}")
            if not again:
                _end(
                    batch,
                    ImportState.FAILED,
                    refusal=_("处理时出现故障，没有写入任何内容；请联系平台管理员。"),
                )
        raise
    return True


def _require_place(batch: ImportBatch) -> None:
    """The owner's rights are those of now. Raises OutOfScope where he may no longer write at the place."""
    spans = batch.requested_by.spans(registers()[batch.register].action)
    if not any(span.covers(batch.division.path_now) for span in spans):
        raise OutOfScope(_("不在您的管辖范围内。"))


def _better(refused: FileRefused, batch: ImportBatch) -> FileRefused:
    """Where the heads are not those of the register, the template's mark may say whose they are."""
    try:
        check_identity(refused.identity, batch, columns_of(target_of(batch).form))
    except FileRefused as told:
        return told
    return refused


def sweep() -> None:
    """Take up batches whose wake-up or worker was lost."""
    waiting = ImportBatch.objects.filter(
        job__in=Job.objects.filter(jobs.waiting(), kind=JOB_KIND)
    ).values_list("public_id", flat=True)
    for public_id in waiting:
        try:
            work(public_id)
        except Exception:
            # Its job keeps the reason; the other batches must not wait for it.
            logger.exception("import %s failed", public_id)


def expire() -> None:
    """End what nobody confirmed in time, and remove files and rows after their term."""
    now = timezone.now()
    for batch in ImportBatch.objects.filter(
        state=ImportState.READY, checked_at__lt=now - dt.timedelta(hours=settings.IMPORT_CONFIRM_HOURS)
    ):
        with transaction.atomic():
            held = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
            if held.state == ImportState.READY:
                _end(held, ImportState.EXPIRED)
    over = Q(finished_at__lt=now - dt.timedelta(days=settings.IMPORT_KEEP_DAYS)) | Q(
        state=ImportState.EXPIRED
    )
    for batch in ImportBatch.objects.filter(over, state__in=ImportBatch.ENDED).exclude(file=""):
        ImportRow.objects.filter(batch=batch).delete()
        batch.file.delete(save=False)
        batch.save(update_fields=["file"])
    for export in ExportFile.objects.filter(
        created_at__lt=now - dt.timedelta(days=settings.EXPORT_KEEP_DAYS)
    ).exclude(file=""):
        export.file.delete(save=False)
        export.save(update_fields=["file"])


# -- the steps ---------------------------------------------------------------------------------------------


def target_of(batch: ImportBatch) -> Target:
    """The register of a batch, as its owner may write it now, at the batch's place."""
    form = form_for(registers()[batch.register], batch.requested_by, batch.division)
    model: Any = form._meta.model
    rows = model.objects.visible_to(batch.requested_by, form.action).live()
    return Target(form, rows.below(batch.division.path_now), rows)


def form_for(entry: type[EntryForm], user: Any, division: Division) -> EntryForm:
    """A register's form whose fields name only rows of one place; for who only reads, the rows that he reads."""
    form = entry(user=user)
    if not user.may(entry.action):
        form.action = Action.VIEW  # type: ignore[misc] # of this form alone
    model: Any = form._meta.model
    standing = model.objects.visible_to(user, form.action).live().below(division.path_now)
    for name, field in form.fields.items():
        if isinstance(field, RowField) and field.rows is not None:
            field.wider = field.rows
            field.rows = _below(field.rows, division.path_now)
            field.kept = _named_by(standing, name)
    return form


def _below(rows: Any, path: str) -> Any:
    return lambda: rows().below(path)


def _named_by(rows: Any, name: str) -> Any:
    """The rows that ``rows`` name in a field."""
    related: Any = rows.model._meta.get_field(name).related_model
    return lambda: related._default_manager.filter(pk__in=rows.order_by().values(name))


def _check(batch: ImportBatch, lease: Lease) -> None:
    """Read every row, hold them against the register, and show the owner what would happen."""
    lease.done = 0  # whatever another worker read is read again
    with transaction.atomic():
        jobs.hold(lease)
        ImportRow.objects.filter(batch=batch).delete()
        batch.state = ImportState.CHECKING
        batch.save(update_fields=["state"])
    target = target_of(batch)
    columns = columns_of(target.form)
    heads = {plain_head(column.column_name) for column in columns}
    with opened(Path(batch.file.path), name=batch.file_name, heads=heads) as sheet:
        batch.sheet = {"name": sheet.name, "head": sheet.head_number}
        batch.notes = [*sheet.notes, *check_identity(sheet.identity, batch, columns)]
        checker = Checker(target.form, columns, layout_of(columns, sheet.head))
        _store(batch, lease, checker.rows(sheet.rows))
    if not lease.done:
        raise FileRefused("no_rows")
    with transaction.atomic(), connection.cursor() as cursor:
        jobs.hold(lease)
        staging = Staging(target, batch.pk, cursor)
        staging.lay_out()
        staging.find_rows()
        staging.check_named()
        staging.check_constraints()
        staging.check_late()
        staging.check_unique()
        staging.decide()
        batch.state, batch.checked_at, batch.counts = ImportState.READY, timezone.now(), counted(batch)
        batch.save(update_fields=["state", "checked_at", "counts", "sheet", "notes"])
        jobs.finish(lease)


def _store(batch: ImportBatch, lease: Lease, rows: Iterator[Staged]) -> None:
    while chunk := list(islice(rows, CHUNK)):
        with transaction.atomic():
            jobs.hold(lease)
            done = lease.done + store(batch.pk, chunk)
            jobs.advance(lease, done=done, total=done, is_kept=False)


def _apply(batch: ImportBatch, lease: Lease) -> None:
    """Write what the owner confirmed: rows, records and the end of the batch in one transaction."""
    _require_place(batch)
    with transaction.atomic():
        jobs.hold(lease)
        target = target_of(batch)
        merged = merge(
            batch,
            target,
            by=batch.requested_by,
            all_or_nothing=batch.mode == ImportMode.ALL_OR_NOTHING,
            reason=_("导入「%(file)s」") % {"file": batch.file_name},
        )
        batch.counts = counted(batch)
        if batch.mode == ImportMode.ALL_OR_NOTHING and merged.refused:
            code, told = _no_longer(batch)
            _end(batch, ImportState.REFUSED, code=code, refusal=told)
        else:
            _end(batch, ImportState.DONE)
        jobs.finish(lease)
    if merged.created + merged.changed > MANY_ROWS:
        tell_planner(target)


def _no_longer(batch: ImportBatch) -> tuple[str, str]:
    """Why nothing was written: rows that others wrote since the preview, or that pass no longer."""
    refused = ImportRow.objects.filter(batch=batch, outcome=RowOutcome.REFUSED)
    stale = refused.filter(errors__contains=[{"code": "stale"}]).count()
    others = refused.count() - stale
    said = []
    if stale:
        said.append(_("预览之后有 %(number)d 行已被他人修改") % {"number": stale})
    if others:
        said.append(_("预览之后有 %(number)d 行因其他记录变动而不再合格") % {"number": others})
    told = "，".join(said) + _("，没有写入任何内容；请下载退回的表，核对后重新上传。")
    return "stale" if stale else "rows_refused", told


def counted(batch: ImportBatch) -> dict[str, int]:
    """Rows by outcome, all four named."""
    rows = (
        ImportRow.objects.filter(batch=batch).order_by().values_list("outcome").annotate(number=Count("pk"))
    )
    found = dict(rows)
    return {outcome: found.get(outcome, 0) for outcome in RowOutcome.values}


def _refuse(batch: ImportBatch, lease: Lease, code: str, message: str) -> None:
    with suppress(LeaseLost), transaction.atomic():
        jobs.hold(lease)
        ImportRow.objects.filter(batch=batch).delete()
        _end(batch, ImportState.REFUSED, code=code, refusal=message)
        jobs.finish(lease)


def _end(batch: ImportBatch, state: str, *, code: str = "", refusal: str = "") -> None:
    batch.state, batch.finished_at = state, timezone.now()
    batch.refusal_code, batch.refusal = code, refusal[:500]
    batch.save(update_fields=["state", "finished_at", "refusal_code", "refusal", "counts", "sheet", "notes"])


def _close_failed(batch: ImportBatch) -> None:
    """A job that was given up for killing its workers takes its batch along."""
    batch.refresh_from_db()
    failed = batch.job is not None and batch.job.state == JobState.FAILED
    if failed and not batch.is_ended:
        _end(batch, ImportState.FAILED, refusal=_("处理时多次中断，没有写入任何内容；请联系平台管理员。"))
