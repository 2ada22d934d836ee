"""Signing in as a person does."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests import factories

LOGIN = "/accounts/login/"
PROFILE = "/api/v1/me/"


def sign_in(client: Client, username: str, password: str = factories.PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"username": username, "password": password} | extra.pop("data", {}), **extra)


def is_in(client: Client) -> bool:
    return client.get(PROFILE).status_code == 200
