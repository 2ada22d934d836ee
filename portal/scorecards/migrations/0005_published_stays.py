"""A published version of a rating scheme is not written again, whoever tries."""

from django.db import migrations

VERSION = """
CREATE FUNCTION scheme_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL AND (TG_OP = 'DELETE'
        OR (OLD.scheme_id, OLD.number, OLD.full_mark, OLD.peer_class, OLD.note, OLD.published_at, lower(OLD.valid))
           IS DISTINCT FROM
           (NEW.scheme_id, NEW.number, NEW.full_mark, NEW.peer_class, NEW.note, NEW.published_at, lower(NEW.valid)))
    THEN
        RAISE EXCEPTION 'version % is published', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'scheme_published';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER scheme_version_stays BEFORE UPDATE OR DELETE ON scorecards_ratingschemeversion
    FOR EACH ROW EXECUTE FUNCTION scheme_version_stays();

CREATE FUNCTION scheme_part_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    part jsonb;
BEGIN
    FOREACH part IN ARRAY ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END]
    LOOP
        IF EXISTS (
            SELECT 1 FROM scorecards_ratingschemeversion version
            WHERE published_at IS NOT NULL AND version.id = coalesce(
                (part->>'scheme_version_id')::bigint,
                (SELECT scheme_version_id FROM scorecards_ratinggroup WHERE id = (part->>'group_id')::bigint)))
        THEN
            RAISE EXCEPTION '% is part of a published version', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'scheme_published';
        END IF;
    END LOOP;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
PART = """
CREATE TRIGGER scheme_part_stays BEFORE INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION scheme_part_stays();
"""
TABLES = [
    "scorecards_ratinggroup",
    "scorecards_ratingitem",
    "scorecards_ratinggrade",
    "scorecards_ratingveto",
]


class Migration(migrations.Migration):
    dependencies = [("scorecards", "0004_rating_schemes")]

    operations = [
        migrations.RunSQL(
            VERSION + "".join(PART.format(table=table) for table in TABLES),
            "".join(f"DROP TRIGGER scheme_part_stays ON {table};\n" for table in TABLES)
            + "DROP FUNCTION scheme_part_stays();\n"
            "DROP TRIGGER scheme_version_stays ON scorecards_ratingschemeversion;\n"
            "DROP FUNCTION scheme_version_stays();",
        )
    ]
