"""A cache that may be away: then every look-up misses and every store is dropped.

Values are JSON, never pickles: whoever can write to the cache must not be able to run code.
"""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from django.core.serializers.json import DjangoJSONEncoder
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class JSONSerializer:
    """Stores JSON. Dates and decimals come back as strings, tuples as lists."""

    def dumps(self, obj: Any) -> bytes | int:
        """Integers stay bare so that Redis can count with them."""
        if type(obj) is int:
            return obj
        return json.dumps(obj, cls=DjangoJSONEncoder, ensure_ascii=False).encode()

    def loads(self, data: bytes) -> Any:
        """The value again."""
        return json.loads(data)


class OpenRedisCache(RedisCache):
    """Django's Redis cache, failing open: pages get slower without it, none breaks."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _open(lambda: super(OpenRedisCache, self).get(key, default, version), otherwise=default)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        return _open(lambda: super(OpenRedisCache, self).get_many(keys, version), otherwise={})

    def has_key(self, key: str, version: int | None = None) -> bool:
        return _open(lambda: super(OpenRedisCache, self).has_key(key, version), otherwise=False)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _open(lambda: super(OpenRedisCache, self).add(key, value, timeout, version), otherwise=False)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        _open(lambda: super(OpenRedisCache, self).set(key, value, timeout, version), otherwise=None)

    def set_many(
        self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        return _open(
            lambda: super(OpenRedisCache, self).set_many(data, timeout, version), otherwise=list(data)
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _open(lambda: super(OpenRedisCache, self).touch(key, timeout, version), otherwise=False)

    def delete(self, key: str, version: int | None = None) -> bool:
        return _open(lambda: super(OpenRedisCache, self).delete(key, version), otherwise=False)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        _open(lambda: super(OpenRedisCache, self).delete_many(keys, version), otherwise=None)


def _open(ask: Callable[[], Answer], *, otherwise: Answer) -> Answer:
    """The server's answer; `otherwise`, and a line in the log, when it is away."""
    try:
        return ask()
    except RedisError as error:
        logger.warning("cache is away: %s", error)
        return otherwise
