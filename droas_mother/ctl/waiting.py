"""Waits until bots are as they were asked to be, by following what happens to them."""

import time
from argparse import Namespace
from typing import Any

from droas_mother.ctl.client import Client, Stream, bot_path
from droas_mother.ctl.command import Row
from droas_mother.ctl.terminal import Progress

EVENTS = "/v1/events?follow=true&count=0"
_TICK_S = 0.5
_GOALS = {"start": "ready", "restart": "ready", "stop": "stopped"}


class Wait:
    """Commands bots and waits for them.

    Args:
        client: asks.
        stream: what happens, followed since before the first command.
        verb: start, stop or restart.
        progress: tells how far it is.
    """

    def __init__(self, client: Client, stream: Stream, verb: str, progress: Progress) -> None:
        self._client = client
        self._stream = stream
        self._verb = verb
        self._progress = progress
        self._before: dict[str, int] = {}
        self._past: dict[str, list[str]] = {}
        self._began = time.monotonic()
        self.reached: dict[str, bool] = {}
        """How it ended, of each bot that has settled."""

    def command(self, name: str) -> None:
        """Command one bot."""
        answer = self._client.post(bot_path(name, self._verb))
        bot = answer["bot"]
        self._before[name] = answer["life_before"] or 0
        self._past[name] = [bot["state"]]
        if self._verb != "restart" and bot["state"] == _GOALS[self._verb]:
            self.reached[name] = True

    def until_settled(self, timeout_s: float) -> None:
        """Wait until all that were commanded have settled, or for so long."""
        deadline = time.monotonic() + timeout_s
        try:
            while len(self.reached) < len(self._before):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return
                self._tell()
                event = self._stream.next(min(left_s, _TICK_S))
                if event is not None and event["kind"] == "state" and event["bot"] in self._before:
                    self._take(event)
        finally:
            self._progress.clear()

    def _take(self, event: Row) -> None:
        name, state = event["bot"], event["state"]
        past = self._past[name]
        if past[-1] != state:
            past.append(state)
        if name in self.reached:
            return
        fresh = self._verb != "restart" or (event["life"] or 0) > self._before[name]
        if state == _GOALS[self._verb] and fresh:
            self.reached[name] = True
        elif state == "failed" and self._verb != "stop":
            self.reached[name] = False

    def _tell(self) -> None:
        waiting = [name for name in self._before if name not in self.reached]
        words = [f"{name}: {' → '.join(self._past[name][-4:])}" for name in waiting]
        self._progress.show(f"{', '.join(words)}  {time.monotonic() - self._began:.0f} s")


def outcome(arguments: Namespace, bot: Row, *, reached: bool | None, seconds: float) -> str:
    """Say what came of a command to one bot."""
    verb = arguments.command
    if reached is None:
        return f"{bot['name']}: asked to {verb}"
    words = f"{bot['name']}: {bot['state']}"
    if bot["pid"]:
        words += f" (pid {bot['pid']})"
    if reached:
        return f"{words} after {seconds:.1f} s"
    why = bot["reason"] or bot["last_exit"]
    words += f", because {why}" if why else ""
    if bot["state"] == "failed":
        return words
    return f"{words}; {verb} was not reached in {arguments.timeout} s, it goes on in the mother"


def reports(client: Client) -> dict[str, Any]:
    """Give all bots by name."""
    return {bot["name"]: bot for bot in client.get("/v1/bots")["bots"]}
