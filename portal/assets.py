"""The few third-party files that pages may load."""

from django.contrib.staticfiles.finders import BaseFinder


class NpmFinder(BaseFinder):
    def find(self, path, find_all=False, **kw):
        return []
    def list(self, ignore_patterns):
        return []
