"""Results in Redis; whatever happens to it, the answer is "not known", and in time."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from droas_common.circuit_breaker import Breaker, BreakerRules, admit, after
from droas_common.errors import ConfigurationError
from droas_common.logs import log

_WAIT_S = 0.02
"""The gateway waits no longer for results: it makes them anew in less."""

_RULES = BreakerRules(failures=3, rest_s=5.0)


class RedisCache:
    """Asks Redis in a thread of its own, so that one that drips its bytes holds up nobody.

    Args:
        url: `redis://…`, `rediss://…` or `unix://…`.
        ttl_s: seconds for which a result is kept.

    Raises:
        ConfigurationError: the address cannot be used.
    """

    def __init__(self, url: str, ttl_s: float) -> None:
        try:
            self._client = redis.Redis.from_url(
                url,
                socket_timeout=0.5,
                socket_connect_timeout=0.5,
                retry=Retry(NoBackoff(), 0),
                max_connections=2,
            )
        except ValueError:
            raise ConfigurationError("tools.cache.url: this is no address of a Redis server") from None
        self._ttl_ms = int(ttl_s * 1000)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="result-cache")
        self._under_way: Future[Any] | None = None
        self._breaker = Breaker()
        self._lock = threading.Lock()
        """Over the breaker: both the gateway's thread and the worker tell it what came of a request."""

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """Give what is kept under these names; None for what is not known, or not in time."""
        found = self._do(lambda: self._client.mget(names), wait_s=_WAIT_S)
        if not isinstance(found, list) or len(found) != len(names):
            return [None] * len(names)
        return [value if isinstance(value, bytes) else None for value in found]

    def put(self, values: Mapping[str, bytes]) -> None:
        """Have these kept; nobody waits for it, and none of it may be kept in the end."""
        self._do(lambda: self._store(values), wait_s=0.0)

    def close(self) -> None:
        """Hang up."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _store(self, values: Mapping[str, bytes]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for name, value in values.items():
            pipeline.set(name, value, px=self._ttl_ms)
        pipeline.execute()

    def _do(self, work: Callable[[], Any], *, wait_s: float) -> Any:
        if self._under_way is not None and not self._under_way.done():
            return None
        with self._lock:
            self._breaker, left_s = admit(self._breaker, _RULES, now=time.monotonic())
        if left_s:
            return None
        self._under_way = self._worker.submit(work)
        if not wait_s:
            self._under_way.add_done_callback(self._note_done)
            return None
        try:
            found = self._under_way.result(wait_s)
        except Exception as error:  # noqa: BLE001 - border of the cache: what it suffers is nobody's matter
            self._note(error)
            return None
        self._note(None)
        return found

    def _note_done(self, done: "Future[Any]") -> None:
        if not done.cancelled():
            self._note(done.exception())

    def _note(self, error: BaseException | None) -> None:
        with self._lock:
            closed = self._breaker.opened_at is None
            self._breaker = after(self._breaker, _RULES, answered=error is None, now=time.monotonic())
            opened = closed and self._breaker.opened_at is not None
        if opened:
            log.warning("result_cache_fails", why=type(error).__name__, rest_s=_RULES.rest_s)
