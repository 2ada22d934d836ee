"""Lists of divisions in temporary tables: loaded by COPY, cleared of repetitions, fitted into the tree.

The tables live until the transaction ends:

- ``staged``: every usable row of the file; ``nth`` numbers rows of one level and code, ``top`` is the highest
  level at which the code stands;
- ``open_codes``: the codes in force;
- ``gone``: codes in force that the file should hold and does not;
- ``tree``: one row per place of the file, with its id (a new one where ``is_new``), parent and path.
"""

# ruff: noqa: S608 - what is put into statements here are numbers and names of our own, never words of a file

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from communities.actions.division_files import Findings, Oddity, describe
from communities.actions.division_kinds import WIDTHS
from communities.base.copying import copy
from communities.base.places import label_sql
from communities.choices import CodeScheme, Level

SCHEME = CodeScheme.STATISTICAL.value
COUNTRY, COMMUNITY = int(Level.COUNTRY), int(Level.COMMUNITY)
TABLES = (
    "staged",
    "staged_class",
    "open_codes",
    "gone",
    "in_use",
    "closing",
    "known",
    "tree",
    "changed",
    "keys",
)
# From the place itself upwards: the nearest ancestor is looked for first.
UPWARDS = [level for level in sorted(WIDTHS, reverse=True) if level != Level.COMMUNITY]


def lines_of(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows of text and whole numbers, free of tabs and line ends."""
    for row in rows:
        yield "\t".join(str(value).replace("\\", "\\\\") for value in row) + "\n"


def clear(cursor: Any) -> None:
    """Drop the tables, so that a second list can follow in the same transaction."""
    cursor.execute(f"DROP TABLE {', '.join(f'pg_temp.{table}' for table in TABLES)}")


def load(cursor: Any, lines: Iterable[Sequence[Any]], classes: Iterable[Sequence[Any]]) -> int:
    """Fill ``staged`` and ``staged_class``; return how many rows were usable.

    Raises DivisionFileError when the file that the rows come from turns out to be broken.
    """
    cursor.execute("""
        CREATE TEMP TABLE raw (line int, level smallint, code text COLLATE "C", name text, kind text)
            ON COMMIT DROP;
        CREATE TEMP TABLE raw_class (line int, code text COLLATE "C", class text) ON COMMIT DROP;
    """)
    copy(cursor, "raw", ("line", "level", "code", "name", "kind"), lines_of(lines))
    copy(cursor, "raw_class", ("line", "code", "class"), lines_of(classes))
    cursor.execute("""
        CREATE TEMP TABLE staged ON COMMIT DROP AS
            SELECT raw.*, row_number() OVER (PARTITION BY code, level ORDER BY line) AS nth,
                min(level) OVER (PARTITION BY code) AS top
            FROM raw;
        DROP TABLE raw;
        CREATE TEMP TABLE staged_class ON COMMIT DROP AS
            SELECT DISTINCT ON (code) * FROM raw_class ORDER BY code, line;
        DROP TABLE raw_class;
        ANALYZE staged; ANALYZE staged_class;
        SELECT count(*) FROM staged;
    """)
    return int(cursor.fetchone()[0])


def note_repetitions(cursor: Any, findings: Findings) -> None:
    """Tell the rows that repeat another, codes at several levels, and classes of unknown places."""
    cursor.execute("SELECT line, code, name FROM staged WHERE nth > 1 ORDER BY line")
    findings.note_many(Oddity.DUPLICATE, (describe(*row) for row in cursor.fetchall()))
    cursor.execute("""
        SELECT min(line), code, (array_agg(name ORDER BY level))[1], array_agg(level ORDER BY level) FROM staged
        WHERE nth = 1 GROUP BY code HAVING count(*) > 1 ORDER BY 1
    """)
    for *row, levels in cursor.fetchall():
        words = "、".join(str(Level(level).label) for level in levels)
        findings.note(Oddity.TWO_LEVELS, f"{describe(*row)}({words})")
    cursor.execute(
        """
        SELECT line, code, class FROM staged_class c
        WHERE NOT EXISTS (SELECT FROM staged s WHERE s.code = c.code AND s.level = %s) ORDER BY line
        """,
        [COMMUNITY],
    )
    findings.note_many(Oddity.CLASS_WITHOUT_PLACE, (describe(*row) for row in cursor.fetchall()))


def find_gone(cursor: Any) -> None:
    """Fill ``open_codes`` and ``gone``.

    A code counts as gone when the file holds some place above it but not the code itself: a list of one
    province says nothing about the others.
    """
    covered = " OR ".join(
        f"(c.level > {level} AND EXISTS"
        f" (SELECT FROM staged s WHERE s.level = {level} AND s.code = {_code_above(level, 'c')}))"
        for level in reversed(UPWARDS)
    )
    cursor.execute(
        f"""
        CREATE TEMP TABLE open_codes ON COMMIT DROP AS
            SELECT id AS code_id, level, code, division_id FROM communities_divisioncode
            WHERE scheme = %s AND upper_inf(valid);
        ANALYZE open_codes;
        CREATE TEMP TABLE gone ON COMMIT DROP AS
            SELECT c.*, d.level = c.level AS is_place
            FROM open_codes c JOIN communities_division d ON d.id = c.division_id
            WHERE NOT EXISTS (SELECT FROM staged s WHERE s.level = c.level AND s.code = c.code) AND ({covered});
        ANALYZE gone;
        """,
        [SCHEME],
    )


def _code_above(level: int, row: str) -> str:
    """SQL of the code that a row's ancestor at a level must have."""
    width = WIDTHS[Level(level)]
    return f"left({row}.code, {width}) || '{'0' * (12 - width)}'"


def find_closing(cursor: Any, standing: Sequence[tuple[str, str, str]], *, close_missing: bool) -> None:
    """Fill ``closing``: the places among ``gone`` that may be closed; none unless ``close_missing``.

    ``standing`` names tables, their column of the place and a condition: a place with such a row on it, or on
    a place below it that is gone too, is not closed.
    """
    rows = " UNION ALL ".join(
        f"SELECT {column} AS division_id FROM {table} WHERE {rule}" for table, column, rule in standing
    )
    cursor.execute(f"""
        CREATE TEMP TABLE in_use ON COMMIT DROP AS
            SELECT DISTINCT d.path_now AS path FROM ({rows}) s
            JOIN gone g ON g.division_id = s.division_id AND g.is_place
            JOIN communities_division d ON d.id = s.division_id;
        CREATE TEMP TABLE closing ON COMMIT DROP AS
            SELECT g.division_id, d.path_now AS path FROM gone g JOIN communities_division d ON d.id = g.division_id
            WHERE {close_missing} AND g.is_place AND NOT EXISTS (
                SELECT FROM in_use u WHERE u.path >= d.path_now AND u.path < d.path_now || '~');
        ANALYZE closing;
    """)


def note_gone(cursor: Any, findings: Findings, *, close_missing: bool) -> None:
    """Tell the places that the list should hold and does not, and those that stay because they are in use."""
    told = """
        SELECT d.code_now, d.name_now FROM gone g JOIN communities_division d ON d.id = g.division_id
        WHERE g.is_place AND {} ORDER BY d.path_now
    """
    cursor.execute(told.format("true"))
    findings.note_many(Oddity.GONE, (f"{code} {name}" for code, name in cursor.fetchall()))
    cursor.execute(
        told.format(
            f"{close_missing} AND NOT EXISTS (SELECT FROM closing c WHERE c.division_id = g.division_id)"
        )
    )
    findings.note_many(Oddity.STILL_IN_USE, (f"{code} {name}" for code, name in cursor.fetchall()))


def know_parents(cursor: Any) -> None:
    """Fill ``known``: every place that others can hang below, by level and code.

    ``ref`` is the place's line in the file, or minus the id of one that only the database knows. Places about
    to be closed are not among them.
    """
    cursor.execute(f"""
        CREATE TEMP TABLE known ON COMMIT DROP AS
            SELECT s.level, s.code, itself.line::bigint AS ref
            FROM staged s JOIN staged itself ON itself.code = s.code AND itself.level = s.top AND itself.nth = 1
            WHERE s.nth = 1 AND s.level < {COMMUNITY}
            UNION ALL
            SELECT c.level, c.code, -c.division_id FROM open_codes c
            WHERE c.level BETWEEN {COUNTRY + 1} AND {COMMUNITY - 1}
                AND NOT EXISTS (SELECT FROM staged s WHERE s.level = c.level AND s.code = c.code)
                AND NOT EXISTS (SELECT FROM closing g WHERE g.division_id = c.division_id);
        ANALYZE known;
    """)


def plant(cursor: Any, root_id: int) -> None:
    """Fill ``tree`` level by level from the top: identity by code, nearest ancestor, path.

    New ids follow the codes, so that siblings sort by path as they do by code.
    """
    cursor.execute("""
        CREATE TEMP TABLE tree (line int, level smallint, code text COLLATE "C", name text, kind text, class text,
            found smallint, is_new boolean, id bigint, parent_id bigint, path text COLLATE "C") ON COMMIT DROP
    """)
    for level in sorted(WIDTHS):
        above = [k for k in UPWARDS if k < level]
        joins = " ".join(
            f"LEFT JOIN known k{k} ON k{k}.level = {k} AND k{k}.code = {_code_above(k, 's')}" for k in above
        )
        refs = ", ".join(f"k{k}.ref" for k in above) or "NULL"
        founds = ", ".join(f"k{k}.level" for k in above) or "NULL"
        cursor.execute(f"""
            INSERT INTO tree
            SELECT s.line, s.level, s.code, s.name, s.kind, s.class, s.found, s.is_new, s.id,
                coalesce(p.id, d.id), coalesce(p.path, d.path_now) || {label_sql("s.id")}
            FROM (
                SELECT o.*, own.division_id IS NULL AS is_new,
                    coalesce(own.division_id, nextval(pg_get_serial_sequence('communities_division', 'id'))) AS id
                FROM (
                    SELECT s.*, coalesce(c.class, '') AS class,
                        coalesce({refs}, -{root_id}) AS parent_ref, coalesce({founds}, {COUNTRY}) AS found
                    FROM staged s {joins}
                    LEFT JOIN staged_class c ON c.code = s.code AND s.level = {COMMUNITY}
                    WHERE s.level = {level} AND s.top = {level} AND s.nth = 1 ORDER BY s.code
                ) AS o LEFT JOIN open_codes own ON own.level = o.level AND own.code = o.code
            ) AS s
            LEFT JOIN tree p ON p.line = s.parent_ref
            LEFT JOIN communities_division d ON d.level < {level} AND d.id = -s.parent_ref;
            ANALYZE tree;
        """)
        _take_along(cursor, level)


def _take_along(cursor: Any, level: int) -> None:
    """Add to ``tree`` the places of a level that the file does not tell of and whose parent moves."""
    cursor.execute(f"""
        INSERT INTO tree
        SELECT NULL, d.level, d.code_now, d.name_now, d.kind_now, '', d.level - 1, false, d.id,
            p.id, p.path || {label_sql("d.id")}
        FROM tree p
        JOIN communities_division was ON was.id = p.id AND was.path_now <> p.path
        JOIN communities_division d ON d.parent_now_id = p.id
        WHERE d.level = {level} AND NOT d.is_closed
            AND NOT EXISTS (SELECT FROM tree t WHERE t.id = d.id)
            AND NOT EXISTS (SELECT FROM closing c WHERE c.division_id = d.id)
    """)


def note_missing_parents(cursor: Any, findings: Findings) -> None:
    """Tell the places whose direct parent stands neither in the file nor in the database."""
    cursor.execute("SELECT line, code, name FROM tree WHERE found < level - 1 ORDER BY line")
    findings.note_many(Oddity.NO_PARENT, (describe(*row) for row in cursor.fetchall()))
