"""What Discord has forbidden lately, so that it is not asked for the same again and again.

Source: Discord API reference, Invalid Request Limit: an address with 10,000 answers of 401, 403 or 429
within ten minutes is shut out, and all bots of a host share its address.
"""

import re
from collections import OrderedDict
from collections.abc import Hashable

REFUSED_S = 180.0
"""For so long a refusal is believed; whoever mends the bot's role need not wait for longer."""

MAX_REFUSALS = 5_000
"""Refusals remembered; the oldest is forgotten first."""

SHUT_OUT_S = 3_600.0
"""For so long at most it is believed that an address is shut out; then Discord is asked again."""


def shut_out_s(retry_after: str, otherwise: float) -> float:
    """Read the header `Retry-After`, seconds in [0, SHUT_OUT_S]; dates and nonsense count as not said."""
    said = re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", retry_after)
    return min(float(retry_after), SHUT_OUT_S) if said else otherwise


class Refusals:
    """Remembers what the bot may not do, and where: channels, members, anything at all."""

    def __init__(self) -> None:
        self._until_s: OrderedDict[Hashable, float] = OrderedDict()

    def note(self, what: Hashable, now_s: float, for_s: float = REFUSED_S) -> None:
        """Remember that Discord has just forbidden this."""
        self._until_s[what] = max(now_s + for_s, self._until_s.get(what, 0.0))
        self._until_s.move_to_end(what)
        if len(self._until_s) > MAX_REFUSALS:
            self._until_s.popitem(last=False)

    def hold_s(self, what: Hashable, now_s: float) -> float:
        """Give the seconds for which it need not be asked for yet; 0 when it may be."""
        return max(0.0, self._until_s.get(what, 0.0) - now_s)
