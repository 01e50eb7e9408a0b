"""The bond with the mother: notices that she is gone, and follows a new one or leaves within the lease."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from droas_child.core.bond import Follow, Leave, Sight, Stay, next_of_kin
from droas_common.logs import log

_LOOK_S, _ALONE_LOOK_S = 0.1, 0.02
"""Between two looks, with a mother and without one: whoever is alone waits for the next."""


class Watch(Protocol):
    """Looks for the mother."""

    def look(self) -> Sight:
        """Give what can be seen of her now."""
        ...


class Bond:
    """Watches the mother's process.

    Args:
        watch: looks for her.
        server_key: the key of the mother who started this child.
        lease_s: seconds to go on without one.
        may_follow: whether a new mother may be followed.
        on_alone: told when she is gone.
        on_follow: told of the key of a new one, who must be registered with.
        on_leave: told why this child must leave.
    """

    def __init__(
        self,
        watch: Watch,
        *,
        server_key: str,
        lease_s: float,
        may_follow: bool,
        on_alone: Callable[[], None],
        on_follow: Callable[[str], None],
        on_leave: Callable[[str], None],
    ) -> None:
        self._watch = watch
        self._known_key = server_key
        self._lease_s = lease_s
        self._may_follow = may_follow
        self._on_alone = on_alone
        self._on_follow = on_follow
        self._on_leave = on_leave
        self._alone_since: float | None = None

    async def run(self) -> None:
        """Watch until cancelled, or until the lease is over; without a lease the kernel does it."""
        if self._lease_s <= 0:
            return
        while True:
            await asyncio.sleep(_LOOK_S if self._alone_since is None else _ALONE_LOOK_S)
            step = next_of_kin(
                self._watch.look(),
                known_key=self._known_key,
                alone_since=self._alone_since,
                now=time.monotonic(),
                lease_s=self._lease_s,
                may_follow=self._may_follow,
            )
            match step:
                case Stay(since):
                    self._stay(since)
                case Follow(server_key):
                    self._known_key, self._alone_since = server_key, None
                    self._on_follow(server_key)
                case Leave(why):
                    self._on_leave(why)
                    return

    def _stay(self, since: float | None) -> None:
        if since is not None and self._alone_since is None:
            log.warning("mother_gone", lease_s=self._lease_s)
            self._on_alone()
        self._alone_since = since
