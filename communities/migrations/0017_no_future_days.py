"""Days on which something has been done are not in the future: a rule of the entry, nothing in the database."""

import communities.base.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0016_drafts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='committee',
            name='elected_on',
            field=models.DateField(blank=True, null=True, validators=[communities.base.models.not_in_future], verbose_name='选举日期'),
        ),
        migrations.AlterField(
            model_name='householdcount',
            name='counted_on',
            field=models.DateField(validators=[communities.base.models.not_in_future], verbose_name='数据日期'),
        ),
        migrations.AlterField(
            model_name='policydocument',
            name='issued_on',
            field=models.DateField(blank=True, null=True, validators=[communities.base.models.not_in_future], verbose_name='发文日期'),
        ),
        migrations.AlterField(
            model_name='premises',
            name='obtained_on',
            field=models.DateField(blank=True, null=True, validators=[communities.base.models.not_in_future], verbose_name='取得日期'),
        ),
        migrations.AlterField(
            model_name='premisesnilstatement',
            name='stated_on',
            field=models.DateField(validators=[communities.base.models.not_in_future], verbose_name='申明日期'),
        ),
    ]
