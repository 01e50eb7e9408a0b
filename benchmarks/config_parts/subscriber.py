"""A child's end of the event bus, without Discord: takes settings over and confirms them, as a child does."""

import asyncio
import os
import pickle
import sys
from typing import Any

from droas_child.adapters.mother import MotherLink
from droas_child.flows.news import News
from droas_common.ids import BotName
from droas_common.settings import ChildSettings
from droas_common.wire.calls import Json
from droas_common.wire.heartbeats import GatewayState, Heartbeat, Register


async def main() -> None:
    """Follow until killed."""
    settings: ChildSettings = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the benchmark itself
    link = MotherLink(settings)
    nobody: Any = None
    told = 0

    def confirm() -> None:
        nonlocal told
        if news.revision != told:
            told = news.revision
            link.tell(Heartbeat(sequence=1, loop_lag_ms=0, gateway=GatewayState.READY, config_revision=told))

    def taken(_hot: Json) -> None:
        loop.call_soon(confirm)

    loop = asyncio.get_running_loop()
    news = News(
        BotName(settings.name),
        settings.bot,
        revision=0,
        intake=lambda: nobody,
        subscriptions=link,
        on_settings=taken,
    )
    link.start(lambda _word: None, news.hear)
    link.tell(Register(pid=os.getpid()))
    news.start()
    while True:
        await asyncio.sleep(1)
        if not news.synced:
            news.ask_state()


if __name__ == "__main__":
    asyncio.run(main())
