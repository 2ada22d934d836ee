"""The OpenAPI document: complete, without warnings, and kept by reading and writing (T32)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from io import StringIO
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies
from rest_framework.test import APIClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ensure_resource_availability,
    response_schema_conformance,
    status_code_conformance,
    use_after_free,
)

from portal.accounts.actions import issue_token
from portal.wsgi import application
from tests import factories
from tests.api.conftest import API, measure
from tests.conftest import World
from tests.security.matrix import ENTRIES

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@cache
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


ROLES = ("district_officer", "standards_officer", "api_client", "auditor")


def rows_of(world: World) -> dict[str, str]:
    """Something of one's own for each name that the document gives to an id."""
    clause = factories.clause(world.district)
    threshold = factories.threshold("premises.service.area", world.district, clause=clause)
    rows: dict[str, Any] = {
        "premises": world.premises["community"],
        "committees": world.committees["neighbour"],
        "household-counts": factories.household_count(world.community),
        "nil-statements": factories.nil_statement(world.community),
        "exemptions": factories.exemption(world.community),
        "policy-documents": clause.document,
        "thresholds": threshold,
        "division": world.community,
        "jurisdiction": world.district,
        "committee": world.committees["community"],
        "clause": clause,
    }
    return {name: str(row.public_id) for name, row in rows.items()}


def made_likely(case: schemathesis.Case, rows: dict[str, str]) -> None:
    """Made-up calls name nothing that is there; this one names rows of one's own, in their first version."""
    route = case.operation.path.split("/")[3]
    if route in rows and "public_id" in case.path_parameters:
        case.path_parameters["public_id"] = rows[route]
        if case.method in {"PATCH", "DELETE"}:
            case.headers["If-Match"] = '"1"'
    bodies = [case.body] if isinstance(case.body, dict) else []
    for body in bodies:
        bodies += [row for row in body.get("rows") or () if isinstance(row, dict)]
        body.update({name: rows[name] for name in rows.keys() & body.keys()})


@cache
def operations() -> list[Any]:
    """All that the document offers. One object: what Hypothesis has learnt of a body serves every test."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    return [result.ok() for result in schema.get_all_operations()]


@cache
def made_up(examples: int, number: int) -> list[tuple[schemathesis.Case, bool]]:
    """Calls to every operation, and which of them to make likely: the same ones are asked by every role."""
    drawn: list[tuple[schemathesis.Case, bool]] = []
    drawing = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for operation in operations():

        @drawing
        @given(case=operation.as_strategy(), likely=strategies.booleans())
        def draw(case: schemathesis.Case, likely: bool) -> None:
            drawn.append((case, likely))

        seed(number)(draw)()
    return drawn


def copy_of(case: schemathesis.Case) -> schemathesis.Case:
    parts = ("path_parameters", "headers", "cookies", "query", "body", "media_type")
    return schemathesis.Case(
        case.operation, case.method, case.path, **{part: deepcopy(getattr(case, part)) for part in parts}
    )


def ask_all(world: World, role: str, examples: int, number: int) -> Counter[str]:
    """Made-up calls to every operation: no 5xx, and nothing that the document does not tell. Answers by kind."""
    _token, key = issue_token(user=world.users[role])
    rows, heard = rows_of(world), Counter[str]()
    for case, likely in made_up(examples, number):
        asked = copy_of(case)
        if likely:
            made_likely(asked, rows)
        with transaction.atomic():
            answer = asked.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)
            # The next call meets the same rows.
            transaction.set_rollback(True)
        heard[f"{asked.method.upper()} {answer.status_code}"] += 1
    return heard


@pytest.mark.xdist_group("schema")
@pytest.mark.parametrize("role", ROLES)
def test_every_address_keeps_its_word(readable: World, role: str) -> None:
    heard = ask_all(readable, role, 10, 20261122)
    if role in {"district_officer", "api_client"}:
        # It is no proof where nothing ever succeeds.
        assert {"GET 200", "PATCH 200", "DELETE 204", "POST 400", "PATCH 404"} <= set(heard), heard


EACH_SEED = [pytest.param(number, marks=pytest.mark.xdist_group(f"schema {number}")) for number in (1, 2, 3)]


@pytest.mark.prove
@pytest.mark.parametrize("number", EACH_SEED)
@pytest.mark.parametrize("role", ROLES)
def test_every_address_keeps_its_word_at_length(readable: World, role: str, number: int) -> None:
    """T32: a hundred calls to an operation, three seeds."""
    ask_all(readable, role, 100, number)


@pytest.mark.prove
@pytest.mark.xdist_group("schema 1")
@pytest.mark.parametrize("role", ROLES)
def test_what_was_made_or_removed_is_so_for_the_next_call(readable: World, role: str) -> None:
    """T32 in steps: a call takes up what the one before it answered; nothing removed is found again."""
    _token, key = issue_token(user=readable.users[role])
    rows, heard = rows_of(readable), Counter[str]()
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application

    class Steps(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.work = transaction.atomic()
            self.work.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.work.__exit__(None, None, None)
            super().teardown()

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {key}"}}

        def before_call(self, case: schemathesis.Case) -> None:
            if case.method in {"PATCH", "DELETE"}:
                case.headers["If-Match"] = '"1"'
            elif case.method == "POST":
                made_likely(case, rows)

        def after_call(self, response: Any, case: schemathesis.Case) -> None:
            super().after_call(response, case)
            heard[f"{case.method.upper()} {response.status_code}"] += 1

        def validate_response(self, response: Any, case: schemathesis.Case, **sent: Any) -> None:
            checks = [*CHECKS, use_after_free, ensure_resource_availability]
            case.validate_response(response, checks=checks, transport_kwargs=sent, recorder=self.recorder)

    Steps.run(
        settings=settings(
            max_examples=100,
            stateful_step_count=8,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
    )
    print(heard)
    if role in {"district_officer", "api_client"}:
        assert {"POST 201", "GET 200", "DELETE 204"} <= set(heard), heard


def test_no_address_answers_the_anonymous(world: World) -> None:
    client = APIClient()
    for path, verbs in document()["paths"].items():
        url = path.replace("{public_id}", str(world.community.public_id)).replace("{code}", "office_area")
        for verb in verbs:
            answer = client.generic(verb.upper(), url, "{}", content_type="application/json")
            assert answer.status_code == 401, f"{verb} {path}"
            wrong = {"HTTP_AUTHORIZATION": "Bearer cst_00000000_" + "a" * 43}
            answer = client.generic(verb.upper(), url, "{}", content_type="application/json", **wrong)
            assert answer.status_code == 401, f"{verb} {path}"


def test_every_written_address_says_what_it_takes_and_refuses() -> None:
    for path, verbs in document()["paths"].items():
        for verb, operation in verbs.items():
            headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
            told = set(operation["responses"])
            if verb == "get":
                assert "requestBody" not in operation
                continue
            assert operation["requestBody"], f"{verb} {path}"
            if verb == "post":
                assert "Idempotency-Key" in headers, path
                assert {"409", "413", "415", "422"} <= told, path
            else:
                assert "If-Match" in headers, path
                assert {"412", "428"} <= told, path
            # Cases are decided each for itself: the answer tells of each.
            if path.endswith("/bulk/") and "/approvals/" not in path:
                assert {"200", "412"} <= told, path
