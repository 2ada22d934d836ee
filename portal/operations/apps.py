from importlib import import_module

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"
    verbose_name = "运维"

    def ready(self) -> None:
        import_module("portal.operations.checks")
