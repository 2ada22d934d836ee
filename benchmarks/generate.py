"""Cities for benchmarks, made in SQL: 16 districts, 288 streets, 1,380 communities and their rooms in each.

Nothing here is random: row n of one size is row n of every other, so sizes can be compared.
"""

from __future__ import annotations

from django.db import connection, transaction

from communities.base.places import label

PER_CITY = 1_380
DISTRICTS, STREETS = 16, 288
TABLES = (
    "communities_divisionrecord, communities_communityrecord, communities_householdcount,"
    " communities_preferredcountsource, communities_committee, communities_committeeplacement,"
    " communities_premises, communities_premisesplacement, communities_premisesfunctionarea,"
    " communities_premisesnilstatement, communities_policydocument, communities_clause, communities_threshold,"
    " communities_exemption, communities_dirtymark, communities_job, communities_period, scorecards_run,"
    " scorecards_currentrun, scorecards_measurecard, scorecards_targetset,"
    " scorecards_ratingscheme, scorecards_scorecard, scorecards_scorerollup"
)
INPUTS = [
    "division", "divisionrecord", "communityrecord", "householdcount", "committee", "committeeplacement",
    "premises", "premisesplacement", "premisesfunctionarea", "premisesnilstatement", "exemption",
]  # fmt: skip

LABEL = """
CREATE OR REPLACE FUNCTION pg_temp.label(id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('0123456789abcdefghijklmnopqrstuvwxyz', (id / (36 ^ k)::bigint % 36)::int + 1, 1), ''
        ORDER BY k DESC) FROM generate_series(0, 5) k
$$
"""
# Ids count through level by level, so a parent's id follows from the child's number.
PLACES = """
INSERT INTO communities_division (id, level, path_now, parent_now_id, name_now, kind_now, code_now, sort_key,
    initials, is_closed, version, created_at, updated_at, deleted_reason)
SELECT %(first)s + n, %(level)s, parent.path_now || pg_temp.label(%(first)s + n), parent.id, '地' || n,
    %(kind)s, '', '', '', false, 1, now(), now(), ''
FROM generate_series(0, %(count)s - 1) n
JOIN communities_division parent ON parent.id = %(above)s + n * %(parents)s::bigint / %(count)s
"""
META = "version, created_at, updated_at, deleted_reason"
NOW = "1, now(), now(), ''"
ROWS = f"""
INSERT INTO communities_divisionrecord (division_id, valid, name, kind, parent_id, path, location_class,
    urban_rural_class)
SELECT id, daterange(NULL, NULL), name_now, kind_now, parent_now_id, path_now, '', ''
FROM communities_division WHERE level > 0;

INSERT INTO communities_communityrecord (division_id, valid, kind, building_class, state, feature, {META})
SELECT id, daterange(NULL, NULL), 'urban', (ARRAY['renovated', 'new', 'old'])[1 + id % 3], 'active', '', {NOW}
FROM communities_division WHERE level = 5;

INSERT INTO communities_householdcount (division_id, source, definition, counted_on, households, residents, {META})
SELECT id, source, 'registered', date '2024-09-30' + 91 * quarter, 800 + id % 2400, 2400 + id % 7200, {NOW}
FROM communities_division, unnest(ARRAY['police', 'grid']) source, generate_series(0, 7) quarter WHERE level = 5;

INSERT INTO communities_committee (id, name, kind, division_now_id, valid, {META})
SELECT row_number() OVER (ORDER BY id, n), '居委会', 'residents', id, daterange(NULL, NULL), {NOW}
FROM communities_division, generate_series(0, 1) n WHERE level = 5 AND (n = 0 OR id % 60 = 0);
INSERT INTO communities_committeeplacement (thing_id, division_id, valid)
SELECT id, division_now_id, daterange(NULL, NULL) FROM communities_committee;

INSERT INTO communities_premises (id, name, kind, division_now_id, committee_id, area, tenure, address, floor,
    condition, obtained_on, lost_on, lost_reason, is_temporary, is_zoned, has_open_counter, is_one_door, {META})
SELECT row_number() OVER (ORDER BY id, n), '用房', (ARRAY['office', 'office', 'service', 'service', 'activity'])[n],
    division_now_id, CASE WHEN n <= 2 THEN id END, 20 + (id * 37 + n * 53) % 180 + 0.25, 'owned', '', '', '',
    date '2015-01-01' + (id % 3650)::int, CASE WHEN n = 2 THEN date '2025-12-01' END,
    CASE WHEN n = 2 THEN 'demolition' ELSE '' END, false, false, false, false, {NOW}
FROM communities_committee, generate_series(1, 5) n WHERE id % 40 <> 0;
INSERT INTO communities_premisesplacement (thing_id, division_id, valid)
SELECT id, division_now_id, daterange(NULL, NULL) FROM communities_premises;
INSERT INTO communities_premisesfunctionarea (premises_id, function, area, {META})
SELECT id, function, 10, {NOW} FROM communities_premises,
    unnest(ARRAY['service_station', 'reading']) function WHERE kind = 'service';

INSERT INTO communities_premisesnilstatement (division_id, committee_id, kind, stated_on, note, {META})
SELECT division_now_id, id, 'office', date '2026-01-01', '', {NOW} FROM communities_committee WHERE id % 80 = 0;
INSERT INTO communities_exemption (key, division_id, valid, reason, decision_number, decided_by, {META})
SELECT 'premises.office.area', id, daterange('2025-01-01', NULL), '老城区', '1', '民政局', {NOW}
FROM communities_division WHERE level = 5 AND id % 50 = 0;

INSERT INTO communities_policydocument (id, title, number, issuer, kind, jurisdiction_id, valid, text, {META})
SELECT row_number() OVER (ORDER BY id), '标准', '', '民政局', 'city', id, daterange(NULL, NULL), '', {NOW}
FROM communities_division WHERE level IN (1, 2);
INSERT INTO communities_clause (id, document_id, label, position, text, {META})
SELECT id, id, '第一条', 0, '', {NOW} FROM communities_policydocument;
INSERT INTO communities_threshold (key, operator, low, high, unit, jurisdiction_id, valid, building_classes, force,
    clause_id, {META})
SELECT rule.key, rule.operator, rule.low, rule.high, rule.unit, d.jurisdiction_id, daterange(NULL, NULL),
    rule.classes, rule.force, d.id, {NOW}
FROM communities_policydocument d JOIN communities_division j ON j.id = d.jurisdiction_id
JOIN (VALUES (1, 'premises.office.area', 'ge', 80, NULL::numeric, '平方米', NULL::text[], 'binding_floor'),
    (2, 'premises.office.area', 'ge', 100, NULL, '平方米', NULL, 'default'),
    (2, 'premises.service.area', 'ge', 200, NULL, '平方米', ARRAY['renovated'], 'default'),
    (2, 'premises.service.area', 'ge', 400, NULL, '平方米', ARRAY['new'], 'default'),
    (2, 'premises.office.share', 'le', NULL, 20, '%', NULL, 'default')
) rule(level, key, operator, low, high, unit, classes, force) ON rule.level = j.level;
INSERT INTO communities_preferredcountsource (jurisdiction_id, source, definition, valid, {META})
SELECT jurisdiction_id, 'police', 'registered', daterange(NULL, NULL), {NOW} FROM communities_policydocument
    JOIN communities_division j ON j.id = jurisdiction_id WHERE j.level = 2;
"""


def clear() -> None:
    """Leave an empty country: the root alone."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
        cursor.execute("DELETE FROM communities_divisioncode")
        cursor.execute("DELETE FROM communities_division WHERE level > 0")
        cursor.execute("""
            INSERT INTO communities_divisionrecord (division_id, valid, name, kind, path, location_class,
                urban_rural_class)
            SELECT id, daterange(NULL, NULL), name_now, kind_now, path_now, '', '' FROM communities_division""")


def plant_cities(cities: int) -> None:
    """A country of so many cities, ten to a province, with their registers and rule books."""
    clear()
    with connection.cursor() as cursor, transaction.atomic():
        # The rows are made to fit; checking each key and area again would take most of the time.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SELECT id, path_now FROM communities_division WHERE level = 0")
        above, path = cursor.fetchone()
        assert path == label(above)
        cursor.execute(LABEL)
        cursor.execute("SELECT last_value + 1 FROM communities_division_id_seq")
        (first,) = cursor.fetchone()
        parents = 1
        for level, kind, count in (
            (1, "province", -(-cities // 10)),
            (2, "prefecture_city", cities),
            (3, "district", cities * DISTRICTS),
            (4, "street", cities * STREETS),
            (5, "residents_community", cities * PER_CITY),
        ):
            values = {"first": first, "level": level, "kind": kind, "count": count, "above": above}
            cursor.execute(PLACES, {**values, "parents": parents})
            above, parents, first = first, count, first + count
        cursor.execute("SELECT setval('communities_division_id_seq', %s)", [first])
        cursor.execute(ROWS)
    with connection.cursor() as cursor:
        for table in (*INPUTS, "threshold", "preferredcountsource", "clause", "policydocument"):
            cursor.execute(f"ANALYZE communities_{table}")
        cursor.execute("ANALYZE scorecards_measurecard")
        for table in ("committee", "premises", "policydocument", "clause"):
            cursor.execute(
                f"SELECT setval('communities_{table}_id_seq', (SELECT max(id) FROM communities_{table}))"
            )
