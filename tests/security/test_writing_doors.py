"""The doors by which rows are written over the API: T2, T6, T9, T11, T34 and T35.

T3 stands in ``tests/api/test_bulk.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from communities import forms
from communities.approvals import forms as approval_forms
from communities.base.entry.bodies import typed
from communities.base.entry.forms import EntryForm
from communities.models import ApiToken, ChangeRecord
from portal.accounts.actions import issue_token
from tests.security.cast import Cast
from tests.security.entries import EVERYBODY, FAR, NAMES, NEAR, NOBODY_IS, OWN
from tests.security.matrix import ENTRIES

OFFICER, STANDARDS = "district_officer", "standards_officer"
SPAN = {"from": "2026-01-01", "before": None}
YEAR = {"from": "2027-01-01", "before": "2028-01-01"}


@dataclass(frozen=True)
class Register:
    """One register that is written: by whom, with what, and which of its fields name other rows of which kind."""

    route: str
    kind: str
    body: dict[str, Any]
    relations: dict[str, str]
    form: type[EntryForm]
    role: str = OFFICER

    @property
    def url(self) -> str:
        return f"/api/v1/{self.route}/"

    def own(self, cast: Cast) -> str:
        return f"{self.url}{cast.id_of(self.kind, OWN)}/"

    def filled(self, cast: Cast) -> dict[str, Any]:
        """A row that would be accepted; relations that need not be there are left out."""
        needed = {
            name: str(place_of(cast, self.relations[name], OWN).public_id)
            for name in self.relations
            if name != "committee" or self.body.get("kind") == "office"
        }
        return self.body | needed


REGISTERS = [
    Register(
        "committees",
        "committee",
        {"name": "新", "kind": "residents", "valid": SPAN},
        {"division": "place"},
        forms.CommitteeForm,
    ),
    Register(
        "premises",
        "room",
        {"name": "新", "kind": "office", "area": "10", "tenure": "owned"},
        {"division": "place", "committee": "committee"},
        forms.PremisesForm,
    ),
    Register(
        "household-counts",
        "household_count",
        {
            "source": "grid",
            "definition": "resident",
            "counted_on": "2020-01-01",
            "households": 1,
            "residents": 2,
        },
        {"division": "place"},
        forms.HouseholdCountForm,
    ),
    Register(
        "nil-statements",
        "nil_statement",
        {"kind": "activity", "stated_on": "2020-01-01"},
        {"division": "place", "committee": "committee"},
        forms.NilStatementForm,
    ),
    Register(
        "exemptions",
        "exemption",
        {
            "key": "premises.office.area",
            "valid": SPAN,
            "grounds": "危房",
            "decision_number": "1",
            "decided_by": "民政局",
        },
        {"division": "place", "committee": "committee"},
        forms.ExemptionForm,
    ),
    Register(
        "exemption-requests",
        "exemption_request",
        {"key": "premises.office.area", "valid": YEAR, "grounds": "危房", "remedy": "改造"},
        {"division": "place", "committee": "committee"},
        approval_forms.ExemptionRequestForm,
    ),
    Register(
        "policy-documents",
        "document",
        {"title": "新", "issuer": "民政局", "kind": "district", "valid": SPAN},
        {"jurisdiction": "setter"},
        forms.PolicyDocumentForm,
        STANDARDS,
    ),
    Register(
        "thresholds",
        "threshold",
        {"key": "premises.service.area", "operator": "ge", "low": "1", "force": "default", "valid": SPAN},
        {"jurisdiction": "setter", "clause": "clause"},
        forms.ThresholdForm,
        STANDARDS,
    ),
]
each_register = pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.route)


def place_of(cast: Cast, kind: str, relation: str) -> Any:
    """An object of the cast; ``setter`` is the place that sets rules, ``clause`` what its number rests on."""
    if kind == "setter":
        return cast.objects["threshold"][relation].jurisdiction
    if kind == "clause":
        return cast.objects["threshold"][relation].clause
    return cast.objects[kind][relation]


def client_of(cast: Cast, role: str) -> APIClient:
    client = APIClient()
    client.force_login(cast.world.users[role])
    return client


def table(register: Register) -> Any:
    return register.form._meta.model.objects


def snapshot(register: Register) -> list[Any]:
    return list(table(register).order_by("pk").values())


def doors(cast: Cast, register: Register, client: APIClient) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """The ways by which the same row could be written over the API."""
    one = register.own(cast)
    row = cast.objects[register.kind][OWN]
    return {
        "post": lambda body: client.post(register.url, register.filled(cast) | body),
        "patch": lambda body: client.patch(one, body, HTTP_IF_MATCH=f'"{row.version}"'),
        "bulk new": lambda body: client.post(
            f"{register.url}bulk/", {"rows": [register.filled(cast), register.filled(cast) | body]}
        ),
        "bulk known": lambda body: client.post(
            f"{register.url}bulk/",
            {"rows": [{"id": str(row.public_id), "version": row.version} | body]},
        ),
    }


@each_register
def test_the_rows_of_these_tests_would_be_accepted(cast: Cast, register: Register) -> None:
    """Else every refusal below would prove nothing."""
    answer = client_of(cast, register.role).post(register.url, register.filled(cast))
    assert answer.status_code == 201, answer.content.decode()


@each_register
def test_no_relation_takes_a_foreign_row(cast: Cast, register: Register) -> None:
    """T2 and T6: no link, no echo, and the same answer as for a row that does not exist."""
    client, before = client_of(cast, register.role), snapshot(register)
    created = ChangeRecord.objects.filter(verb="create").count()
    for name, kind in register.relations.items():
        for relation in (NEAR, FAR):
            foreign = place_of(cast, kind, relation)
            for door, call in doors(cast, register, client).items():
                told = call({name: str(foreign.public_id)})
                missing = call({name: NOBODY_IS})
                where = f"{door} {name} {relation}: {told.content.decode()}"
                assert told.status_code == missing.status_code == 400, where
                text = told.content.decode().replace(str(foreign.public_id), NOBODY_IS)
                assert text == missing.content.decode(), where
                assert told.json()["errors"][0]["attr"].endswith(name), where
                assert not [each for each in NAMES[NEAR] + NAMES[FAR] if each in text], where
    assert snapshot(register) == before
    assert ChangeRecord.objects.filter(verb="create").count() == created


@each_register
def test_no_page_links_a_foreign_row(cast: Cast, register: Register) -> None:
    """T2 by the other door."""
    client, entry = Client(), register.form
    client.force_login(cast.world.users[register.role])
    before = snapshot(register)
    for name, kind in register.relations.items():
        body = register.filled(cast) | {name: str(place_of(cast, kind, NEAR).public_id)}
        form = typed(entry, body)
        assert client.post(f"/{register.route}/new/", form).status_code == 422
        edit = f"/{register.route}/{cast.id_of(register.kind, OWN)}/edit/"
        assert client.post(edit, form | {"version": "1"}).status_code == 422
    assert snapshot(register) == before


@each_register
def test_a_foreign_row_is_as_if_it_were_not_there(cast: Cast, register: Register) -> None:
    """T6: whatever else is right or wrong with the call."""
    client, before = client_of(cast, register.role), snapshot(register)
    foreign = cast.objects[register.kind][FAR]
    for etag in ("", '"1"', f'"{foreign.version}"', '"99"', "x"):
        headers = {"HTTP_IF_MATCH": etag} if etag else {}
        for body in ({}, {"surprise": 1}, register.filled(cast), [], {"reason": "x"}):
            for verb in ("patch", "delete"):
                heard = {
                    getattr(client, verb)(f"{register.url}{public_id}/", body, **headers).content
                    for public_id in (str(foreign.public_id), NOBODY_IS)
                }
                assert len(heard) == 1, heard
                assert b'"not_found"' in next(iter(heard))
    assert snapshot(register) == before


PROTECTED: dict[str, Any] = {
    "pk": 1,
    "public_id": NOBODY_IS,
    "created_at": "2020-01-01T00:00:00+08:00",
    "updated_at": "2020-01-01T00:00:00+08:00",
    "deleted_at": "2020-01-01T00:00:00+08:00",
    "deleted_by": 1,
    "deleted_reason": "x",
    "created_by": 1,
    "user": 1,
    "role": "city_officer",
    "division_now_id": 1,
    "division_id": 1,
    "path_now": "",
    "placements": [],
    "is_superuser": True,
    "act": NOBODY_IS,
    "unit": "亩",
}


@each_register
def test_protected_fields_are_refused(cast: Cast, register: Register) -> None:
    """T9: each by name, by every door; on pages they change nothing."""
    client, before = client_of(cast, register.role), snapshot(register)
    assert len(PROTECTED) >= 15
    for name, value in PROTECTED.items():
        for door, call in doors(cast, register, client).items():
            answer = call({name: value})
            assert answer.status_code == 400, f"{door} {name}"
            error = answer.json()["errors"][0]
            assert (error["code"], error["attr"].rpartition(".")[2]) == ("unknown_field", name), door
    assert snapshot(register) == before
    alone = client.post(register.url, register.filled(cast) | {"id": NOBODY_IS, "version": 7})
    assert [each["code"] for each in alone.json()["errors"]] == ["unknown_field"] * 2


@each_register
def test_protected_fields_change_nothing_on_pages(cast: Cast, register: Register) -> None:
    client = Client()
    client.force_login(cast.world.users[register.role])
    form = typed(register.form, register.filled(cast))
    known = set(table(register).values_list("pk", flat=True))
    answer = client.post(f"/{register.route}/new/", form | {n: str(v) for n, v in PROTECTED.items()})
    assert answer.status_code == 302, answer.content.decode()
    row = table(register).exclude(pk__in=known).get()
    assert (row.version, row.deleted_at, row.deleted_by, row.deleted_reason) == (1, None, None, "")
    assert str(row.public_id) != NOBODY_IS
    assert row.created_at > timezone.now() - timezone.timedelta(minutes=5)


HELD = [role for role in EVERYBODY if role != "nobody"]


@pytest.mark.parametrize("role", HELD)
def test_a_token_reads_what_its_session_reads(cast: Cast, role: str) -> None:
    """T11: the same rows at every address, and no session."""
    user = cast.world.users[role]
    _token, key = issue_token(user=user)
    session, token = client_of(cast, role), APIClient()
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    sessions = Session.objects.count()
    for entry in ENTRIES.values():
        if not entry.is_api or not entry.is_get or entry.public or entry.route == "api/v1/docs/":
            continue
        for relation in (OWN, NEAR, FAR) if entry.path else (OWN,):
            url = entry.url(cast.id_of(entry.path, relation) if entry.path else "")
            heard = [each.get(url) for each in (session, token)]
            assert heard[0].status_code == heard[1].status_code, url
            assert content_of(heard[0]) == content_of(heard[1]), url
            assert not heard[1].cookies, url
    assert Session.objects.count() == sessions


def content_of(answer: Any) -> bytes:
    """Of a page, or of a file that is sent piece by piece."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@each_register
def test_a_token_writes_what_its_session_writes(cast: Cast, register: Register) -> None:
    """T11: in its role and no longer than it holds."""
    token, key = issue_token(user=cast.world.users[register.role])
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    made = client.post(register.url, register.filled(cast))
    assert made.status_code == 201, made.content.decode()
    assert not made.cookies
    assert not Session.objects.filter(session_data__contains=key).exists()
    url, etag = made.headers["Location"], made.headers["ETag"]
    before = snapshot(register)
    for end in ({"revoked_at": timezone.now()}, {"revoked_at": None, "expires_at": timezone.now()}):
        ApiToken.objects.filter(pk=token.pk).update(**end)
        assert client.post(register.url, register.filled(cast)).status_code == 401
        assert client.post(f"{register.url}bulk/", {"rows": [register.filled(cast)]}).status_code == 401
        assert client.patch(url, {}, HTTP_IF_MATCH=etag).status_code == 401
        assert client.delete(url, {"reason": "x"}, HTTP_IF_MATCH=etag).status_code == 401
    assert snapshot(register) == before


ODD_TEXTS = ["a\\u0000b", "\\ud800", "\\udfff", "x\\ud83dy"]
ODD_BODIES = [
    *(f'{{"NAME": "{text}"}}' for text in ODD_TEXTS),
    *(f'{{"{text}": 1}}' for text in ODD_TEXTS),
    *(f'{{"rows": [{{"NAME": ["{text}"]}}]}}' for text in ODD_TEXTS),
    '{"NAME": ' + "[" * 1000 + "]" * 1000 + "}",
    '{"NAME": 1e999999}',
    '{"NAME": NaN}',
    '{"NAME": -Infinity}',
    '{"NAME": ' + "9" * 4000 + "}",
    "{",
    "\ufeff{}",
    "null",
]


@each_register
def test_abusive_bodies(cast: Cast, register: Register) -> None:
    """T34: null characters, lone surrogates, depth and numbers without end are refused, never an error of ours."""
    client, before = client_of(cast, register.role), snapshot(register)
    client.raise_request_exception = False
    names = list(register.filled(cast))
    for pattern in ODD_BODIES:
        for name in names:
            body = pattern.replace("NAME", name)
            for verb, url in (
                ("POST", register.url),
                ("POST", f"{register.url}bulk/"),
                ("PATCH", register.own(cast)),
                ("DELETE", register.own(cast)),
            ):
                answer = client.generic(verb, url, body, "application/json", HTTP_IF_MATCH='"1"')
                assert answer.status_code in {400, 413}, f"{verb} {url} {body[:80]} {answer.status_code}"
    assert snapshot(register) == before


def test_values_of_every_shape_for_every_field(cast: Cast) -> None:
    """What a field does not take is refused with its name."""
    values = [
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        "",
        "x" * 5000,
        [],
        [1],
        {},
        {"from": 1},
        {"a": {}},
        "无",
        "\u200b",
    ]
    for register in REGISTERS:
        client = client_of(cast, register.role)
        client.raise_request_exception = False
        for name in (*register.filled(cast), "functions", "clauses", "households", "valid", "reason"):
            for value in values:
                answer = client.post(register.url, register.filled(cast) | {name: value})
                assert answer.status_code in {201, 400}, (register.route, name, value, answer.status_code)
                if answer.status_code == 201:
                    client.delete(answer.headers["Location"], {"reason": "x"}, HTTP_IF_MATCH='"1"')


INSIDE = ("Traceback", "SELECT", "secret", "RuntimeError", ".py")


def test_errors_read_the_same_for_all_and_tell_nothing_inside(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T35: no stack and no statement; the same for every role; on pages with the request's number."""

    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError("SELECT secret FROM communities_user")

    monkeypatch.setattr("communities.base.api.page_of", broken)
    monkeypatch.setattr("communities.base.views.page_of", broken)
    heard, shown = set(), set()
    for role in ("city_officer", "district_officer", "street_clerk", STANDARDS, "api_client"):
        client = client_of(cast, role)
        client.raise_request_exception = False
        answers = [
            client.get("/api/v1/premises/"),
            client.get(f"/api/v1/premises/{NOBODY_IS}/"),
            client.get("/api/v1/premises/?colour=red"),
            client.get("/api/v1/nowhere/"),
            client.put("/api/v1/premises/", {}),
        ]
        assert [answer.status_code for answer in answers] == [
            500,
            404,
            400,
            404,
            403 if role == STANDARDS else 405,
        ]
        heard.add(tuple(answer.content.decode() for answer in answers[:4]))
        page = client.get("/premises/")
        text = page.content.decode()
        assert page.status_code == 500
        assert "编号" in text
        shown.add(text.split("编号")[0])
        for told in (*(answer.content.decode() for answer in answers), text):
            assert not [word for word in INSIDE if word in told]
    assert len(heard) == len(shown) == 1
    for body in next(iter(heard)):
        assert set(json.loads(body)) == {"type", "errors"}
