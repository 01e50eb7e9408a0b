"""The mother's tools as a conversation uses them: offered, called, called again when the answer was lost."""

import asyncio
import time
from typing import Any

from droas_child.core.tool_names import offer
from droas_child.ports import Tools
from droas_common.errors import OutsideError
from droas_common.logs import log
from droas_common.wire.calls import Actor, Json, ToolResult

_FRESH_S = 60.0
_CALL_S = 5.0
_TRIES = 2


class Toolbox:
    """Knows the tools.

    Args:
        tools: the mother.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._offered: list[Json] = []
        self._listed_at: float | None = None

    async def offer(self) -> list[Json]:
        """Give the tools for a chat request; those known before when the mother does not answer."""
        now = time.monotonic()
        if self._listed_at is None or now - self._listed_at > _FRESH_S:
            try:
                self._offered = offer(await self._tools.list_tools(timeout_s=2.0))
                self._listed_at = now
            except OutsideError as error:
                log.warning("tools_not_listed", why=str(error))
        return self._offered

    async def call(self, name: str, arguments: dict[str, Any], *, actor: Actor, key: str) -> ToolResult:
        """Call a tool; a lost answer is asked for once more with the same key, which is executed once.

        Raises:
            RequestError: the mother refuses.
            OutsideError: no answer came.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._tools.call(
                    name, arguments, actor=actor, timeout_s=_CALL_S, idempotency_key=key
                )
            except OutsideError as error:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(error.retry_after_s or 0.0)
        raise AssertionError("unreachable")
