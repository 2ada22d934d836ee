"""What requests see when a server is away, and what they carry in any weather."""

import json
from unittest.mock import Mock

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCacheClient
from django.db import InterfaceError, OperationalError
from django.test import Client, RequestFactory

from portal.cache import JSONSerializer, OpenRedisCache
from portal.lockout import locked_out
from portal.outage import unavailable
from portal.proxies import client_address


@pytest.fixture
def cache_away():
    options = {"OPTIONS": {"serializer": "portal.cache.JSONSerializer", "socket_connect_timeout": 0.2}}
    return OpenRedisCache("unix:///nonexistent/valkey", options)


def test_a_cache_that_is_away_misses_and_forgets(cache_away):
    cache_away.set("key", 1)
    assert cache_away.get("key") is None
    assert cache_away.get("key", "default") == "default"
    assert cache_away.get_many(["key"]) == {}
    assert cache_away.get_or_set("key", lambda: 5) == 5
    assert "key" not in cache_away
    assert not cache_away.add("key", 1)
    assert not cache_away.touch("key")
    assert not cache_away.delete("key")
    assert cache_away.set_many({"key": 1}) == ["key"]
    cache_away.delete_many(["key"])


def test_the_cache_keeps_json():
    cache.set("name", {"名称": ["甲区", 1, None]})
    assert cache.get("name") == {"名称": ["甲区", 1, None]}
    cache.set("count", 1)
    assert cache.incr("count") == 2


def test_nothing_in_the_cache_can_run_code():
    client: RedisCacheClient = caches["default"]._cache
    assert isinstance(client._serializer, JSONSerializer)


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
@pytest.mark.parametrize("layer", ["portal.health.JsonResponse", "django.http.request.HttpRequest.get_host"])
@pytest.mark.parametrize("debug", [True, False])
def test_a_lost_database_is_503_with_a_time_to_come_back(settings, monkeypatch, error, layer, debug):
    """Wherever it is missed: in the view, or in a middleware on the way."""
    settings.DEBUG = debug
    monkeypatch.setattr(layer, Mock(side_effect=error))
    response = Client(raise_request_exception=False).get("/healthz")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert response["Cache-Control"] == "no-store"
    assert "系统暂时不可用" in response.content.decode()


def test_the_api_hears_of_it_in_json():
    response = unavailable(RequestFactory().get("/api/v1/divisions/"))
    assert json.loads(response.content)["errors"][0]["code"] == "service_unavailable"


def test_other_errors_are_not_dressed_up(monkeypatch):
    monkeypatch.setattr("portal.health.JsonResponse", Mock(side_effect=ValueError))
    assert Client(raise_request_exception=False).get("/healthz").status_code == 500


def test_lock_out_says_how_long():
    response = locked_out(RequestFactory().post("/accounts/login/"))
    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert "15 分钟" in response.content.decode()
    assert (
        json.loads(locked_out(RequestFactory().post("/api/v1/x/")).content)["errors"][0]["code"] == "locked"
    )


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_forwarded_addresses_count_only_behind_our_proxies(settings, proxies, header, address):
    settings.TRUSTED_PROXIES = proxies
    assert client_address(RequestFactory().get("/", headers={"X-Forwarded-For": header})) == address


def test_alive_without_any_server(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_with_both_servers(client):
    assert client.get("/readyz").json() == {"status": "ok", "database": True, "cache": True}


@pytest.mark.django_db
def test_ready_but_degraded_without_the_cache(client, monkeypatch, cache_away):
    monkeypatch.setattr("portal.health.cache", cache_away)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"


def test_not_ready_without_the_database(client, monkeypatch):
    monkeypatch.setattr("portal.health._database_answers", lambda: False)
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_metrics_are_counted():
    assert b"django_http_requests_total" in Client().get("/metrics").content


def test_headers_of_every_answer(client):
    headers = client.get("/healthz").headers
    policy = headers["Content-Security-Policy"]
    for part in ("script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'"):
        assert part in policy
    for part in ("frame-ancestors 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
