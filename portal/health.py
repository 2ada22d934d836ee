"""Is this process alive, and may it be sent requests? For load balancers, not for people.

Both answer without a session. nginx serves them, like /metrics, to the inside only.
"""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers. Says nothing of its neighbours: restarting us would not cure them."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Without the database nothing works; without the cache pages are slower, and that is all."""
    database, cached = _database_answers(), _cache_answers()
    status = "ok" if database and cached else "degraded" if database else "down"
    return JsonResponse(
        {"status": status, "database": database, "cache": cached}, status=200 if database else 503
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _cache_answers() -> bool:
    cache.set("readyz", 1, timeout=10)
    return cache.get("readyz") == 1
