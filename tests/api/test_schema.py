"""The OpenAPI document: complete, without warnings, and kept (T32, a smoke of it)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import StringIO

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from rest_framework.test import APIClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.accounts.actions import issue_token
from portal.wsgi import application
from tests import factories
from tests.api.conftest import API, measure
from tests.conftest import World
from tests.security.matrix import ENTRIES

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def document() -> dict:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def test_it_is_complete_and_free_of_warnings() -> None:
    paths = set(document()["paths"])
    ours = {
        "/" + route.replace("<uuid:public_id>", "{public_id}").replace("<slug:code>", "{code}")
        for route in ENTRIES
        if route.startswith("api/v1/") and not route.startswith(("api/v1/docs/", "api/v1/^", "api/v1/schema"))
    }
    assert paths - {"/api/v1/schema/"} == ours


def test_every_address_says_its_errors_and_who_may_ask() -> None:
    for path, verbs in document()["paths"].items():
        for verb, operation in verbs.items():
            assert {"401", "403"} <= set(operation["responses"]), f"{verb} {path}"
            assert {"token": []} in operation["security"], f"{verb} {path}"


@pytest.mark.parametrize("accept", ["application/json", "application/yaml", "*/*"])
def test_it_is_served(world: World, officer: APIClient, accept: str) -> None:
    answer = officer.get(f"{API}/schema/", HTTP_ACCEPT=accept)
    assert answer.status_code == 200
    assert "indicator-values" in answer.content.decode()


def test_its_page_loads_nothing_from_elsewhere(world: World, officer: APIClient) -> None:
    page = officer.get(f"{API}/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "<style" not in page
    assert "//" not in page.replace("<!doctype", "")


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Calls through WSGI stay in the test's transaction, as Django's own client keeps them."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def readable(world: World, one_connection: None) -> World:
    factories.threshold("premises.office.area", world.city)
    measure(factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1)))
    return world


def test_every_reading_address_keeps_its_word(readable: World) -> None:
    """Ten made-up calls an address: no 5xx, and nothing that the document does not tell."""
    _token, key = issue_token(user=readable.users["api_client"])
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    headers = {"Authorization": f"Bearer {key}"}
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.method.upper() != "GET":
            continue
        tried += 1

        @seed(20261122)
        @settings(
            max_examples=10,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def keeps_its_word(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        keeps_its_word()
    assert tried >= 18
