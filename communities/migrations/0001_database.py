"""Extensions and functions that the tables stand on."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

# UUIDv7 (RFC 9562): 48 bits of milliseconds, version and variant bits, the rest random. PostgreSQL has one of
# its own only from version 18 on.
NEW_PUBLIC_ID = """
CREATE FUNCTION new_public_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$
"""

# Lexemes of a place: every pair of neighbouring characters of the name (and its last character alone, so that
# one character finds it by prefix), the code and the initials.
PLACE_SEARCH = """
CREATE FUNCTION place_search(name text, code text, initials text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(array_remove(array_remove(
        ARRAY(SELECT lower(substr(name, i, 2)) FROM generate_series(1, length(name)) AS i)
        || lower(code) || lower(initials), ''), NULL))
$$
"""


# Positions in the change feed. A restore raises feed_offset() so that positions keep growing in a new cluster,
# where transactions are counted from a low number again.
FEED = """
CREATE FUNCTION feed_offset() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT 0::bigint $$;
CREATE FUNCTION feed_position() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT pg_current_xact_id()::text::bigint + public.feed_offset()
$$;
CREATE FUNCTION feed_horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + public.feed_offset()
$$;
"""
DROP_FEED = """
DROP FUNCTION feed_horizon();
DROP FUNCTION feed_position();
DROP FUNCTION feed_offset();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.RunSQL(NEW_PUBLIC_ID, "DROP FUNCTION new_public_id()"),
        migrations.RunSQL(PLACE_SEARCH, "DROP FUNCTION place_search(text, text, text)"),
        migrations.RunSQL(FEED, DROP_FEED),
    ]
