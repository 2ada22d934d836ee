"""What the clauses said when a version was published."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scorecards', '0006_points_are_integers'),
    ]

    operations = [
        migrations.AddField(
            model_name='ratingitem',
            name='basis',
            field=models.JSONField(blank=True, editable=False, null=True, verbose_name='发布时的依据'),
        ),
    ]
