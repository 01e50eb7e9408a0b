"""Whether a call is made for somebody who has really spoken: the mother has seen the message herself."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from droas_common.ids import Snowflake
from droas_common.wire.calls import Actor

MAX_MESSAGES = 50_000
MAX_MEMBERS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message as it was seen."""

    guild_id: Snowflake
    user_id: Snowflake
    at_s: float


class Witness:
    """Remembers who has written which message; bounded, the oldest go first.

    Filled by the event loop and asked by the gateway thread. A lock holds together what is filled in several steps; to
    look one message up is one step.

    Args:
        keep_s: seconds for which a message proves something.
    """

    def __init__(self, keep_s: float) -> None:
        self.keep_s = keep_s
        self._guard = threading.Lock()
        self._messages: OrderedDict[Snowflake, Seen] = OrderedDict()
        self._roles: OrderedDict[tuple[Snowflake, Snowflake], tuple[str, ...]] = OrderedDict()

    def see(self, message_id: Snowflake, seen: Seen, roles: tuple[str, ...]) -> bool:
        """Note a message and its author's roles; gives whether he is new here."""
        member = (seen.guild_id, seen.user_id)
        with self._guard:
            new = member not in self._roles
            self._messages[message_id] = seen
            self._roles[member] = roles
            self._roles.move_to_end(member)
            if len(self._messages) > MAX_MESSAGES:
                self._messages.popitem(last=False)
            if len(self._roles) > MAX_MEMBERS:
                self._roles.popitem(last=False)
        return new

    def confirms(self, actor: Actor, *, now_s: float) -> bool:
        """Say whether this user has written this message in this group lately."""
        if actor.message_id is None or actor.guild_id is None:
            return False
        seen = self._messages.get(actor.message_id)
        return (
            seen is not None
            and seen.user_id == actor.user_id
            and seen.guild_id == actor.guild_id
            and now_s - seen.at_s <= self.keep_s
        )

    def roles(self, guild_id: Snowflake, user_id: Snowflake) -> tuple[str, ...] | None:
        """Give the roles that a member had when he was last seen; None when he was not."""
        with self._guard:
            return self._roles.get((guild_id, user_id))
