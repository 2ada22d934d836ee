"""What is being typed into entry forms."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0015_saved_views'),
    ]

    operations = [
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.CharField(db_collation='C', max_length=60, verbose_name='表单')),
                ('row', models.UUIDField(null=True, verbose_name='记录')),
                ('version', models.PositiveIntegerField(null=True, verbose_name='版本')),
                ('content', models.JSONField(default=dict, verbose_name='内容')),
                ('kept_at', models.DateTimeField(auto_now=True, db_index=True, verbose_name='保存时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '草稿',
                'verbose_name_plural': '草稿',
                'constraints': [models.UniqueConstraint(fields=('user', 'form', 'row'), name='draft_one_per_form_and_row', nulls_distinct=False)],
            },
        ),
    ]
