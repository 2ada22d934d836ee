"""Production fails loudly at start-up rather than run half protected."""

import json
import os
import subprocess
import sys

import pytest

from portal import devstack

PRODUCTION = {
    "PATH": os.environ["PATH"],
    "PORTAL_ENV": "production",
    "SECRET_KEY": "a-random-text-of-this-very-length-" + "0123456789abcdef" * 2,
    "ENCRYPTION_KEY": "another-random-text-of-this-length-" + "0123456789abcdef" * 2,
    "ALLOWED_HOSTS": "portal.example.cn",
    "DATABASE_URL": os.environ.get("DATABASE_URL", "postgres://nowhere/portal"),
    "REDIS_URL": os.environ.get("REDIS_URL", "redis://nowhere"),
    "MEDIA_ROOT": "/nonexistent",
}

SHOW = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in (
    "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "DEBUG",
    "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "CELERY_BROKER_URL", "CACHES", "DATABASES",
)}))
"""


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=devstack.CHECKOUT,
        env={"DJANGO_SETTINGS_MODULE": "portal.settings", **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "ENCRYPTION_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "MEDIA_ROOT"]
)
def test_nothing_that_protects_has_a_default(name):
    environment = {key: value for key, value in PRODUCTION.items() if key != name}
    started = _python("import portal.settings", **environment)
    assert started.returncode != 0
    assert name in started.stderr


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DEBUG", "1", "DEBUG"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS"),
        ("SECRET_KEY", "short", "SECRET_KEY"),
        ("ENCRYPTION_KEY", "short", "ENCRYPTION_KEY"),
        ("ENCRYPTION_KEY", PRODUCTION["SECRET_KEY"], "ENCRYPTION_KEY"),
        ("PASSWORD_PROFILE", "none", "PASSWORD_PROFILE"),
        ("TOTP_REQUIRED_FOR", "some", "TOTP_REQUIRED_FOR"),
        ("PORTAL_ENV", "prod", "PORTAL_ENV"),
    ],
)
def test_a_weak_value_is_refused(name, value, reason):
    started = _python("import portal.settings", **PRODUCTION | {name: value})
    assert started.returncode != 0
    assert f"ImproperlyConfigured: {reason}" in started.stderr


def test_production_cookies_and_transport():
    shown = json.loads(_python(SHOW, **PRODUCTION).stdout)
    assert shown["SESSION_COOKIE_NAME"] == "__Host-session"
    assert shown["CSRF_COOKIE_NAME"] == "__Host-csrf"
    assert shown["SESSION_COOKIE_SECURE"]
    assert shown["CSRF_COOKIE_SECURE"]
    assert shown["SECURE_SSL_REDIRECT"]
    assert shown["SECURE_HSTS_SECONDS"] >= 365 * 24 * 3600
    assert not shown["DEBUG"]


@pytest.mark.parametrize(
    ("url", "broker", "cache"),
    [
        ("redis://:pw@redis:6379", "redis://:pw@redis:6379/0", "redis://:pw@redis:6379/1"),
        ("rediss://redis/5", "rediss://redis/0", "rediss://redis/1"),
        ("unix:///run/valkey", "redis+socket:///run/valkey?virtual_host=0", "unix:///run/valkey?db=1"),
    ],
)
def test_queue_and_cache_are_kept_apart(url, broker, cache):
    shown = json.loads(_python(SHOW, **PRODUCTION | {"REDIS_URL": url}).stdout)
    assert shown["CELERY_BROKER_URL"] == broker
    assert shown["CACHES"]["default"]["LOCATION"] == cache


def test_a_socket_folder_in_the_database_url():
    url = "postgres://postgres@%2Ftmp%2Fservers/portal"
    shown = json.loads(_python(SHOW, **PRODUCTION | {"DATABASE_URL": url}).stdout)
    assert shown["DATABASES"]["default"]["HOST"] == "/tmp/servers"


def test_a_checkout_uses_its_own_servers():
    shown = json.loads(_python(SHOW, PATH=os.environ["PATH"]).stdout)
    assert shown["DATABASES"]["default"]["HOST"] == str(devstack.checkout_places().sockets)
