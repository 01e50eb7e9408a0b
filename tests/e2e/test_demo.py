"""`make demo ARGS=--once`: it is over with 0 only when all of it was seen, and leaves nobody behind."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.support.town import alive, until

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[2] / "scripts" / "demo.py"


class Demo:
    """One demo as it is seen on its terminal."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    @property
    def family(self) -> list[psutil.Process]:
        """Everybody whom it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    async def told(self, words: str) -> None:
        """Read until it has told this."""
        assert self.process.stdout is not None
        while words not in self.text:
            line = await self.process.stdout.readline()
            assert line, self.text
            self.text += line.decode()

    async def ended(self) -> int:
        """Read until it ends; gives its exit code."""
        assert self.process.stdout is not None
        self.text += (await self.process.stdout.read()).decode()
        return await self.process.wait()


@pytest.fixture
async def demo(short_tmp: Path) -> AsyncIterator[Demo]:
    """Give a demo that has begun; its folder lies in the test's own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        DEMO,
        "--once",
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, "TMPDIR": str(short_tmp)},
    )
    yield Demo(process)
    if process.returncode is None:
        process.kill()  # the kernel ends whom it has started
        await process.wait()


async def test_all_of_it_is_seen(demo: Demo, short_tmp: Path) -> None:
    """Every step of the scene is told in whole sentences, and nothing of it stays on the disk."""
    async with asyncio.timeout(50):
        assert await demo.ended() == 0, demo.text
    for told in (
        "bot_02 is ready",
        "Look south-east on a winter evening.",
        "You have 100 coins.",
        "70 are left to you.",
        r'economy.transfer {"amount":30,"to_user_id":"@grace"}',
        "403, Missing Permissions",
        "bot_01 is ready again",
        "You have 130 coins.",
        "Everything above was seen",
    ):
        assert told in demo.text, demo.text
    # How many the spammer gets through before he is silenced is a matter of speed; not one of them stays.
    sent = re.search(r"\((\d+) times\)", demo.text)
    assert sent is not None
    assert f"{sent.group(1)} messages deleted" in demo.text, demo.text
    assert not re.search(r"\d{17,}", demo.text), "an id is told where a name belongs"
    assert not os.listdir(short_tmp)  # noqa: PTH208 - a glance is enough


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("droas-sandbox", "the sandbox was ended by SIGKILL"),
        ("droas-mother", "the mother was ended by SIGKILL"),
    ],
)
async def test_what_is_not_seen_is_a_failure(demo: Demo, who: str, words: str) -> None:
    """When the sandbox or the mother dies it ends with 1, says which, and ends the others."""
    async with asyncio.timeout(40):
        await demo.told("You have 100 coins.")
        family = demo.family
        next(one for one in family if who in " ".join(one.cmdline())).kill()
        assert await demo.ended() == 1
    assert words in demo.text
    await until(lambda: not alive(family), "somebody is left")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_an_interrupted_demo_is_no_success(demo: Demo, number: signal.Signals) -> None:
    """Who ends it before the end gets no 0, and nobody is left behind, even when it is killed."""
    async with asyncio.timeout(40):
        await demo.told("Discord and a model listen on")
        family = demo.family
        for _ in range(2):  # people press Ctrl-C more than once
            os.kill(demo.process.pid, number)  # asyncio's own would reap it, and lose its exit code
        assert await demo.ended() == (-number if number is signal.SIGKILL else 128 + number)
    await until(lambda: not alive(family), "somebody is left")
