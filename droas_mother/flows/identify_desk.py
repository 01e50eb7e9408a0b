"""Keeps each token's IDENTIFY budget: counted, written down, never overspent."""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable

from pydantic import SecretStr

from droas_common.logs import log
from droas_mother.core.identify_budget import WARN_AT, spent, wait_s
from droas_mother.core.records import Identify


class IdentifyDesk:
    """All budgets.

    Args:
        limit: most identifies of one token in 24 hours.
        earlier: what was written down before.
        write: writes one down.
    """

    def __init__(self, limit: int, earlier: Iterable[Identify], write: Callable[[Identify], None]) -> None:
        self._limit = limit
        self._write = write
        self._moments: dict[str, deque[float]] = {}
        for one in earlier:
            self._of(one.token_digest).append(one.at_us / 1e6)

    def note(self, who: str, token: SecretStr, count: int) -> None:
        """Count identifies that a bot has sent."""
        digest = digest_of(token)
        moments = self._of(digest)
        for _ in range(min(count, self._limit)):
            now = time.time()
            moments.append(now)
            self._write(Identify(token_digest=digest, at_us=int(now * 1e6)))
        used = spent(moments, now=time.time())
        if used >= self._limit * WARN_AT:
            log.warning("identify_budget_drains", bot=who, spent=used, limit=self._limit)

    def remaining(self, token: SecretStr) -> int:
        """Give how many are left now."""
        return max(0, self._limit - spent(self._of(digest_of(token)), now=time.time()))

    def wait_s(self, token: SecretStr) -> float:
        """Give the seconds until one more may be sent; 0 when it may now."""
        return wait_s(self._of(digest_of(token)), now=time.time(), limit=self._limit)

    def _of(self, digest: str) -> deque[float]:
        return self._moments.setdefault(digest, deque(maxlen=self._limit))


def digest_of(token: SecretStr) -> str:
    """Name a token without giving it away."""
    return hashlib.blake2b(token.get_secret_value().encode(), digest_size=16).hexdigest()
