"""The day of the demo, and what follows its loading."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from portal.demo import actions

ANCHOR = dt.date(2026, 11, 22)


def settle() -> None:
    """Check every deferred constraint now, and tell the planner what was loaded."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    actions.analyse()
