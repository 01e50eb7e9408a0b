"""What keeps a bot from connecting too often: a governor of connections, and a meter of IDENTIFYs."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable

from droas_common.backoff import Backoff
from droas_common.errors import OutsideError
from droas_common.wire.heartbeats import StartLimit

_BACKOFF = Backoff(first_s=0.5, factor=2.0, cap_s=10.0)
"""Between connections: one every ten seconds at most disturbs nobody, and an outage is over soon after its end."""

_STABLE_S = 30.0
"""A connection that lived this long ends the row of failures."""

_IDENTIFY_WAIT_S = 5.5
"""Between two IDENTIFYs of a token (Discord: max_concurrency 1 for five seconds, and some for the way there)."""

_IDENTIFY_WAIT_CAP_S = 40.0

_DAY_S = 86_400.0
"""Discord counts the IDENTIFYs of the last 24 hours."""


class Governor:
    """Lets connections through one by one, the slower the more of them failed in a row.

    Args:
        backoff: the waits between connections.
    """

    def __init__(self, backoff: Backoff = _BACKOFF) -> None:
        self._backoff = backoff
        self._failures = 0
        self._opened_at: float | None = None

    async def admit(self) -> None:
        """Wait until the next connection may be opened, and count it."""
        now = time.monotonic()
        if self._opened_at is not None:
            stable = now - self._opened_at > _STABLE_S
            self._failures = 1 if stable else self._failures + 1
            delay_s = self._backoff.delay_s(failures=self._failures, jitter=random.random())  # noqa: S311 - spreads load
            await asyncio.sleep(delay_s)
        self._opened_at = time.monotonic()


class IdentifyBudgetError(OutsideError):
    """The IDENTIFYs that were allowed are spent; later there will be new ones."""


class IdentifyMeter:
    """Counts IDENTIFYs, spaces them, and stops before more are sent than allowed.

    Args:
        left: told how many were sent here within a day, gives how many more may be.
        on_identify: told of each before it is sent.
        on_limit: told of what Discord says is left.
        first_after_s: seconds from now until the first may be sent.
    """

    def __init__(
        self,
        left: Callable[[int], int],
        on_identify: Callable[[], None],
        *,
        on_limit: Callable[[StartLimit], None],
        first_after_s: float = 0.0,
    ) -> None:
        self._left = left
        self._on_identify = on_identify
        self._on_limit = on_limit
        self._limit: StartLimit | None = None
        self._not_before = time.monotonic() + first_after_s
        self._today: deque[float] = deque()
        self.sent = 0

    def note_limit(self, limit: StartLimit) -> None:
        """Take over what Discord says is left."""
        self._limit = limit
        self._on_limit(limit)

    async def admit(self, *, refused: int) -> None:
        """Wait until the next IDENTIFY may be sent, and count it.

        Args:
            refused: how many in a row before it led to nothing.

        Raises:
            IdentifyBudgetError: none is left.
        """
        self._check()
        if self.sent:
            wait_s = min(_IDENTIFY_WAIT_S * 2**refused, _IDENTIFY_WAIT_CAP_S)
            self._not_before = max(self._not_before, time.monotonic() + wait_s)
        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
        self.sent += 1
        self._today.append(time.monotonic())
        self._on_identify()

    def _check(self) -> None:
        """Refuse what would come near Discord's limit; it resets the token of a bot that passes it."""
        limit = self._limit
        while self._today and self._today[0] <= time.monotonic() - _DAY_S:
            self._today.popleft()
        if self._left(len(self._today)) <= 0:
            raise IdentifyBudgetError(
                "today's IDENTIFYs are spent: Discord does not keep this bot connected; see its log for why"
            )
        if limit is not None and limit.remaining <= limit.reserve:
            raise IdentifyBudgetError(
                f"Discord says that {limit.remaining} of {limit.total} IDENTIFYs are left today; "
                "the rest is not touched, because it resets the token of a bot that uses them up"
            )
