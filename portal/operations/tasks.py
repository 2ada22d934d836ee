"""Housekeeping by the timetable."""

from __future__ import annotations

from celery import shared_task

from communities.base import once


@shared_task(name="portal.operations.forget_answers")
def forget_answers() -> None:
    """Delete stored answers to calls with an Idempotency-Key that need not be kept any longer."""
    once.forget()
