"""Loading the demo: into an empty database, or anew into one that is marked as demo."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from communities.base.places import label
from communities.base.querysets import today
from communities.choices import Level, PeriodKind
from communities.models import (
    Division,
    DivisionRecord,
    HolidaySchedule,
    Installation,
    Job,
    Period,
    SpecialDay,
    User,
)
from portal.demo import accounts, approvals, evidence
from portal.demo.cities import ProvincePlan, plan_province
from portal.demo.rulebook import store_rulebook
from portal.demo.schemes import store_schemes
from portal.demo.store import store_city, store_places
from portal.demo.timeline import END_OF_2002, Timeline
from portal.scorecards.actions import execute_run, request_run
from portal.scorecards.models import Run

# Packages whose rows make up an installation's data; timetables, migrations and content types stay.
DATA_PACKAGES = frozenset({"communities", "grid", "services", "funding", "portal", "axes"})
DATA_MODELS = frozenset({"sessions.Session"})
# Positions on cards are never used again, whatever the database holds.
KEPT_MODELS = frozenset({"scorecards.MeasureSlot"})


class NotEmpty(Exception):
    """The database holds data that the demo must not touch."""


def accounts_file() -> Path:
    """Where the demo's passwords are kept: beside the checkout, in no repository."""
    return Path(settings.BASE_DIR) / "var" / "demo-accounts.txt"


def is_empty() -> bool:
    """No places but the root, and nobody who could sign in."""
    return not Division.objects.exclude(level=Level.COUNTRY).exists() and not User.objects.exists()


@transaction.atomic
def load(anchor: dt.date, *, file: Path | None) -> Installation:
    """Load the demo as seen from ``anchor``, mark the database and ask for a measuring run of every period.

    After commit the passwords go to ``file`` (None: nowhere). Raises NotEmpty where anything stands already,
    ValueError for an anchor out of range.
    """
    timeline = Timeline(anchor)
    # Two that load at once: the second waits here and then finds the first one's places.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('portal.demo'))")
    if not is_empty():
        raise NotEmpty
    credentials = accounts.Credentials(accounts.USERNAMES)
    plan = plan_province(timeline)
    root = Division.objects.get(level=Level.COUNTRY)
    store_periods(timeline)
    store_places([plan.place], root)
    for city in plan.cities.values():
        store_city(city, root)
    store_rulebook(plan)
    store_schemes(plan)
    installation = mark(plan)
    accounts.store_accounts(plan, root, credentials)
    approvals.store_routes(plan)
    approvals.store_requests(plan)
    evidence.store_evidence(plan)
    request_runs()
    if file is not None:
        key = str(installation.public_id)
        transaction.on_commit(lambda: accounts.write_file(file, key, credentials.passwords))
    return installation


def request_runs() -> list[Run]:
    """Ask for the figures of every period that has begun, the newest first: people look at it first."""
    begun = Period.objects.live().filter(span__startswith__lte=today()).order_by("-span")
    return [request_run(period=period, by=None) for period in begun]


def measure() -> int:
    """Do the runs that wait, here and now, and the scores that follow them; how many were done."""
    waiting = Run.objects.filter(job__state__in=Job.UNFINISHED).order_by("pk")
    number = 0
    while run_ids := list(waiting.values_list("public_id", flat=True)):
        number += sum(execute_run(run_id) for run_id in run_ids)
    return number


def mark(plan: ProvincePlan) -> Installation:
    """Mark this database as a demo, for every page to say so."""
    Installation.objects.all().delete()
    installation = Installation.objects.create(is_demo=True, anchor_date=plan.timeline.anchor)
    installation.refresh_from_db()
    return installation


def store_periods(timeline: Timeline) -> None:
    """2002, seven closed quarters, and the open one."""
    Period.objects.create(
        code="2002",
        kind=PeriodKind.YEAR,
        span=(dt.date(2002, 1, 1), END_OF_2002 + dt.timedelta(days=1)),
        closed_at=evening(dt.date(2003, 1, 31)),
    )
    for quarter in timeline.quarters:
        is_open = quarter is timeline.quarters[-1]
        # Accounts are closed ten days after the quarter, but before the demo's today.
        closed = min(evening(quarter.after + dt.timedelta(days=9)), midnight(timeline.anchor))
        Period.objects.create(
            code=quarter.code,
            kind=PeriodKind.QUARTER,
            span=(quarter.first, quarter.after),
            closed_at=None if is_open else closed,
        )


def midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def evening(day: dt.date) -> dt.datetime:
    return midnight(day) + dt.timedelta(hours=18)


def analyse() -> None:
    """Tell the planner about the new rows; outside the transaction that wrote them."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {_tables(data_models())}")


@transaction.atomic
def reload(anchor: dt.date, *, file: Path | None) -> Installation:
    """Empty a demo database and load it anew, or leave all as it was. Raises NotEmpty without the mark."""
    empty()
    return load(anchor, file=file)


def empty() -> None:
    """Empty a database that is marked as demo, down to the root of the tree. Raises NotEmpty without the mark."""
    if Installation.demo() is None:
        raise NotEmpty
    root = Division.objects.get(level=Level.COUNTRY)
    holidays = [(each, list(each.days.live())) for each in HolidaySchedule.objects.live()]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_tables(data_models())} RESTART IDENTITY")
    replant(root)
    publish_again(holidays)


def data_models() -> list[type[models.Model]]:
    """Every model whose rows belong to the data, links between models included."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.managed or model._meta.proxy or model._meta.label in KEPT_MODELS:
            continue
        package = apps.get_app_config(model._meta.app_label).name.partition(".")[0]
        if package in DATA_PACKAGES or model._meta.label in DATA_MODELS:
            found.append(model)
    return found


def _tables(data: list[type[models.Model]]) -> str:
    return ", ".join(connection.ops.quote_name(model._meta.db_table) for model in data)


def replant(root: Division) -> None:
    """Plant the root of the tree again, as the first migration made it."""
    again = Division.objects.create(
        level=root.level,
        path_now="",
        name_now=root.name_now,
        kind_now=root.kind_now,
        sort_key=root.sort_key,
        initials=root.initials,
    )
    again.path_now = label(again.pk)
    again.save(update_fields=["path_now"])
    DivisionRecord.objects.create(
        division=again, valid=(None, None), name=root.name_now, kind=root.kind_now, path=again.path_now
    )


def publish_again(holidays: list[tuple[HolidaySchedule, list[SpecialDay]]]) -> None:
    """What the State Council published holds for the next demo as well."""
    for schedule, days in holidays:
        again = HolidaySchedule.objects.create(
            year=schedule.year, number=schedule.number, issued_on=schedule.issued_on
        )
        SpecialDay.objects.bulk_create(
            SpecialDay(schedule=again, day=each.day, is_worked=each.is_worked, name=each.name)
            for each in days
        )


def keep_accounts(installation: Installation, file: Path) -> bool:
    """Give the demo accounts new passwords when the file with theirs is not there. True when it was written."""
    if accounts.is_of(file, str(installation.public_id)):
        return False
    accounts.write_file(file, str(installation.public_id), accounts.renew_passwords())
    return True
