"""The roof: settings, URLs, jobs, scorecards, dashboards. Nobody imports it from below."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
