"""The mother's tools as a conversation uses them: offered, then called."""

import asyncio
import json
from collections.abc import Sequence

from droas_child.core.completion import WantedCall
from droas_child.core.tool_names import offer, offered_name, real_name
from droas_common.errors import OutsideError, RequestError
from droas_common.logs import log
from droas_common.tool_retries import Tools
from droas_common.wire.calls import Actor, Json, ToolResult

MAX_CALLS = 8
"""Tool calls of one round; further ones are refused in words."""

MAX_RESULT_CHARACTERS = 16_000
"""A model is not shown more of one result."""

_FRESH_S = 60.0
_LIST_S = 2.0
_CALL_S = 10.0
"""For one tool, all tries together."""


class Toolbox:
    """Knows the tools.

    Args:
        tools: the mother.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._offered: list[Json] = []
        self._names: dict[str, str] = {}
        self._listed_at: float | None = None

    def expire(self) -> None:
        """Ask anew before the next use: what this bot may call may have changed."""
        self._listed_at = None

    async def offer(self) -> list[Json]:
        """Give the tools for a chat request; those known before when the mother does not answer."""
        now = asyncio.get_running_loop().time()
        if self._listed_at is None or now - self._listed_at > _FRESH_S:
            try:
                tools = await self._tools.list_tools(timeout_s=_LIST_S)
            except (OutsideError, RequestError) as error:
                log.warning("tools_not_listed", why=str(error))
            else:
                self._offered, self._listed_at = offer(tools), now
                self._names = {offered_name(tool.name): tool.name for tool in tools}
        return self._offered

    async def use(
        self, calls: Sequence[WantedCall], *, actor: Actor, round_number: int, deadline: float
    ) -> list[Json]:
        """Do all calls of a round side by side; every one gets exactly one message in answer.

        Args:
            calls: what the model wants.
            actor: on whose behalf.
            round_number: counts the rounds of one answer from 0.
            deadline: when the answer must be done, by the loop's clock.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._use_one(call, actor, f"{round_number}.{index}", deadline))
                if index < MAX_CALLS
                else group.create_task(_refuse("too_many_calls", f"at most {MAX_CALLS} calls at once"))
                for index, call in enumerate(calls)
            ]
        return [
            {
                "role": "tool",
                "tool_call_id": call.id,
                "content": json.dumps(task.result(), ensure_ascii=False)[:MAX_RESULT_CHARACTERS],
            }
            for call, task in zip(calls, tasks, strict=True)
        ]

    async def _use_one(self, call: WantedCall, actor: Actor, place: str, deadline: float) -> Json:
        arguments = call.parsed()
        if arguments is None:
            return await _refuse("bad_arguments", "the arguments are not a JSON object")
        name = self._names.get(call.name) or real_name(call.name)
        # The question's id comes first: it rises with time, and a retry after a crash has the same key.
        key = f"{actor.message_id}.{place}"
        try:
            result = await self._call(name, arguments, actor, key, deadline)
        except RequestError as error:
            return await _refuse(str(getattr(error, "kind", "denied")), str(error))
        except OutsideError as error:
            log.warning("tool_unavailable", tool=name, why=str(error))
            return await _refuse("unavailable", "the tool cannot be reached right now")
        return result.structured_content or {"content": result.content}

    async def _call(self, name: str, arguments: Json, actor: Actor, key: str, deadline: float) -> ToolResult:
        """Call a tool; a lost answer is asked for again with the same key, which is executed once.

        Raises:
            RequestError: the mother refuses.
            OutsideError: no answer came.
        """
        timeout_s = min(_CALL_S, deadline - asyncio.get_running_loop().time())
        if timeout_s <= 0:
            raise OutsideError("no time is left for a tool")
        return await self._tools.call(name, arguments, actor=actor, timeout_s=timeout_s, idempotency_key=key)


async def _refuse(kind: str, message: str) -> Json:
    """Tell the model in words why a call was not done."""
    return {"refused": kind, "message": message}
