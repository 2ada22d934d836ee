"""``actions.merge``: the rows of a checked batch written into their register, set-based, in one transaction.

What ``actions.save`` does for one row happens here for all: lock, version, scope before and after, placements,
change records, dirty marks, wake-up.
"""

# ruff: noqa: S608 - what is put into statements here are names of our own tables and columns

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection, models, transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from communities.actions.imports.staging import Staging, Target
from communities.base.actions import OutOfScope
from communities.base.records import UNRECORDED
from communities.base.wakeup import wake_after_commit
from communities.choices import ChangeVerb, RowOutcome
from communities.models import ChangeRecord, DirtyMark, ImportBatch

WRITES = (RowOutcome.CREATED, RowOutcome.CHANGED)


@dataclass(frozen=True)
class Merged:
    """How many rows were written, and how many came back because the world had changed since the preview."""

    created: int
    changed: int
    refused: int


def merge(batch: ImportBatch, target: Target, *, by: Any, all_or_nothing: bool, reason: str) -> Merged:
    """Write a batch's created and changed rows. Rows that changed since the preview are refused instead.

    With ``all_or_nothing`` nothing is written when one is. Raises OutOfScope where a row would leave the writer's
    places, and IntegrityError where others wrote against a rule at the same moment; nothing is written then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        staging = Staging(target, batch.pk, cursor)
        staging.lay_out(WRITES)
        _lock(cursor, target)
        _recheck(staging)
        staging.drop_known()
        cursor.execute("SELECT count(*) FROM staged WHERE is_wrong")
        refused = cursor.fetchone()[0]
        if refused:
            cursor.execute(
                # With the version that stands now: whoever sends the row again has seen it.
                "UPDATE communities_importrow r"
                " SET outcome = %s, object_version = coalesce(t.version, r.object_version)"
                f" FROM staged s LEFT JOIN {target.table} t ON t.id = s.row_pk"
                " WHERE s.staged_id = r.id AND s.is_wrong",
                [RowOutcome.REFUSED],
            )
            if all_or_nothing:
                return Merged(0, 0, refused)
        cursor.execute("DELETE FROM staged WHERE is_wrong")
        writing = Writing(staging, batch, by, reason)
        created, changed = writing.write()
        return Merged(created, changed, refused)


def _lock(cursor: Any, target: Target) -> None:
    """Hold the rows to be changed until the end, in one order, so that two writers cannot block each other."""
    cursor.execute(
        f"SELECT count(*) FROM (SELECT t.id FROM {target.table} t JOIN staged s ON s.row_pk = t.id"
        " ORDER BY t.id FOR UPDATE OF t) AS held"
    )


def _recheck(staging: Staging) -> None:
    """What may have changed since the preview: the rows, the right to write them, what stands beside them."""
    target = staging.target
    sql, params = target.writable_sql()
    staging.refuse(
        f"""SELECT s.staged_id, 0 FROM staged s LEFT JOIN ({sql}) AS w(id, public_id, version) ON w.id = s.row_pk
        WHERE s.row_pk IS NOT NULL AND w.version IS DISTINCT FROM s.object_version""",
        params,
        code="stale",
        message=_("预览之后，这条记录已被他人修改或删除；请核对现在的内容后再导入。"),
    )
    staging.check_named()
    staging.check_late()
    staging.check_unique()
    if hasattr(target.model, "placements"):
        staging.refuse(
            f"""SELECT s.staged_id, 0 FROM staged s JOIN {target.table} t ON t.id = s.row_pk
            WHERE t.division_now_id <> s.division_now_id
                AND (SELECT count(*) FROM {_placements(target)} p WHERE p.thing_id = t.id) <> 1""",
            [],
            code="moved",
            message=_("曾随区划变更迁移，所在社区只能由区划变更调整。"),
            name="division_now",
        )


def _placements(target: Target) -> str:
    related = target.model._meta.get_field("placements").related_model
    return connection.ops.quote_name(related._meta.db_table)


class Writing:
    """The staged rows, all of them good, on their way into the register."""

    def __init__(self, staging: Staging, batch: ImportBatch, by: Any, reason: str) -> None:
        self.target, self.cursor = staging.target, staging.cursor
        self.batch, self.by, self.reason = batch, by, reason
        self.columns = list(self.target.columns.values())
        self.touched: set[int] = set()

    def write(self) -> tuple[int, int]:
        """How many rows were created and changed."""
        self._touch()
        told, joined = self._told_of_rows()
        self.cursor.execute(
            f"CREATE TEMP TABLE before ON COMMIT DROP AS SELECT t.id, {told} AS told"
            f" FROM staged s JOIN {self.target.table} t ON t.id = s.row_pk {joined}"
        )
        created, changed = self._insert(), self._update()
        self._place()
        self._touch()
        self._require_scope(created + changed)
        self._record()
        self._mark()
        return created, changed

    def _insert(self) -> int:
        names = ", ".join(self.columns)
        # Keys are drawn first, so that each staged row knows its own.
        self.cursor.execute(
            "ALTER TABLE staged ADD COLUMN is_new boolean NOT NULL DEFAULT false;"
            "UPDATE staged SET is_new = true, row_pk = nextval(pg_get_serial_sequence(%s, 'id'))"
            " WHERE row_pk IS NULL",
            [self.target.model._meta.db_table],
        )
        # Or the database believes that no row has a key, and looks each up by itself.
        self.cursor.execute("ANALYZE staged (row_pk, is_new); ANALYZE before (id)")
        fixed = {
            field.column: field.get_default()
            for field in self.target.model._meta.concrete_fields
            if field.name
            not in {*self.target.names, "id", "public_id", "version", "created_at", "updated_at"}
            and not field.generated
            and not field.null
        }
        extra = "".join(f", {connection.ops.quote_name(name)}" for name in fixed)
        values = "".join(", %s" for _name in fixed)
        self.cursor.execute(
            f"INSERT INTO {self.target.table} (id, version, created_at, updated_at, {names}{extra})"
            f" SELECT row_pk, 1, now(), now(), {names}{values} FROM staged WHERE is_new ORDER BY line",
            list(fixed.values()),
        )
        return int(self.cursor.rowcount)

    def _update(self) -> int:
        values = ", ".join(f"{name} = s.{name}" for name in self.columns)
        self.cursor.execute(
            f"UPDATE {self.target.table} t SET {values}, version = t.version + 1, updated_at = now()"
            " FROM staged s WHERE t.id = s.row_pk AND NOT s.is_new"
        )
        return int(self.cursor.rowcount)

    def _place(self) -> None:
        """New things stand where they are entered, for all time; a wrong place is put right."""
        if not hasattr(self.target.model, "placements"):
            return
        placements = _placements(self.target)
        self.cursor.execute(
            f"INSERT INTO {placements} (thing_id, division_id, valid)"
            " SELECT row_pk, division_now_id, daterange(NULL, NULL) FROM staged WHERE is_new"
        )
        self.cursor.execute(
            f"UPDATE {placements} p SET division_id = s.division_now_id FROM staged s"
            " WHERE p.thing_id = s.row_pk AND p.division_id <> s.division_now_id"
        )

    def _touch(self) -> None:
        """Note the divisions whose figures hang on the rows as they stand now."""
        rows = self._rows().order_by()
        for path in self.target.model.affects:
            self.touched |= set(rows.values_list(path, flat=True).distinct()) - {None}

    def _told_of_rows(self) -> tuple[str, str]:
        """What a change record says of a row ``t`` of the register, and the tables joined to say it."""
        told: list[str] = []
        joined: list[str] = []
        for field in self.target.model._meta.concrete_fields:
            if field.name in UNRECORDED or field.generated:
                continue
            column = f"t.{connection.ops.quote_name(field.column)}"
            if isinstance(field, models.ForeignKey) and not field.editable:
                # No workbook writes it: new rows have none, others keep theirs, which no record tells.
                said = "NULL::jsonb"
            elif isinstance(field, models.ForeignKey) and field.name not in self.target.model.personal_fields:
                # Joined, not looked up: one hash for all rows.
                named = f"o{len(joined)}"
                related: Any = field.related_model
                joined.append(
                    f"LEFT JOIN {connection.ops.quote_name(related._meta.db_table)} {named}"
                    f" ON {named}.id = {column}"
                )
                name = connection.ops.quote_name(related._meta.get_field(label_field(related)).column)
                said = (
                    f"CASE WHEN {named}.id IS NOT NULL"
                    f" THEN jsonb_build_object('id', {named}.public_id, 'name', {named}.{name}) END"
                )
            else:
                said = self._told(field, column)
            told.append(f"'{field.name}', {said}")
        return f"jsonb_build_object({', '.join(told)})", " ".join(joined)

    def _rows(self) -> Any:
        """The rows of the register that are written."""
        keys = RawSQL("SELECT row_pk FROM staged WHERE row_pk IS NOT NULL", ())
        return self.target.model._default_manager.filter(pk__in=keys)

    def _told(self, field: Any, column: str) -> str:
        """How the value of a column stands in a change record."""
        if field.name in self.target.model.personal_fields:
            return f"CASE WHEN coalesce({column}::text, '') = '' THEN to_jsonb({column}) ELSE '\"***\"' END"
        if isinstance(field, models.DecimalField):
            return f"{column}::text"
        if field.db_type(connection) == "daterange":
            return f"jsonb_build_array(lower({column}), upper({column}))"
        return str(column)

    def _require_scope(self, written: int) -> None:
        """Look the rows up again in the writer's scope. Raises OutOfScope."""
        if self._rows().visible_to(self.by, self.target.form.action).count() != written:
            raise OutOfScope(_("不在您的管辖范围内。"))

    def _record(self) -> None:
        """One change record per row: only the fields that differ."""
        label = self._label()
        # In whose scope a record is read: the place by which the register itself is.
        rows: Any = self.target.model._default_manager.all()
        home: Any = self.target.model._meta.get_field(rows.scope_path.partition("__")[0])
        before, after = _differing("b", "a"), _differing("a", "b")
        told, joined = self._told_of_rows()
        self.cursor.execute(
            f"""INSERT INTO {connection.ops.quote_name(ChangeRecord._meta.db_table)}
                (transaction, act, at, user_id, user_name, verb, model, object_id, object_label, division_id,
                 before, after, reason)
            SELECT (SELECT feed_position()), %s, now(), %s, %s, CASE WHEN a.is_new THEN %s ELSE %s END, %s,
                a.public_id, a.label, a.home,
                CASE WHEN a.is_new THEN '{{}}' ELSE {before} END, CASE WHEN a.is_new THEN a.told ELSE {after} END,
                %s
            FROM (
                SELECT s.line, s.is_new, t.id, t.public_id, {label} AS label, {told} AS told,
                    s.{connection.ops.quote_name(home.column)} AS home
                FROM staged s JOIN {self.target.table} t ON t.id = s.row_pk {joined}
                OFFSET 0 -- said once of a row, not once for each field that is compared
            ) AS a LEFT JOIN before b ON b.id = a.id
            ORDER BY a.line""",
            [
                str(self.batch.act),
                self.by.pk,
                str(self.by),
                ChangeVerb.CREATE,
                ChangeVerb.CHANGE,
                self.target.model._meta.label,
                self.reason,
            ],
        )

    def _label(self) -> str:
        """How change records name the rows: by their name, where they have one, else in the row's own words."""
        own = label_field(self.target.model)
        if own:
            return f"left(s.{connection.ops.quote_name(own)}, 200)"
        self.cursor.execute("ALTER TABLE staged ADD COLUMN label text NOT NULL DEFAULT ''")
        related = [
            field.name
            for field in self.target.model._meta.concrete_fields
            if field.name in self.target.names and field.is_relation
        ]
        labels = (
            (row.pk, row.record_label()[:200]) for row in self._rows().select_related(*related).iterator(5000)
        )
        while chunk := list(islice(labels, 5000)):
            keys, words = zip(*chunk, strict=True)
            self.cursor.execute(
                "UPDATE staged s SET label = l.label FROM unnest(%s::bigint[], %s::text[]) AS l(id, label)"
                " WHERE s.row_pk = l.id",
                [list(keys), list(words)],
            )
        return "s.label"

    def _mark(self) -> None:
        source = self.target.model._meta.label
        DirtyMark.objects.bulk_create(DirtyMark(division_id=pk, source=source) for pk in sorted(self.touched))
        if self.touched:
            wake_after_commit()


def tell_planner(target: Target) -> None:
    """Have the database count a register anew after many rows: lists and exports need not wait for autovacuum.

    Until then it plans for the few rows that it knows of, and joins fifty thousand of them one by one.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {target.table}")
        if hasattr(target.model, "placements"):
            cursor.execute(f"ANALYZE {_placements(target)}")


def label_field(model: Any) -> str:
    """The column by which rows of a model are named; empty where they are named by their place."""
    names = {field.name for field in model._meta.concrete_fields}
    return next((name for name in ("name_now", "name", "title") if name in names), "")


def _differing(one: str, other: str) -> str:
    """The fields of ``one`` that read differently in ``other``."""
    return (
        f"(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each({one}.told) AS e"
        f" WHERE e.value IS DISTINCT FROM {other}.told->e.key)"
    )
