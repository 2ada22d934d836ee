"""Rules that span rows, held by triggers; and the root of the tree."""

from django.db import migrations

# Statement-level with transition tables, so that loading the country costs one join, not one look-up a row.
# The advisory lock makes writers of one table wait for each other's commit: only events and the importer write.
REFUSE_OVERLAP = """
CREATE FUNCTION {table}_open_against_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clash record;
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::bigint);
    SELECT fresh.id INTO clash FROM fresh JOIN {table} other ON {same} AND other.id <> fresh.id
        AND other.valid && fresh.valid AND upper_inf(other.valid) <> upper_inf(fresh.valid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'row % of {table} overlaps another', clash.id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = '{table}_open_against_closed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_insert_overlap AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_open_against_closed();
CREATE TRIGGER {table}_update_overlap AFTER UPDATE ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_open_against_closed();
"""
DROP_OVERLAP = """
DROP TRIGGER {table}_insert_overlap ON {table};
DROP TRIGGER {table}_update_overlap ON {table};
DROP FUNCTION {table}_open_against_closed();
"""

FUNCTION_AREAS = """
CREATE FUNCTION premises_functions_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rooms bigint;
    total numeric;
    zoned numeric;
BEGIN
    IF TG_TABLE_NAME = 'communities_premises' THEN rooms := NEW.id; ELSE rooms := NEW.premises_id; END IF;
    SELECT area INTO total FROM communities_premises WHERE id = rooms FOR NO KEY UPDATE;
    SELECT coalesce(sum(area), 0) INTO zoned FROM communities_premisesfunctionarea
        WHERE premises_id = rooms AND deleted_at IS NULL;
    IF zoned > total THEN
        RAISE EXCEPTION 'functions of premises % take % of % m2', rooms, zoned, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'premises_functions_fit';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER premises_area_fits AFTER UPDATE OF area ON communities_premises
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION premises_functions_fit();
CREATE CONSTRAINT TRIGGER premises_functions_fit AFTER INSERT OR UPDATE ON communities_premisesfunctionarea
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION premises_functions_fit();
"""
DROP_FUNCTION_AREAS = """
DROP TRIGGER premises_area_fits ON communities_premises;
DROP TRIGGER premises_functions_fit ON communities_premisesfunctionarea;
DROP FUNCTION premises_functions_fit();
"""

APPEND_ONLY = """
CREATE FUNCTION changerecord_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'change records are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER changerecord_append_only BEFORE UPDATE OR DELETE ON communities_changerecord
    FOR EACH ROW EXECUTE FUNCTION changerecord_append_only();
"""
DROP_APPEND_ONLY = """
DROP TRIGGER changerecord_append_only ON communities_changerecord;
DROP FUNCTION changerecord_append_only();
"""

RECORD = {
    "table": "communities_divisionrecord",
    "same": "other.division_id = fresh.division_id",
}
CODE = {
    "table": "communities_divisioncode",
    "same": "other.scheme = fresh.scheme AND other.level = fresh.level AND other.code = fresh.code",
}


def overlap(names):
    return migrations.RunSQL(REFUSE_OVERLAP.format(**names), DROP_OVERLAP.format(**names))


def plant_root(apps, schema_editor):
    """全国, the root of every tree, known from before our records on."""
    from communities.base.places import label

    division_model = apps.get_model("communities", "Division")
    root = division_model.objects.create(
        level=0, path_now="", name_now="全国", kind_now="country", code_now="", sort_key="quanguo", initials="qg"
    )
    root.path_now = label(root.pk)
    root.save(update_fields=["path_now"])
    apps.get_model("communities", "DivisionRecord").objects.create(
        division=root, valid=(None, None), name="全国", kind="country", path=root.path_now
    )


def uproot(apps, schema_editor):
    apps.get_model("communities", "Division").objects.filter(level=0).delete()


class Migration(migrations.Migration):
    dependencies = [("communities", "0002_initial")]
    operations = [
        overlap(RECORD),
        overlap(CODE),
        migrations.RunSQL(FUNCTION_AREAS, DROP_FUNCTION_AREAS),
        migrations.RunSQL(APPEND_ONLY, DROP_APPEND_ONLY),
        migrations.RunPython(plant_root, uproot),
    ]
