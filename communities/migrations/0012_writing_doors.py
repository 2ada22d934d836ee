"""Answers to calls with an Idempotency-Key; two rules of thresholds that an empty value passed by."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("communities", "0011_imports")]

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
        migrations.RemoveConstraint(model_name="threshold", name="threshold_bounds_fit_operator"),
        migrations.RemoveConstraint(model_name="threshold", name="threshold_step_complete"),
        migrations.AddConstraint(
            model_name="threshold",
            constraint=models.CheckConstraint(
                condition=Q(operator__in=["ge", "gt"], low__isnull=False, high__isnull=True)
                | Q(operator__in=["le", "lt"], low__isnull=True, high__isnull=False)
                | Q(operator="between", low__isnull=False, high__isnull=False, high__gte=F("low")),
                name="threshold_bounds_fit_operator",
                violation_error_message="比较方式与上下限不符：不低于、高于填下限，不超过、低于填上限，介于两者都填。",
            ),
        ),
        migrations.AddConstraint(
            model_name="threshold",
            constraint=models.CheckConstraint(
                condition=Q(step__isnull=True, step_households__isnull=True)
                | Q(step__isnull=False, step_households__isnull=False, step_households__gt=0),
                name="threshold_step_complete",
                violation_error_message="递增量和每递增户数须同时填写。",
            ),
        ),
    ]
