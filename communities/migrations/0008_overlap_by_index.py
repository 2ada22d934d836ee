"""The trigger that refuses an open row against a closed one, by look-ups in the partial indexes.

As one join it was planned as a nested loop over both tables whole: the country's 665,000 rows took over ten minutes.
"""

from django.db import migrations

# Closed rows are found by the exclusion constraint's index, open ones by the partial unique index; sequential scans
# are off because a session keeps the plan of its first call, when the table may have been empty.
REFUSE_OVERLAP = """
CREATE OR REPLACE FUNCTION {table}_open_against_closed() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    clash bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::bigint);
    SELECT fresh.id INTO clash FROM fresh CROSS JOIN LATERAL (
        SELECT FROM {table} other WHERE {same} AND other.valid && fresh.valid AND NOT upper_inf(other.valid)
            AND other.id <> fresh.id LIMIT 1) AS closed
        WHERE upper_inf(fresh.valid) LIMIT 1;
    IF clash IS NULL THEN
        SELECT fresh.id INTO clash FROM fresh CROSS JOIN LATERAL (
            SELECT FROM {table} other WHERE {same} AND other.valid && fresh.valid AND upper_inf(other.valid)
                AND other.id <> fresh.id LIMIT 1) AS open
            WHERE NOT upper_inf(fresh.valid) LIMIT 1;
    END IF;
    IF clash IS NOT NULL THEN
        RAISE EXCEPTION 'row % of {table} overlaps another', clash
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = '{table}_open_against_closed';
    END IF;
    RETURN NULL;
END $$;
"""

RECORD = {
    "table": "communities_divisionrecord",
    "same": "other.division_id = fresh.division_id",
}
CODE = {
    "table": "communities_divisioncode",
    "same": "other.scheme = fresh.scheme AND other.level = fresh.level AND other.code = fresh.code",
}


class Migration(migrations.Migration):
    dependencies = [("communities", "0007_division_search")]
    operations = [
        # Backwards the newer function stays: it refuses the same rows.
        migrations.RunSQL(REFUSE_OVERLAP.format(**names), migrations.RunSQL.noop)
        for names in (RECORD, CODE)
    ]
