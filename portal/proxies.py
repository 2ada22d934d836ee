"""The address a request came from. Forwarded headers count only behind proxies of ours."""

import structlog
from django.conf import settings
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


def client_address(request: HttpRequest) -> str:
    """The peer's address; behind N trusted proxies the N-th forwarded address from the right.

    Anything further left was written by the client, who may write what he likes.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    trusted: int = settings.TRUSTED_PROXIES
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    if not trusted or len(forwarded) < trusted:
        return peer
    return forwarded[-trusted]


class RequestLogMiddleware(RequestMiddleware):
    """Notes the address by the rule above: the library would believe any X-Forwarded-For.

    And no query: people search for names and numbers, which do not belong into a log.
    """

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Verb and path."""
        return f"{request.method} {request.path}"

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """Bind the address to all log lines of this request."""
        structlog.contextvars.bind_contextvars(ip=client_address(request))
