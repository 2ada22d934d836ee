"""The holidays of 2025 and 2026 as the State Council's office published them; later years are entered by people."""

import datetime as dt

from django.db import migrations

# Number and day of the notice; holidays by first and last day; weekends worked instead.
NOTICES = {
    2025: (
        "国办发明电〔2024〕12号",
        "2024-11-12",
        [
            ("01-01", "01-01", "元旦"),
            ("01-28", "02-04", "春节"),
            ("04-04", "04-06", "清明节"),
            ("05-01", "05-05", "劳动节"),
            ("05-31", "06-02", "端午节"),
            ("10-01", "10-08", "国庆节、中秋节"),
        ],
        [
            ("01-26", "春节"),
            ("02-08", "春节"),
            ("04-27", "劳动节"),
            ("09-28", "国庆节、中秋节"),
            ("10-11", "国庆节、中秋节"),
        ],
    ),
    2026: (
        "国办发明电〔2025〕7号",
        "2025-11-04",
        [
            ("01-01", "01-03", "元旦"),
            ("02-15", "02-23", "春节"),
            ("04-04", "04-06", "清明节"),
            ("05-01", "05-05", "劳动节"),
            ("06-19", "06-21", "端午节"),
            ("09-25", "09-27", "中秋节"),
            ("10-01", "10-07", "国庆节"),
        ],
        [
            ("01-04", "元旦"),
            ("02-14", "春节"),
            ("02-28", "春节"),
            ("05-09", "劳动节"),
            ("09-20", "国庆节"),
            ("10-10", "国庆节"),
        ],
    ),
}


def enter(apps, schema_editor):
    schedule_of = apps.get_model("communities", "HolidaySchedule")
    special_day = apps.get_model("communities", "SpecialDay")
    for year, (number, issued_on, holidays, worked) in NOTICES.items():
        schedule = schedule_of.objects.create(year=year, number=number, issued_on=issued_on)
        days = [
            special_day(schedule=schedule, day=first + dt.timedelta(days=n), is_worked=False, name=name)
            for first, last, name in ((day(year, one), day(year, two), name) for one, two, name in holidays)
            for n in range((last - first).days + 1)
        ]
        days += [special_day(schedule=schedule, day=day(year, one), is_worked=True, name=name) for one, name in worked]
        special_day.objects.bulk_create(days)


def day(year, text):
    return dt.date.fromisoformat(f"{year}-{text}")


def take_away(apps, schema_editor):
    apps.get_model("communities", "SpecialDay").objects.all().delete()
    apps.get_model("communities", "HolidaySchedule").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("communities", "0018_approvals")]

    operations = [migrations.RunPython(enter, take_away)]
