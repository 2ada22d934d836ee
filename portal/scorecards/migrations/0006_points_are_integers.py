"""Hundredths of points fit four bytes: no item is worth a million points. Rewrites the cards of scores."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scorecards', '0005_published_stays'),
    ]

    operations = [
        migrations.AlterField(
            model_name='scorecard',
            name='points',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(null=True), default=list, size=None),
        ),
    ]
