"""Rows that were read, held against the register: one statement per question, whatever their number.

``lay_out`` casts the texts of a batch into a temporary table ``staged`` with the register's own columns; on it the
check constraints of the model are asked as they stand in its ``Meta``, with their messages.
"""

# ruff: noqa: S608 - what is put into statements here are names of our own tables and columns

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CheckConstraint, QuerySet, UniqueConstraint
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from communities.base.copying import ESCAPES, NULL, copy
from communities.base.entry.fields import RowField
from communities.base.entry.forms import EntryForm
from communities.base.wording import EXISTS
from communities.base.workbooks.checking import Staged
from communities.choices import RowOutcome


@dataclass(frozen=True)
class Target:
    """The register that a batch goes into: the form of its rows, and which of them the writer may change.

    ``elsewhere`` are those that he may change in batches for other places as well.
    """

    form: EntryForm
    writable: QuerySet[Any]
    elsewhere: QuerySet[Any]

    @cached_property
    def model(self) -> Any:
        return self.form._meta.model

    @property
    def table(self) -> str:
        return connection.ops.quote_name(self.model._meta.db_table)

    @cached_property
    def names(self) -> list[str]:
        """The form's fields, in the order of a row's cells."""
        return list(self.form.fields)

    @cached_property
    def columns(self) -> dict[str, str]:
        """Database column of each field, quoted."""
        quote = connection.ops.quote_name
        return {name: quote(self.model._meta.get_field(name).column) for name in self.names}

    def writable_sql(self) -> tuple[str, tuple[Any, ...]]:
        """Keys, ids and versions of the rows that may be changed."""
        keys = self.writable.order_by().values("pk", "public_id", "version")
        return sql_of(keys, "SELECT NULL::bigint, NULL::uuid, NULL::integer WHERE false")


def sql_of(rows: QuerySet[Any], otherwise: str) -> tuple[str, tuple[Any, ...]]:
    """A query as SQL with its parameters; ``otherwise`` for who may see nothing at all."""
    try:
        return rows.query.sql_with_params()
    except EmptyResultSet:
        return otherwise, ()


class Staging:
    """The staged rows of one batch, in the present transaction."""

    def __init__(self, target: Target, batch_id: int, cursor: Any) -> None:
        self.target, self.batch_id, self.cursor = target, batch_id, cursor

    # -- in --------------------------------------------------------------------------------------------

    def lay_out(self, outcomes: Sequence[str] = ("",)) -> None:
        """The batch's rows of these outcomes as a table with the register's own columns."""
        typed = ", ".join(
            f"(r.cells[{number}])::{self.target.model._meta.get_field(name).db_type(connection)}"
            f" AS {self.target.columns[name]}"
            for number, name in enumerate(self.target.names, start=1)
        )
        # Left over where one transaction checks and writes.
        self.cursor.execute("DROP TABLE IF EXISTS pg_temp.staged, pg_temp.before")
        self.cursor.execute(
            f"""CREATE TEMP TABLE staged ON COMMIT DROP AS
            SELECT r.id AS staged_id, r.line, r.object_id, r.object_version, r.row_pk, r.wrong,
                r.errors IS NOT NULL AS is_wrong, {typed}
            FROM communities_importrow r WHERE r.batch_id = %s AND r.outcome = ANY(%s)""",
            [self.batch_id, list(outcomes)],
        )
        self.cursor.execute("ANALYZE staged")

    # -- what is wrong ---------------------------------------------------------------------------------

    def refuse(
        self, condition: str, params: Sequence[Any], *, code: str, message: str, name: str = ""
    ) -> None:
        """Note a fault on the staged rows ``s`` of a condition; ``{line}`` of the message is the column ``other``.

        ``condition`` is a query of (staged_id, other).
        """
        fault = json.dumps(
            [{"name": name, "code": code, "message": message, "value": ""}], ensure_ascii=False
        )
        self.cursor.execute(
            f"""UPDATE communities_importrow r SET
                errors = coalesce(r.errors, '[]') || replace(%s::text, '{{line}}', f.other::text)::jsonb
            FROM ({condition}) AS f(staged_id, other) WHERE r.id = f.staged_id""",
            [fault, *params],
        )
        if self.cursor.rowcount:
            self.cursor.execute(
                "UPDATE staged s SET is_wrong = true FROM communities_importrow r"
                " WHERE r.id = s.staged_id AND r.errors IS NOT NULL AND NOT s.is_wrong"
            )

    def find_rows(self) -> None:
        """The rows that identities name; each once, and only where the writer may write."""
        sql, params = self.target.writable_sql()
        self.cursor.execute(
            f"UPDATE staged s SET row_pk = w.id FROM ({sql}) AS w(id, public_id, version)"
            " WHERE w.public_id = s.object_id",
            params,
        )
        lost = "SELECT staged_id, 0 FROM staged WHERE object_id IS NOT NULL AND row_pk IS NULL AND object_id"
        keys = self.target.elsewhere.order_by().values("public_id")
        known, known_params = sql_of(keys, "SELECT NULL::uuid WHERE false")
        self.refuse(
            f"{lost} IN ({known})",
            known_params,
            code="out_of_place",
            message=_("这条记录不在本次导入所选的地区内；请选择它所在的地区后导入。"),
        )
        self.refuse(
            f"{lost} NOT IN ({known})",
            known_params,
            code="gone",
            message=_("没有找到这条记录，可能已被删除，或不在您的管辖范围内。"),
        )
        self.refuse(
            "SELECT staged_id, first FROM (SELECT staged_id, line, min(line) OVER (PARTITION BY row_pk) AS first"
            " FROM staged WHERE row_pk IS NOT NULL) AS each WHERE line > first",
            [],
            code="repeated",
            message=_("与原文件第 {line} 行是同一条记录；要新增一条，请清空系统编号。"),
        )

    def check_named(self) -> None:
        """Rows that cells name must be on offer, or stand there already."""
        for name, field in self.target.form.fields.items():
            if not isinstance(field, RowField) or field.rows is None:
                continue
            column = self.target.columns[name]
            offered, params = sql_of(field.rows().order_by().values("pk"), "SELECT NULL::bigint WHERE false")
            self.refuse(
                f"""SELECT s.staged_id, 0 FROM staged s LEFT JOIN {self.target.table} t ON t.id = s.row_pk
                WHERE s.{column} IS NOT NULL AND s.{column} IS DISTINCT FROM t.{column}
                    AND s.{column} NOT IN ({offered})""",
                params,
                code="unknown",
                message=_("所填的记录已停用、已删除，或不在您的管辖范围内。"),
                name=name,
            )

    def check_constraints(self) -> None:
        """The model's check constraints, but for those on cells that could not be read."""
        editor = connection.schema_editor(collect_sql=True)
        for constraint in self.target.model._meta.constraints:
            if not isinstance(constraint, CheckConstraint):
                continue
            told = constraint.constraint_sql(self.target.model, editor)
            rule = str(told).partition(" CHECK ")[2]
            condition: Any = constraint.condition
            fields = sorted(condition.referenced_base_fields & set(self.target.names))
            self.refuse(
                f"SELECT staged_id, 0 FROM staged WHERE NOT ({rule}) AND NOT wrong && %s",
                [fields],
                code=constraint.violation_error_code or "invalid",
                message=str(constraint.violation_error_message),
                name=self._told_at(constraint),
            )

    def _told_at(self, constraint: Any) -> str:
        """The field at which a breach is told, where the register has it."""
        name = self.target.model.constraint_fields.get(constraint.name, "")
        return name if name in self.target.names else ""

    def check_late(self) -> None:
        """Rules that look at other tables."""
        for late in self.target.form.late_checks:
            self.refuse(
                f"SELECT staged_id, {late.told} FROM staged s WHERE ({late.fails}) AND NOT wrong && %s",
                [list(late.reads)],
                code=late.code,
                message=str(late.message),
                name=late.name,
            )

    def check_unique(self) -> None:
        """Unique rules among live rows: within the file, and against the register. Good rows only, as elsewhere."""
        alike = self.target.form.alike
        self._recognise(alike)
        for constraint in self.target.model._meta.constraints:
            if isinstance(constraint, UniqueConstraint):
                self._once_in_file(constraint.fields)
                self._not_there(
                    constraint.fields,
                    "NOT EXISTS (SELECT FROM staged o WHERE o.row_pk = t.id AND NOT o.is_wrong)",
                    code=constraint.violation_error_code or "unique",
                    message=str(constraint.violation_error_message),
                    name=self._told_at(constraint),
                )
        self._once_in_file(alike, only_new=True)
        self._not_there(
            alike,
            "s.row_pk IS NULL",
            code="exists",
            message=f"{EXISTS}{_('要修改它，请先导出 Excel，在导出的表中修改后再导入。')}",
        )

    def _once_in_file(self, names: Iterable[str], *, only_new: bool = False) -> None:
        keys = ", ".join(self.target.columns[name] for name in names)
        new = "AND row_pk IS NULL" if only_new else ""
        self.refuse(
            f"SELECT staged_id, first FROM (SELECT staged_id, line, min(line) OVER (PARTITION BY {keys}) AS first"
            f" FROM staged WHERE NOT is_wrong {new}) AS each WHERE line > first",
            [],
            code="repeated",
            message=_("与原文件第 {line} 行重复。"),
        )

    def _not_there(
        self, names: Iterable[str], condition: str, *, code: str, message: str, name: str = ""
    ) -> None:
        """Refuse rows which would stand beside another live row of the same ``names``."""
        self.refuse(
            f"""SELECT DISTINCT s.staged_id, 0 FROM staged s JOIN {self.target.table} t ON {self._same(names)}
                AND t.deleted_at IS NULL AND t.id IS DISTINCT FROM s.row_pk
            WHERE NOT s.is_wrong AND {condition}""",
            [],
            code=code,
            message=message,
            name=name,
        )

    def _recognise(self, names: Sequence[str]) -> None:
        """A row without an identity that stands in the register just so is no news.

        One that differs is refused later: whether it means that row or another, only a person can say.
        """
        sql, params = self.target.writable_sql()
        self.cursor.execute(
            f"""UPDATE staged s SET row_pk = t.id, object_version = t.version
            FROM {self.target.table} t JOIN ({sql}) AS w(id, public_id, version) ON w.id = t.id
            WHERE NOT s.is_wrong AND s.row_pk IS NULL AND s.object_id IS NULL AND {self._same(names)}
                AND NOT ({self._differs()})""",
            params,
        )

    def _same(self, names: Iterable[str]) -> str:
        """Equality that an index or a hash serves, where a column is never empty."""
        return " AND ".join(
            f"t.{column} {'IS NOT DISTINCT FROM' if is_null else '='} s.{column}"
            for column, is_null in (
                (self.target.columns[name], self.target.model._meta.get_field(name).null) for name in names
            )
        )

    def _differs(self) -> str:
        columns = self.target.columns.values()
        return f"({', '.join(f't.{c}' for c in columns)}) IS DISTINCT FROM ({', '.join(f's.{c}' for c in columns)})"

    def drop_known(self) -> None:
        """Take out rows that meanwhile stand in the register just so: somebody else brought the same."""
        known = (
            f"SELECT s.staged_id FROM staged s JOIN {self.target.table} t ON t.id = s.row_pk"
            f" WHERE NOT s.is_wrong AND NOT ({self._differs()})"
        )
        self.cursor.execute(
            f"UPDATE communities_importrow SET outcome = %s WHERE id IN ({known})", [RowOutcome.UNCHANGED]
        )
        self.cursor.execute(f"DELETE FROM staged WHERE staged_id IN ({known})")

    # -- what would happen -----------------------------------------------------------------------------

    def decide(self) -> None:
        """Give every row its outcome. Rows that others wrote since the file was made are refused if they differ."""
        join = f"FROM staged s LEFT JOIN {self.target.table} t ON t.id = s.row_pk"
        self.refuse(
            f"SELECT s.staged_id, 0 {join} WHERE NOT s.is_wrong AND t.version <> s.object_version"
            f" AND {self._differs()}",
            [],
            code="stale",
            message=_("文件下载之后，这条记录已被他人修改；请核对现在的内容后再导入。"),
        )
        self.cursor.execute(
            f"""UPDATE communities_importrow r
            SET row_pk = f.row_pk, object_version = coalesce(f.version, r.object_version), outcome = f.outcome
            FROM (
                SELECT s.staged_id, s.row_pk, t.version, CASE
                    WHEN s.is_wrong THEN '{RowOutcome.REFUSED}'
                    WHEN s.row_pk IS NULL THEN '{RowOutcome.CREATED}'
                    WHEN {self._differs()} THEN '{RowOutcome.CHANGED}'
                    ELSE '{RowOutcome.UNCHANGED}' END AS outcome
                {join}
            ) AS f WHERE r.id = f.staged_id"""
        )


def store(batch_id: int, rows: Iterable[Staged]) -> int:
    """Append rows that were read to a batch, by COPY; how many."""
    columns = ("batch_id", "line", "object_id", "object_version", "cells", "wrong", "errors", "texts")
    with connection.cursor() as cursor:
        return copy(cursor, "communities_importrow", columns, (_line(batch_id, row) for row in rows))


def _line(batch_id: int, row: Staged) -> str:
    cells = "{" + ",".join(row.pieces) + "}"
    if "\\" in cells or "\n" in cells or "\t" in cells or "\r" in cells:
        cells = cells.translate(ESCAPES)
    head = f"{batch_id}\t{row.line}\t{row.object_id or NULL}\t{row.version or NULL}\t{cells}\t"
    if not row.faults:
        return head + f"{{}}\t{NULL}\t{NULL}\n"
    errors = json.dumps([fault.plain() for fault in row.faults], ensure_ascii=False).translate(ESCAPES)
    texts = json.dumps(row.texts, ensure_ascii=False).translate(ESCAPES)
    return f"{head}{{{','.join(row.wrong)}}}\t{errors}\t{texts}\n"
