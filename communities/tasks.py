"""Thin tasks of the ground: a message carries an id at most, the rows say what is to be done."""

from __future__ import annotations

from celery import shared_task

from communities.actions import approvals, evidence, imports
from communities.base import drafts


@shared_task(name=imports.WORK_TASK)
def work(batch_id: str) -> None:
    """Check or write one uploaded workbook, unless it is done or in other hands."""
    imports.work(batch_id)


@shared_task(name=imports.exports.EXPORT_TASK)
def export(export_id: str) -> None:
    """Write one file of rows, unless it is done or in other hands."""
    imports.exports.work(export_id)


@shared_task(name="communities.imports.sweep")
def sweep() -> None:
    """Take up whatever lost its wake-up or its worker."""
    imports.sweep()
    imports.exports.sweep()


@shared_task(name="communities.imports.expire")
def expire() -> None:
    """End and clear away what is past its term."""
    imports.expire()


@shared_task(name="communities.approvals.settle")
def settle_approvals() -> None:
    """Look again who decides on open cases, as people come and go."""
    approvals.settle_open_turns()


@shared_task(name="communities.drafts.expire")
def expire_drafts() -> None:
    """Take away drafts that nobody came back for."""
    drafts.expire()


@shared_task(name="communities.evidence.sweep")
def sweep_evidence() -> None:
    """Take away files that no row knows: of uploads that were never acknowledged, and of demos reloaded."""
    evidence.sweep()
