"""What Discord has forbidden lately, so that it is not asked for the same again and again.

Source: Discord API reference, Invalid Request Limit: an address with 10,000 answers of 401, 403 or 429
within ten minutes is shut out, and all bots of a host share its address.
"""

from collections import OrderedDict
from collections.abc import Hashable

REFUSED_S = 180.0
"""For so long a refusal is believed; whoever mends the bot's role need not wait for longer."""

MAX_REFUSALS = 5_000
"""Refusals remembered; the oldest is forgotten first."""


class Refusals:
    """Remembers channels and members with which the bot may not do what it must."""

    def __init__(self) -> None:
        self._until_s: OrderedDict[Hashable, float] = OrderedDict()

    def note(self, what: Hashable, now_s: float) -> None:
        """Remember that Discord has just forbidden this."""
        self._until_s[what] = now_s + REFUSED_S
        self._until_s.move_to_end(what)
        if len(self._until_s) > MAX_REFUSALS:
            self._until_s.popitem(last=False)

    def hold(self, what: Hashable, now_s: float) -> bool:
        """Say whether it need not be asked for yet."""
        return self._until_s.get(what, 0.0) > now_s
