"""G9, G10 and R24: a workbook of rooms checked and written, and written back as a workbook.

Beside it: reading the file and copying it raw, and django-import-export's own way.

Sizes in rows by ``BENCH_IMPORT_ROWS`` (default 10000,100000). A room has 17 columns.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tablib
import xlsxwriter
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from import_export import resources

from benchmarks.harness import report
from communities.actions import imports
from communities.choices import Level
from communities.models import ChangeRecord, Committee, Division, Premises, User
from tests import factories
from tests.workbooks.conftest import HEADS

SIZES = [int(size) for size in os.environ.get("BENCH_IMPORT_ROWS", "10000,100000").split(",")]
DEFAULT_WAY_ROWS = 500
MODELS: dict[str, Any] = {
    model._meta.db_table: model
    for model in (Premises, Premises._meta.get_field("placements").related_model, ChangeRecord)
}
COMMUNITIES = 1_380

FLOOR = """
import sys, time, io, psycopg2
from python_calamine import CalamineWorkbook
path, dsn = sys.argv[1:]
began = time.perf_counter()
rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()
width = len(next(rows))
text = "".join("\\t".join(str(cell) for cell in row) + "\\n" for row in rows)
connection = psycopg2.connect(dsn)
cursor = connection.cursor()
columns = ", ".join(f"c{n} text" for n in range(width))
cursor.execute(f"CREATE TEMP TABLE floor ({columns})")
cursor.copy_expert("COPY floor FROM STDIN", io.StringIO(text))
connection.commit()
print(time.perf_counter() - began)
"""


def world() -> tuple[Any, Any, list[Any]]:
    """A street office with many communities, its clerk, and a committee in each community."""
    street = Division.objects.filter(name_now="导入街道").first()
    if street is None:
        parent = factories.root()
        for name, level in (
            ("导入省", Level.PROVINCE),
            ("导入市", Level.CITY),
            ("导入区", Level.DISTRICT),
            ("导入街道", Level.STREET),
        ):
            parent = factories.division(name, level, parent)
        street = parent
        for number in range(COMMUNITIES):
            factories.committee(factories.community(f"第{number}社区", street))
        factories.user("importer", "street_clerk", street, name="导入员")

    return (
        street,
        User.objects.get(username="importer"),
        list(Committee.objects.filter(division_now__parent_now=street)),
    )


def workbook(path: Path, committees: list[Any], rows: int) -> None:
    """New rooms, one a row."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("表")
    sheet.write_row(0, 0, HEADS)
    for number in range(rows):
        body = committees[number % len(committees)]
        sheet.write_row(
            number + 1,
            0,
            [
                f"办公室{number}", "办公用房", body.division_now.name_now, body.name, 40 + number % 300 + 0.5,
                "自有", f"某路 {number} 号", "一层", "良好", f"20{10 + number % 15}-0{1 + number % 9}-01", "", "",
                "否", "", "是", "是", "否",
            ],
        )  # fmt: skip
    book.close()


def through_the_door(content: bytes, street: Any, clerk: Any, name: str) -> tuple[Any, float, float]:
    """(batch, seconds to check, seconds to write)."""
    batch = imports.upload(
        register="premises", division=street, file=ContentFile(content), name=name, by=clerk
    )
    began = time.perf_counter()
    imports.work(batch.public_id)
    checked = time.perf_counter()
    batch.refresh_from_db()
    assert batch.state == "ready", batch.refusal
    imports.confirm(batch, mode="all_or_nothing", by=clerk)
    confirmed = time.perf_counter()
    imports.work(batch.public_id)
    written = time.perf_counter()
    batch.refresh_from_db()
    assert batch.state == "done", batch.refusal
    return batch, checked - began, written - confirmed


def default_way(committees: list[Any]) -> float:
    """Seconds a row of django-import-export's own import, validation on."""

    class Plain(resources.ModelResource):
        class Meta:
            model = Premises
            fields = ("name", "kind", "division_now", "committee", "area", "tenure", "address", "obtained_on")
            import_id_fields = ("name",)
            clean_model_instances = True

    data = tablib.Dataset(headers=list(Plain.Meta.fields))
    for number in range(DEFAULT_WAY_ROWS):
        body = committees[number % len(committees)]
        data.append(
            [f"默认{number}", "office", body.division_now_id, body.pk, "50", "owned", "某路", "2020-01-01"]
        )
    began = time.perf_counter()
    result = Plain().import_data(data, dry_run=False, raise_errors=True)
    assert not result.has_errors()
    return (time.perf_counter() - began) / DEFAULT_WAY_ROWS


def writing_again(rows: int) -> float:
    """Seconds to insert the rows of an import once more, with what goes with them: nobody can write them quicker.

    Rooms, placements and change records as they stand, indexes and keys included; rolled back.
    """
    tables = {
        "communities_premises": "name LIKE '办公室%%'",
        "communities_premisesplacement": "thing_id IN (SELECT id FROM floor_communities_premises)",
        "communities_changerecord": "object_id IN (SELECT public_id FROM floor_communities_premises)",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for table, which in tables.items():
            cursor.execute(
                f"CREATE TEMP TABLE floor_{table} ON COMMIT DROP AS SELECT * FROM {table} WHERE {which}"
            )
            assert cursor.rowcount == rows, (table, cursor.rowcount)
        cursor.execute("ALTER TABLE communities_changerecord DISABLE TRIGGER USER")
        for table in reversed(tables):
            cursor.execute(f"DELETE FROM {table} t USING floor_{table} f WHERE t.id = f.id")
        began = time.perf_counter()
        for table in tables:
            columns = ", ".join(
                f'"{field.column}"' for field in MODELS[table]._meta.concrete_fields if not field.generated
            )
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM floor_{table}")
        # What a commit would still ask: the keys to other rows.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took


def main() -> None:
    """Each size: floor, check, write, again; then the export."""
    settings.MEDIA_ROOT = Path(tempfile.mkdtemp())
    settings.IMPORT_MAX_ROWS = max(SIZES) + 1
    settings.IMPORT_MAX_BYTES = 2**30
    street, clerk, committees = world()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # a portal in service has met its places before
    alone = default_way(committees)
    before: float | None = None
    for rows in SIZES:
        path = Path(settings.MEDIA_ROOT) / f"{rows}.xlsx"
        workbook(path, committees, rows)
        floor = float(
            subprocess.run(
                [sys.executable, "-c", FLOOR, str(path), dsn()],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        content = path.read_bytes()
        Premises.objects.filter(name__startswith="办公室").delete()
        batch, checked, written = through_the_door(content, street, clerk, "a.xlsx")
        assert batch.counts["created"] == rows
        records = ChangeRecord.objects.count()
        again, checked_again, written_again = through_the_door(content + b"", street, clerk, "b.xlsx")
        assert again.counts["unchanged"] == rows
        assert ChangeRecord.objects.count() == records
        peak = (
            max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
            // 1024
        )
        whole = checked + written
        told = f"{checked:.1f} s + {written:.1f} s, {whole / floor:.1f} x"
        report("G9", f"{rows:,} rooms checked + written, x floor ({floor:.1f} s)", told, "1.5 x",
               met=whole <= 1.5 * floor)  # fmt: skip
        bare = floor + writing_again(rows)
        report("G9", f"  x floor and writing the same rows ({bare:.1f} s)", f"{whole / bare:.1f} x", "1.5 x",
               met=whole <= 1.5 * bare)  # fmt: skip
        report(
            "G9",
            "  x faster than the library's own way",
            f"{alone * rows / whole:,.0f} x",
            "70 x",
            met=alone * rows >= 70 * whole,
        )
        report("G9", "  never over 60 s, peak memory of any process", f"{whole:.0f} s, {peak} MiB", "60 s, 350 MiB",
               met=whole <= 60 and peak <= 350)  # fmt: skip
        report(
            "G9",
            "  the same again writes nothing",
            f"{checked_again:.1f} s + {written_again:.1f} s",
            "nothing",
            met=True,
        )
        if before is not None:
            report("G10", "  ten times the rows", f"{whole / before:.1f} x", "13 x", met=whole <= 13 * before)
        before = whole
        began = time.perf_counter()
        file = io.BytesIO()
        limited = Premises.objects.filter(pk__in=Premises.objects.order_by("pk")[:50_000].values("pk"))
        imports.write_register(file, limited, register="premises", division=street, by=clerk)
        report("R24", f"  export of {min(rows, 50_000):,} rooms", f"{time.perf_counter() - began:.1f} s", "15 s",
               met=time.perf_counter() - began <= 15)  # fmt: skip


def dsn() -> str:
    """The database's address as libpq reads it."""
    given = connection.get_connection_params()
    names = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
    return " ".join(f"{names[key]}='{value}'" for key, value in given.items() if key in names and value)
