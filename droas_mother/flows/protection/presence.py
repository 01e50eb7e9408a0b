"""The protecting bot's presence: when its day's IDENTIFYs are spent, it is back as soon as it may be."""

import asyncio
import math
from collections.abc import Awaitable, Callable

from droas_common.connection_limits import IdentifyBudgetError

_SHORTEST_WAIT_S = 60.0
"""Discord tells what is left only to who asks, and to ask is a request."""


async def stay(
    run: Callable[[], Awaitable[None]],
    *,
    wait_s: Callable[[], float],
    on_held: Callable[[str], None],
    shortest_wait_s: float = _SHORTEST_WAIT_S,
) -> None:
    """Run the bot until it leaves of its own accord, and again after each time that it may not IDENTIFY.

    Args:
        run: stays connected until told to leave.
        wait_s: gives the seconds until one more IDENTIFY may be sent.
        on_held: told why it is away, for a person.
        shortest_wait_s: seconds that are waited at least.
    """
    while True:
        try:
            await run()
        except IdentifyBudgetError as error:
            wanted_s = max(shortest_wait_s, wait_s())
            on_held(f"{error}; it tries again in {_said(wanted_s)}")
            await asyncio.sleep(wanted_s)
        else:
            return


def _said(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{math.ceil(seconds / 60)} min"
