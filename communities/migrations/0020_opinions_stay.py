"""What was submitted and what was said of it are not written again, whoever tries."""

from django.db import migrations

STAYS = """
CREATE FUNCTION approval_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER approvalopinion_stays BEFORE UPDATE OR DELETE ON communities_approvalopinion
    FOR EACH ROW EXECUTE FUNCTION approval_stays();
CREATE TRIGGER approvalround_stays BEFORE UPDATE OR DELETE ON communities_approvalround
    FOR EACH ROW EXECUTE FUNCTION approval_stays();
"""
GOES = """
DROP TRIGGER approvalround_stays ON communities_approvalround;
DROP TRIGGER approvalopinion_stays ON communities_approvalopinion;
DROP FUNCTION approval_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("communities", "0019_holidays")]

    operations = [migrations.RunSQL(STAYS, GOES)]
