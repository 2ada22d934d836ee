"""The third-party files exist, and production's file names can be computed from them."""

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

from portal import assets


@pytest.mark.parametrize("name", assets.FILES)
def test_each_file_is_found(name):
    assert finders.find(f"vendor/{name}")


@pytest.mark.parametrize("name", ["vendor/../package.json", "vendor/unknown.js", "tabler.min.css"])
def test_nothing_else_is_found(name):
    assert assets.NpmFinder().find(name) is None


def test_production_can_collect_and_name_them(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = (tmp_path / "staticfiles.json").read_text()
    assert '"vendor/tabler.min.css"' in manifest
    assert '"vendor/fonts/tabler-icons.woff2"' in manifest
