"""REST buckets: how many requests in how many seconds, by route and top-level resource. Pure: time comes in.

Discord documents no numbers; these are what clients observe, and tests may change them.
"""

import hashlib
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests within so many seconds."""

    requests: int
    window_s: float


DEFAULT = Limit(50, 5.0)
WEBHOOKS_OF_A_CHANNEL = "webhooks of a channel"
LIMITS: dict[str, Limit] = {
    "POST /channels/{channel_id}/messages": Limit(5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": Limit(5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": Limit(5, 1.0),
    "POST /channels/{channel_id}/messages/bulk-delete": Limit(1, 1.0),
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me": Limit(1, 0.25),
    "POST /channels/{channel_id}/typing": Limit(5, 5.0),
    "POST /webhooks/{webhook_id}/{token}": Limit(5, 2.0),
    WEBHOOKS_OF_A_CHANNEL: Limit(30, 60.0),
    "POST /users/@me/channels": Limit(10, 600.0),
    "PATCH /guilds/{guild_id}/members/{user_id}": Limit(10, 10.0),
}


@dataclass(slots=True)
class _Bucket:
    remaining: int
    resets_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a bucket says to one request.

    Args:
        allowed: whether it may pass.
        limit: requests of a whole window.
        remaining: requests left in this one.
        reset_after_s: seconds until the window ends.
        bucket: the opaque name of the bucket, without the resource.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_after_s: float
    bucket: str


@dataclass(slots=True)
class RateLimits:
    """All buckets of one sandbox."""

    limits: dict[str, Limit] = field(default_factory=lambda: dict(LIMITS))
    _buckets: dict[tuple[str, str, str], _Bucket] = field(default_factory=dict)
    _seconds: dict[str, deque[float]] = field(default_factory=dict)

    def ask(self, route: str, resource: str, who: str, *, now: float) -> Grant:
        """Count a request of a bot on a route and say whether it may pass."""
        limit = self.limits.get(route, DEFAULT)
        key = (route, resource, who)
        bucket = self._buckets.get(key)
        if bucket is None or now >= bucket.resets_at:
            bucket = self._buckets[key] = _Bucket(limit.requests, now + limit.window_s)
            self._sweep(now)
        allowed = bucket.remaining > 0
        bucket.remaining -= int(allowed)
        return Grant(
            allowed=allowed,
            limit=limit.requests,
            remaining=bucket.remaining,
            reset_after_s=max(0.0, bucket.resets_at - now),
            bucket=hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
        )

    def ask_global(self, who: str, *, now: float, per_second: int) -> float:
        """Count a request against the global limit; gives the seconds to wait, 0 when it may pass."""
        seen = self._seconds.setdefault(who, deque())
        while seen and now - seen[0] >= 1.0:
            seen.popleft()
        if len(seen) >= per_second:
            return 1.0 - (now - seen[0])
        seen.append(now)
        return 0.0

    def clear(self) -> None:
        """Forget all buckets."""
        self._buckets.clear()
        self._seconds.clear()

    def _sweep(self, now: float) -> None:
        if len(self._buckets) > 10_000:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.resets_at > now}
