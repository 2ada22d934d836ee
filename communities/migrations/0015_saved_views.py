"""Lists that people save under a name."""

import communities.base.models
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0014_exports'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(db_default=communities.base.models.NewPublicId(), editable=False, unique=True, verbose_name='编号')),
                ('page', models.CharField(db_collation='C', max_length=60, verbose_name='列表')),
                ('name', models.CharField(max_length=40, verbose_name='名称')),
                ('query', models.CharField(blank=True, max_length=2000, verbose_name='条件')),
                ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None, verbose_name='列')),
                ('shared_with', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='communities.organisation', verbose_name='共享给')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '视图',
                'verbose_name_plural': '视图',
                'ordering': ['page', 'name'],
                'constraints': [models.UniqueConstraint(fields=('user', 'page', 'name'), name='savedview_one_name_per_list', violation_error_message='已有同名的视图，请换一个名称。')],
            },
        ),
        # The list of sign-ins is called as its address is, in preferences too.
        migrations.RunSQL(
            "UPDATE communities_listpreference SET page = 'sign-in-record' WHERE page = 'signinrecord'",
            "UPDATE communities_listpreference SET page = 'signinrecord' WHERE page = 'sign-in-record'",
        ),
    ]
