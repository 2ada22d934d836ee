"""Answers to calls with an Idempotency-Key."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0010_period_closed_at")]

    operations = [
        migrations.CreateModel(
            name="StoredAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("role", models.CharField(blank=True, max_length=40)),
                ("key", models.CharField(db_collation="C", max_length=255)),
                ("address", models.CharField(max_length=200, verbose_name="地址")),
                ("digest", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(verbose_name="状态码")),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "已答复的请求",
                "verbose_name_plural": "已答复的请求",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "role", "key"), name="storedanswer_once")
                ],
            },
        ),
    ]
