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
    assert finders.find(name) is None
    assert finders.find(name, find_all=True) == []


def test_a_file_of_ours_is_served(client):
    answer = client.get("/static/css/portal.css")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    assert b"".join(answer.streaming_content)


@pytest.mark.parametrize("collected", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "nope.css",
        "vendor/nope.js",
        "vendor/",
        "css",
        "css/%00",
        "%00.css",
        "css/portal.css%00",
        "css/portal.css/more",
        "vendor/%2e%2e/package.json",
        "x" * 300,
        "%ff.css",
    ],
)
def test_a_file_that_is_not_there_is_not_found(client, settings, tmp_path, path, collected):
    # As under `make run`, whether or not somebody once ran collectstatic there.
    assert settings.WHITENOISE_USE_FINDERS
    assert settings.WHITENOISE_AUTOREFRESH
    settings.STATIC_ROOT = tmp_path
    if collected:
        (tmp_path / "css").mkdir()
        (tmp_path / "css" / "portal.css").write_text("")
    answer = client.get(f"/static/{path}")
    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


def test_production_can_collect_and_name_them(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = (tmp_path / "staticfiles.json").read_text()
    assert '"vendor/tabler.min.css"' in manifest
    assert '"vendor/fonts/tabler-icons.woff2"' in manifest
