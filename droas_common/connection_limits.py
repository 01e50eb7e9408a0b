"""What keeps a bot from connecting too often: a governor of connections, and a meter of IDENTIFYs."""

import asyncio
import random
import time
from collections.abc import Callable

from droas_common.backoff import Backoff
from droas_common.errors import OutsideError

_BACKOFF = Backoff(first_s=0.5, factor=2.0, cap_s=10.0)
"""Between connections: one every ten seconds at most disturbs nobody, and an outage is over soon after its end."""

_STABLE_S = 30.0
"""A connection that lived this long ends the row of failures."""

_IDENTIFY_WAIT_S = 5.0
"""Between two IDENTIFYs of a token (Discord: max_concurrency 1 for five seconds)."""

_IDENTIFY_WAIT_CAP_S = 40.0


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
    """Counts IDENTIFYs, and stops before more are sent than allowed.

    Args:
        allowance: how many may be sent.
        on_identify: told of each before it is sent.
    """

    def __init__(self, allowance: int, on_identify: Callable[[], None]) -> None:
        self._allowance = allowance
        self._on_identify = on_identify
        self.sent = 0

    def spend(self) -> None:
        """Count one; raises IdentifyBudgetError when none is left."""
        if self.sent >= self._allowance:
            raise IdentifyBudgetError(
                "today's IDENTIFYs are spent: Discord does not keep this bot connected; see its log for why"
            )
        self.sent += 1
        self._on_identify()

    def wait_s(self, *, refused: int) -> float:
        """Give the seconds to wait before an IDENTIFY that is not the first of its connection.

        Args:
            refused: how many before it led to nothing.
        """
        return float(min(_IDENTIFY_WAIT_S * 2**refused, _IDENTIFY_WAIT_CAP_S))
