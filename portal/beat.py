"""The scheduler of ``celery beat``, which may be started before its database."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, InterfaceError, close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler

logger = logging.getLogger(__name__)

PAUSE = 1.0


class PatientScheduler(DatabaseScheduler):
    """Waits until the schedule of the settings stands in the database.

    The package writes a line into the log and goes on without the entries that it could not store: a beat started
    while the database restarts would never ask for anything again.
    """

    def setup_schedule(self) -> None:
        """Store the entries of the settings and read the schedule, however long the database is away."""
        while not self.stands():
            close_old_connections()
            time.sleep(PAUSE)

    def stands(self) -> bool:
        """One try: whether every entry is stored and those that are switched on are scheduled."""
        wanted = set(self.app.conf.beat_schedule)
        self._initial_read = True
        try:
            super().setup_schedule()
            stored = dict(self.Model.objects.filter(name__in=wanted).values_list("name", "enabled"))
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the schedule waits for its database: %s", error)
            return False
        scheduled = {name for name, enabled in stored.items() if not enabled or name in self._schedule}
        return wanted <= scheduled
