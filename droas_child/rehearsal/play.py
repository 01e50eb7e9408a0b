"""The rehearsal itself: a bot with everything that a real one has, but a prompter in the mother's place."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from droas_child.bootstrap import Workshop
from droas_child.rehearsal.stage import Stage
from droas_common.logs import start_logging
from droas_common.settings import ChildSettings
from droas_common.wire.calls import ToolDescription, ToolResult
from droas_common.wire.frames import encode
from droas_common.wire.heartbeats import FromChild, FromMother, Register, Welcome
from droas_common.wire.records import LogRecord
from droas_common.wire.topics import SYNC_PREFIX, Snapshot

_LONGEST_S = 3.0
_THREADS_S = 1.0


class Prompter:
    """Stands for the mother: welcomes, tells what holds, and has one tool."""

    def __init__(self) -> None:
        self.tools = self
        self._hear_word: Callable[[FromMother], None] = lambda _word: None
        self._hear_event: Callable[[list[bytes]], None] = lambda _frames: None

    def start(
        self, hear_word: Callable[[FromMother], None], hear_event: Callable[[list[bytes]], None]
    ) -> None:
        """Learn who listens."""
        self._hear_word, self._hear_event = hear_word, hear_event

    def tell(self, word: FromChild) -> None:
        """Write the word as it would be sent, and welcome who registers."""
        encode(word)
        if isinstance(word, Register):
            self._hear_word(Welcome(heartbeat_interval_s=0.05))

    def subscribe(self, topic: str) -> None:
        """Answer who asks for the present state."""
        if topic.startswith(SYNC_PREFIX):
            frames = [topic.encode(), encode(Snapshot(topics={}))]
            asyncio.get_running_loop().call_soon(self._hear_event, frames)

    def unsubscribe(self, topic: str) -> None:
        """Take note of nothing."""

    def leave(self) -> None:
        """Hold nothing that could be closed."""

    def log(self, record: LogRecord) -> None:
        """Write the record as it would be sent."""
        encode(record)

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:  # noqa: ARG002 - port
        """Give the only tool."""
        schema = {"type": "object", "properties": {}}
        return [ToolDescription(name="economy.balance", description="Coins.", input_schema=schema)]

    async def call(self, name: str, arguments: dict[str, Any], **_more: Any) -> ToolResult:  # noqa: ARG002 - port
        """Give what it gives."""
        return ToolResult(structured_content={"balance": 1})


def rehearse() -> bool:
    """Play one bot's day; says whether it has answered. Leaves no thread, loop, socket or log line behind."""
    prompter = Prompter()
    start_logging([prompter.log])
    try:
        with asyncio.Runner() as runner:  # asyncio's own loop: uvloop's would leave four threads behind
            return runner.run(_play(prompter))
    except Exception:  # noqa: BLE001 - border: whatever goes wrong on a stage, the children run without it
        return False
    finally:
        start_logging([])
        _await_threads()


async def _play(prompter: Prompter) -> bool:
    answered = asyncio.Event()
    async with asyncio.timeout(_LONGEST_S), Stage(answered) as stage:
        workshop = Workshop(_settings(stage.address), prompter, preloaded=True)  # type: ignore[arg-type] # by shape
        running = asyncio.create_task(workshop.run())
        waiting = asyncio.create_task(answered.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        workshop.child.ask_stop()
        await running
    return answered.is_set()


def _settings(address: str) -> ChildSettings:
    nowhere = "ipc:///nowhere"
    return ChildSettings.model_validate(
        {
            "name": "rehearsal",
            "bot": {
                "discord_token": "nobody",
                "llm_config": {"base_url": f"http://{address}/v1", "api_key": "none", "model": "m"},
            },
            "discord": {"api_base": f"http://{address}/api/v10"},
            "endpoints": dict.fromkeys(("tools", "events", "health", "logs"), nowhere),
            "keys": dict.fromkeys(("public_key", "secret_key", "server_key"), "0" * 40),
            "lock_path": "/nowhere",
        }
    )


def _await_threads() -> None:
    """Wait for nextcord's heartbeat, a thread that ends a moment after its connection."""
    deadline = time.monotonic() + _THREADS_S
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.001)
