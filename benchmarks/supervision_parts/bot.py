"""The child that the rivals keep: a program with a real bot's libraries that does a little work and sleeps.

Run as `python bot.py LINES`; every line that it writes there is `event monotonic-seconds pid`.
"""

import os
import sys
import time


def note(lines: str, event: str) -> None:
    """Write one line, at once."""
    handle = os.open(lines, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(handle, f"{event} {time.monotonic():.6f} {os.getpid()}\n".encode())
    os.close(handle)


if __name__ == "__main__":
    note(sys.argv[1], "first")

import asyncio  # noqa: E402 - the first line stands before the imports, as it would in any program
import gc  # noqa: E402

import httpx  # noqa: E402, F401
import loguru  # noqa: E402, F401
import msgspec  # noqa: E402, F401
import nextcord  # noqa: E402
import pydantic_settings  # noqa: E402, F401
import zmq  # noqa: E402, F401
from nextcord.ext import commands  # noqa: E402


def live(lines: str) -> None:
    """Do a bot's first work, and then nothing."""
    note(lines, "imported")
    asyncio.run(_work())
    gc.collect()
    note(lines, "worked")
    while True:
        time.sleep(3600)


def start_preloaded(lines: str) -> None:
    """Be a bot that was forked from a process which has imported this module."""
    note(lines, "first")
    live(lines)


async def _work() -> None:
    bot = commands.Bot(intents=nextcord.Intents.none())
    for number in range(20):

        async def command(_context: object) -> None:
            """Do nothing."""

        bot.add_command(commands.Command(command, name=f"command{number}"))
    await asyncio.sleep(0.05)
    await bot.close()


if __name__ == "__main__":
    live(sys.argv[1])
