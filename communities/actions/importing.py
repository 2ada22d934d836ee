"""The official list of divisions becomes the tree of places: loaded whole, and kept true by later editions.

A place is recognised by its level and statistical code; the list's other columns are facts about it. What a
later edition tells differently closes the record in force and opens the next, on a date that the caller gives.

Decisions on what real lists hold:

- A code that stands at several levels (cities without districts: 东莞市) is one place at the highest of them. Its
  towns hang directly below it, as the law has it; the code is entered once per level, so that a look-up by level
  and code finds the place at either. A second place of the same name would count twice in every total.
- Rows that only gather others for counting (市辖区, 省直辖县级行政区划) stay in the tree as places of kind
  ``pseudo``: then every district has something of city level above it, roll-ups by level add up to the whole,
  "one's own city" is defined for all, and the official codes lead down without gaps. Lists of cities leave the
  kind out.
- A place whose direct parent is nowhere hangs below the nearest ancestor that is known.
- A code that disappeared is told. Only on request is the place closed, and never while something stands on it:
  then an event of places has to say what becomes of it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from communities.actions import division_files, staging
from communities.actions.division_files import Findings
from communities.actions.first_load import rules_after_rows
from communities.base import pinyin
from communities.base.copying import copy
from communities.base.places import common_ancestor
from communities.base.querysets import today
from communities.base.wakeup import wake_after_commit
from communities.choices import ChangeVerb, Level
from communities.models import (
    ChangeRecord,
    Committee,
    DirtyMark,
    Division,
    Organisation,
    Premises,
    RoleAssignment,
)

_CHUNK = 20_000
# What may stand on a place: model, column of the place, which rows count.
_STANDING: tuple[tuple[type[models.Model], str, str], ...] = (
    (Committee, "division_now_id", "deleted_at IS NULL"),
    (Premises, "division_now_id", "deleted_at IS NULL"),
    (Organisation, "division_id", "deleted_at IS NULL"),
    (RoleAssignment, "division_id", "deleted_at IS NULL AND upper_inf(valid)"),
)


class ImportRefused(Exception):
    """The list can be read but must not be applied so; the message (Chinese) says why and what to do."""


@dataclass
class ImportReport:
    """What an import did. ``rows`` counts usable rows, ``places`` the distinct places among them."""

    rows: int = 0
    places: int = 0
    created: int = 0
    renamed: int = 0
    otherwise_changed: int = 0
    classified: int = 0
    closed: int = 0
    codes_added: int = 0
    findings: Findings = field(default_factory=Findings)

    @property
    def has_changes(self) -> bool:
        return any(
            (
                self.created,
                self.renamed,
                self.otherwise_changed,
                self.classified,
                self.closed,
                self.codes_added,
            )
        )


@transaction.atomic
def import_divisions(
    path: Path,
    *,
    classes: Path | None = None,
    on: dt.date | None = None,
    close_missing: bool = False,
    examples: int = 20,
) -> ImportReport:
    """Load a list of divisions, or bring the tree up to a later edition of it, as one act.

    ``on`` is the day from which the list holds; without it, new places stand from before our records on and
    nothing that is already known may differ. ``classes`` is a second list with urban-rural class codes.
    ``close_missing`` closes the places that the list should hold and does not. ``examples`` limits what is kept
    of each oddity.

    Raises DivisionFileError (a broken file) and ImportRefused; nothing is loaded then.
    """
    if on is not None and on > today():
        raise ImportRefused(_("生效日期 %(on)s 晚于今天，请到时再导入。") % {"on": on})
    if close_missing and on is None:
        raise ImportRefused(_("撤销区划须用 --on 指明日期。"))
    report = ImportReport(findings=Findings(kept=examples))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('import_divisions')); SET LOCAL work_mem = '64MB'"
        )
        _stage(cursor, path, classes, report, close_missing=close_missing)
        _compare(cursor, report)
        _refuse_unclear_dates(cursor, on)
        shared = common_ancestor(_outermost_touched(cursor))
        if close_missing:
            _close(cursor, report, on)
        _read_names(cursor)
        with rules_after_rows(cursor, coming=report.created):
            _add_places(cursor, on)
            _change_places(cursor, on)
            _add_codes(cursor, report, on)
        staging.clear(cursor)
    if report.has_changes:
        _leave_traces(shared, report, path, on)
    return report


def _stage(
    cursor: Any, path: Path, classes: Path | None, report: ImportReport, *, close_missing: bool
) -> None:
    """Read the files and fit the places into the tree that stands."""
    findings = report.findings
    report.rows = staging.load(
        cursor,
        division_files.places(path, findings),
        division_files.classes(classes, findings) if classes is not None else (),
    )
    if not report.rows:
        raise ImportRefused(_("文件中没有一行可以导入。"))
    staging.note_repetitions(cursor, findings)
    staging.find_gone(cursor)
    standing = [(model._meta.db_table, column, rule) for model, column, rule in _STANDING]
    staging.find_closing(cursor, standing, close_missing=close_missing)
    staging.note_gone(cursor, findings, close_missing=close_missing)
    staging.know_parents(cursor)
    root_id = Division.objects.values_list("pk", flat=True).get(level=Level.COUNTRY)
    staging.plant(cursor, root_id)
    staging.note_missing_parents(cursor, findings)


def _compare(cursor: Any, report: ImportReport) -> None:
    """Fill ``changed``: what the list tells of known places differently from their records in force.

    A class code where none was known is no change of the world: such a row is only ``filled``.
    """
    cursor.execute("""
        CREATE TEMP TABLE changed ON COMMIT DROP AS
        SELECT c.*, NOT (renamed OR otherwise) AS filled FROM (
            SELECT t.id, t.level, t.code, t.name, t.kind, t.parent_id, t.path, r.path AS old_path,
                r.id AS record_id, r.name AS old_name, lower(r.valid) AS since,
                coalesce(nullif(t.class, ''), r.urban_rural_class) AS class,
                r.name <> t.name AS renamed,
                (r.kind, r.parent_id, r.path) IS DISTINCT FROM (t.kind, t.parent_id, t.path)
                    OR t.class <> '' AND r.urban_rural_class NOT IN ('', t.class) AS otherwise,
                t.class <> '' AND r.urban_rural_class = '' AS fills
            FROM tree t JOIN communities_divisionrecord r ON r.division_id = t.id AND upper_inf(r.valid)
            WHERE NOT t.is_new
        ) AS c WHERE renamed OR otherwise OR fills;
        ANALYZE changed;
        SELECT (SELECT count(*) FROM tree), (SELECT count(*) FROM tree WHERE is_new),
            count(*) FILTER (WHERE renamed), count(*) FILTER (WHERE otherwise AND NOT renamed),
            count(*) FILTER (WHERE filled)
        FROM changed
    """)
    report.places, report.created, report.renamed, report.otherwise_changed, report.classified = (
        cursor.fetchone()
    )


def _refuse_unclear_dates(cursor: Any, on: dt.date | None) -> None:
    """A change of what is known needs a day, and a day on which nothing later is recorded yet.

    Raises ImportRefused.
    """
    words = {
        "without": _("与已有记录不同，请用 --on 指明新名单从哪一天起有效"),
        "later": _("在该日之后已有记录"),
    }
    cursor.execute(
        """
        SELECT 'without', code, old_name || ' → ' || name FROM changed WHERE NOT filled AND %(on)s::date IS NULL
        UNION ALL
        SELECT 'later', code, name FROM changed WHERE NOT filled AND since > %(on)s
        UNION ALL
        SELECT 'later', d.code_now, d.name_now FROM closing c
            JOIN communities_division d ON d.id = c.division_id
            JOIN communities_divisionrecord r ON r.division_id = d.id AND upper_inf(r.valid)
            WHERE lower(r.valid) >= %(on)s
        UNION ALL
        SELECT 'later', s.code, s.name FROM staged s
            JOIN communities_divisioncode c ON (c.scheme, c.level, c.code) = (%(scheme)s, s.level, s.code)
            WHERE s.nth = 1 AND NOT upper_inf(c.valid) AND (%(on)s::date IS NULL OR upper(c.valid) > %(on)s)
                AND NOT EXISTS (SELECT FROM open_codes o WHERE o.level = s.level AND o.code = s.code)
        """,
        {"on": on, "scheme": staging.SCHEME},
    )
    found = cursor.fetchall()
    if found:
        reason = found[0][0]
        alike = [f"{code} {name}" for why, code, name in found if why == reason]
        raise ImportRefused(
            _("%(count)d 个区划%(reason)s。例如：%(examples)s。")
            % {"count": len(alike), "reason": words[reason], "examples": "；".join(alike[:5])}
        )


def _outermost_touched(cursor: Any) -> list[str]:
    """The first and the last path, in order, among all places that the import touches."""
    cursor.execute("""
        SELECT min(path), max(path) FROM (
            SELECT path FROM tree WHERE is_new
            UNION ALL SELECT path FROM changed UNION ALL SELECT old_path FROM changed
            UNION ALL SELECT path FROM closing
            UNION ALL SELECT t.path FROM staged s JOIN tree t ON t.code = s.code
                WHERE s.level > s.top AND s.nth = 1
                    AND NOT EXISTS (SELECT FROM open_codes o WHERE o.level = s.level AND o.code = s.code)
        ) AS touched
    """)
    return [path for path in cursor.fetchone() if path]


def _close(cursor: Any, report: ImportReport, on: dt.date | None) -> None:
    """End records and codes of what is gone and not in use."""
    cursor.execute(
        """
        UPDATE communities_divisionrecord r SET valid = daterange(lower(valid), %(on)s)
            FROM closing c WHERE r.division_id = c.division_id AND upper_inf(r.valid);
        UPDATE communities_divisioncode k SET valid = daterange(lower(valid), %(on)s)
            FROM gone g WHERE k.id = g.code_id
                AND (NOT g.is_place OR EXISTS (SELECT FROM closing c WHERE c.division_id = g.division_id));
        UPDATE communities_division d SET is_closed = true, version = version + 1, updated_at = now()
            FROM closing c WHERE d.id = c.division_id;
        SELECT count(*) FROM closing
        """,
        {"on": on},
    )
    (report.closed,) = cursor.fetchone()


def _read_names(cursor: Any) -> None:
    """Fill ``keys``: the pinyin of every distinct name that is new."""
    cursor.execute(
        'CREATE TEMP TABLE keys (name text, sort_key text COLLATE "C", initials text COLLATE "C") ON COMMIT DROP'
    )
    with connection.chunked_cursor() as names:
        names.execute("SELECT name FROM tree WHERE is_new UNION SELECT name FROM changed WHERE renamed")
        while chunk := names.fetchmany(_CHUNK):
            keys = ((name, pinyin.sort_key(name), pinyin.initials(name)) for (name,) in chunk)
            copy(cursor, "keys", ("name", "sort_key", "initials"), staging.lines_of(keys))
    cursor.execute("ANALYZE keys")


def _add_places(cursor: Any, on: dt.date | None) -> None:
    """Set up what is new, in the order of the tree, so that neighbours lie side by side on disk."""
    cursor.execute(
        """
        INSERT INTO communities_division (id, level, path_now, parent_now_id, name_now, kind_now, code_now,
            sort_key, initials, is_closed, version, created_at, updated_at, deleted_reason)
        SELECT t.id, t.level, t.path, t.parent_id, t.name, t.kind, t.code, k.sort_key, k.initials,
            false, 1, now(), now(), ''
        FROM tree t JOIN keys k ON k.name = t.name WHERE t.is_new ORDER BY t.path;
        INSERT INTO communities_divisionrecord
            (division_id, valid, name, kind, parent_id, path, location_class, urban_rural_class)
        SELECT id, daterange(%(on)s, NULL), name, kind, parent_id, path, '', class
        FROM tree WHERE is_new ORDER BY path
        """,
        {"on": on},
    )


def _change_places(cursor: Any, on: dt.date | None) -> None:
    """Close records in force and open the next; correct in place those that began on the same day."""
    cursor.execute(
        """
        UPDATE communities_divisionrecord r SET urban_rural_class = c.class
            FROM changed c WHERE r.id = c.record_id AND c.filled;
        UPDATE communities_divisionrecord r
            SET name = c.name, kind = c.kind, parent_id = c.parent_id, path = c.path, urban_rural_class = c.class
            FROM changed c WHERE r.id = c.record_id AND NOT c.filled AND c.since = %(on)s;
        UPDATE communities_divisionrecord r SET valid = daterange(lower(valid), %(on)s)
            FROM changed c WHERE r.id = c.record_id AND NOT c.filled AND c.since IS DISTINCT FROM %(on)s;
        INSERT INTO communities_divisionrecord
            (division_id, valid, name, kind, parent_id, path, location_class, urban_rural_class)
        SELECT c.id, daterange(%(on)s, NULL), c.name, c.kind, c.parent_id, c.path, r.location_class, c.class
            FROM changed c JOIN communities_divisionrecord r ON r.id = c.record_id
            WHERE NOT c.filled AND c.since IS DISTINCT FROM %(on)s;
        UPDATE communities_division d
            SET name_now = c.name, kind_now = c.kind, parent_now_id = c.parent_id, path_now = c.path,
                sort_key = coalesce(k.sort_key, d.sort_key), initials = coalesce(k.initials, d.initials),
                version = version + 1, updated_at = now()
            FROM changed c LEFT JOIN keys k ON k.name = c.name AND c.renamed
            WHERE d.id = c.id AND NOT c.filled
        """,
        {"on": on},
    )


def _add_codes(cursor: Any, report: ImportReport, on: dt.date | None) -> None:
    """Enter codes not in force yet; a code that stands at several levels belongs to one place at each."""
    cursor.execute(
        """
        INSERT INTO communities_divisioncode (division_id, scheme, level, code, valid)
        SELECT t.id, %(scheme)s, s.level, s.code, daterange(%(on)s, NULL)
        FROM staged s JOIN tree t ON t.code = s.code AND t.level = s.top AND t.line IS NOT NULL
        WHERE s.nth = 1 AND NOT EXISTS (SELECT FROM open_codes o WHERE o.level = s.level AND o.code = s.code)
        ORDER BY s.level, s.code
        """,
        {"on": on, "scheme": staging.SCHEME},
    )
    report.codes_added = cursor.rowcount


def _leave_traces(shared: str, report: ImportReport, path: Path, on: dt.date | None) -> None:
    """One change record for the act and one dirty mark, on the deepest place above all that changed."""
    root = Division.objects.get(path_now=shared)
    counts = (
        "rows",
        "places",
        "created",
        "renamed",
        "otherwise_changed",
        "classified",
        "closed",
        "codes_added",
    )
    ChangeRecord.objects.create(
        act=uuid.uuid4(),
        user=None,
        user_name="import_divisions",
        verb=ChangeVerb.CHANGE,
        model=Division._meta.label,
        object_id=root.public_id,
        object_label=str(root)[:200],
        division=root,
        before={},
        after={"file": path.name, "on": on.isoformat() if on else None}
        | {count: getattr(report, count) for count in counts},
        reason=_("导入区划代码表"),
    )
    DirtyMark.objects.create(division=root, source=Division._meta.label)
    wake_after_commit()
