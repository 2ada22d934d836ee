"""The few third-party files that pages may load, straight from the installed npm packages.

Nothing of them is committed and none comes from another host: ``npm ci`` fetches what
``package-lock.json`` names. Templates write ``{% static 'vendor/NAME' %}`` with a NAME below; the
icon fonts and source maps are listed because style sheets and scripts point at them.

=============================  =====================================================
vendor/tabler.min.css          Tabler, which contains Bootstrap 5
vendor/tabler.min.js           its components: menus, dialogs, tabs
vendor/tabler-icons.min.css    icons as a web font: ``<i class="ti ti-home"></i>``
vendor/htmx.min.js             htmx 2
vendor/tom-select.min.js       fields with search; their look is in portal.css
vendor/tom-select.min.css      what such a field needs to work, without a theme
vendor/echarts.min.js          charts; such pages add ``settings.CSP_WITH_CHART``
=============================  =====================================================
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from whitenoise.middleware import WhiteNoiseMiddleware

PREFIX = "vendor"

FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.css.map": "@tabler/core/dist/css/tabler.min.css.map",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "tabler.min.js.map": "@tabler/core/dist/js/tabler.min.js.map",
    "tabler-icons.min.css": "@tabler/icons-webfont/dist/tabler-icons.min.css",
    "fonts/tabler-icons.woff2": "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2",
    "fonts/tabler-icons.woff": "@tabler/icons-webfont/dist/fonts/tabler-icons.woff",
    "fonts/tabler-icons.ttf": "@tabler/icons-webfont/dist/fonts/tabler-icons.ttf",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "tom-select.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select.min.css": "tom-select/dist/css/tom-select.min.css",
    "tom-select.min.css.map": "tom-select/dist/css/tom-select.min.css.map",
    "tom-select.complete.min.js.map": "tom-select/dist/js/tom-select.complete.min.js.map",
    "echarts.min.js": "echarts/dist/echarts.min.js",
}
"""Name below ``vendor/`` -> file below ``node_modules/``."""


class NpmStorage(FileSystemStorage):
    """Shows the files above under their served names."""

    prefix = PREFIX

    def __init__(self) -> None:
        super().__init__(location=settings.BASE_DIR / "node_modules")

    def path(self, name: str) -> str:
        """Where a served file really lies."""
        return super().path(FILES[name])


class NpmFinder(BaseFinder):
    """Lets ``{% static %}`` and collectstatic find them."""

    def __init__(self, *_args: Any, **_options: Any) -> None:
        self.storage = NpmStorage()

    def check(self, **_options: Any) -> list[Any]:
        """Nothing to configure, so nothing to complain about."""
        return []

    def find(self, path: str, find_all: bool = False, **_options: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """The file behind a static path, if it is one of ours and installed."""
        folder, _, name = path.replace("\\", "/").partition("/")
        if folder != PREFIX or name not in FILES or not Path(self.storage.path(name)).is_file():
            return []  # for Django's own search too: it would take a None for a file
        found = self.storage.path(name)
        return [found] if find_all else found

    def list(self, _ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, NpmStorage]]:
        """All of them; collectstatic fails on one that is not installed, as it should."""
        for name in FILES:
            yield name, self.storage


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, to which an address that no file can have is one without a file, not an error."""

    def find_file(self, url: str) -> Any:
        """The file behind an address, where files are looked for at each request."""
        try:
            return super().find_file(url)
        except (NotADirectoryError, ValueError):  # a/file.css/b; a null character
            return None
