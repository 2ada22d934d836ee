from importlib import import_module

from django.apps import AppConfig


class CommunitiesConfig(AppConfig):
    name = "communities"
    verbose_name = "社区"

    def ready(self) -> None:
        # Declares the threshold keys that rows are checked against.
        import_module("communities.indicators")
        # And what is decided on, which cases and routes are checked against.
        import_module("communities.actions.exemptions")
