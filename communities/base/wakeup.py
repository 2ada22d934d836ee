"""One wake-up after commit: work written as rows is picked up at once, not only at the next sweep."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

SWEEP_TASK = "portal.scorecards.sweep"


def send(task: str, *args: str) -> None:
    """Ask for a task by name, once. With the broker away the sweep by beat does it: rows are the truth."""
    try:
        current_app.send_task(task, args, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("wake-up %s was not delivered: %s", task, error)


def wake_after_commit(task: str = SWEEP_TASK, *args: str) -> None:
    """Send the wake-up when the present transaction commits; nothing when it rolls back."""
    transaction.on_commit(lambda: send(task, *args))
