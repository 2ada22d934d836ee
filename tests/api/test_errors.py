"""Whatever goes wrong over the API: one shape, codes in English, sentences in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from communities.models import User
from portal.errors import ApiExceptionHandler
from tests.api.conftest import API
from tests.conftest import World

pytestmark = pytest.mark.django_db

JSON = "application/json"
PLACE = "0190a0a0-0000-7000-8000-000000000000"
ENGLISH = re.compile(r"[A-Za-z']{2,}[ ,.:]+[A-Za-z']{2,}")


def said(answer: Any, status: int, code: str) -> str:
    """The one sentence of an error of the right shape."""
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert set(body) == {"type", "errors"}
    assert [each["code"] for each in body["errors"]] == [code]
    [error] = body["errors"]
    assert set(error) == {"code", "detail", "attr"}
    assert re.search(r"[\u4e00-\u9fff]", error["detail"]), error
    assert not ENGLISH.search(error["detail"].replace("Accept HTTP", "")), error
    return str(error["detail"])


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("{oops", "第 1 行第 2 个字符处有误"),
        ('{"name":\n "x" "y"}', "第 2 行第 6 个字符处有误"),
        ("[", "第 1 行第 2 个字符处有误"),
        ('{"area": NaN}', "JSON 中没有的数"),
        (b"\xff\xfe", "UTF-8"),
        ("[" * 5000, "嵌套过深"),
    ],
)
@pytest.mark.parametrize("address", ["premises/", "premises/bulk/", "runs/", f"imports/{PLACE}/confirm/"])
def test_what_is_no_json(officer: APIClient, address: str, body: Any, where: str) -> None:
    answer = officer.generic("POST", f"{API}/{address}", body, content_type=JSON)
    assert where in said(answer, 400, "parse_error")


def test_a_session_without_its_csrf_token(world: World) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(world.users["district_officer"])
    answer = client.post(f"{API}/premises/", {}, format="json")
    assert "X-CSRFToken" in said(answer, 403, "permission_denied")


def test_other_requests_that_cannot_be_answered(
    world: World, officer: APIClient, client_of: Callable[[User], APIClient]
) -> None:
    url = f"{API}/premises/"
    form = "application/x-www-form-urlencoded"
    said(officer.generic("POST", url, "a=1", content_type=form), 415, "unsupported_media_type")
    said(officer.generic("POST", f"{API}/imports/", "{}", content_type=JSON), 415, "unsupported_media_type")
    said(officer.generic("PUT", url, "{}", content_type=JSON), 405, "method_not_allowed")
    said(officer.get(url, headers={"accept": "text/csv"}), 406, "not_acceptable")
    said(officer.get(url, headers={"accept": "text/csv", "accept-language": "en"}), 406, "not_acceptable")
    for nowhere in (f"{API}/nothing/", API, "/api"):
        said(officer.get(nowhere), 404, "not_found")
    said(officer.get(f"{url}{PLACE}/"), 404, "not_found")
    said(Client().get(url), 401, "not_authenticated")
    said(Client().get(url, headers={"authorization": "Bearer x"}), 401, "authentication_failed")
    said(client_of(world.users["auditor"]).get(url), 403, "permission_denied")
    large = officer.generic("POST", url, '"' + "x" * 1_000_001 + '"', content_type=JSON)
    assert said(large, 413, "body_too_large") == "提交的内容过大。"


def test_bad_multipart(officer: APIClient) -> None:
    for kind in (
        "multipart/form-data",
        "multipart/form-data; boundary=\u00e5",
        "multipart/form-data; boundary=",
    ):
        said(officer.generic("POST", f"{API}/imports/", b"xx", content_type=kind), 400, "parse_error")
    asked = {"resource": "premises", "division": PLACE, "file": SimpleUploadedFile("a.xlsx", b"")}
    said(officer.post(f"{API}/imports/", asked, format="multipart"), 400, "empty")


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ParseError("Multipart form parse error - x"),
        exceptions.NotAuthenticated("nobody knows you"),
        exceptions.PermissionDenied("not for you"),
        exceptions.NotFound("nothing here"),
        exceptions.MethodNotAllowed("PUT"),
        exceptions.NotAcceptable("not this way"),
        exceptions.UnsupportedMediaType("a/b"),
        exceptions.Throttled(7),
        exceptions.Throttled(detail="slow down please"),
        exceptions.ValidationError({"rows": [{"name": ["This field is odd."]}, {}]}),
        exceptions.APIException("broken pipe somewhere"),
        ValueError("secret inside"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_english_of_the_framework_is_never_handed_on(error: Exception) -> None:
    request = Request(APIRequestFactory().get("/"))
    answer = ApiExceptionHandler(error, {"request": request, "view": None}).run()  # type: ignore[typeddict-item]
    assert answer is not None
    for each in answer.data["errors"]:
        assert re.search(r"[\u4e00-\u9fff]", each["detail"]), each
        assert not ENGLISH.search(each["detail"]), each


@pytest.mark.parametrize("path", ["nowhere/", "divisions/bulk/", "premises/x/y/"])
def test_an_unknown_address_is_none_for_a_system_either(world: World, path: str) -> None:
    """A token needs no CSRF token to be told so."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        f"{API}/{path}", {}, content_type="application/json", headers={"Authorization": "Bearer cst_x"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")
