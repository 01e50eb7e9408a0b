"""A real gateway with a real admin interface before it, and droasctl's way to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.admin import PlayedTown, played_town
from tests.support.bench_of_tools import ToolBench, running


@dataclass(slots=True)
class PlayedOffice:
    """Both of them."""

    bench: ToolBench
    town: PlayedTown

    async def ctl(self, *arguments: str) -> tuple[int, Any, str]:
        """Run droasctl with --json; gives its exit code, its JSON, and what it complained of."""
        code, out, err = await self.town.ctl(*arguments, "--json")
        return code, json.loads(out) if out.strip() else None, err


@asynccontextmanager
async def office(folder: Path, url: str, **more: Any) -> AsyncIterator[PlayedOffice]:
    """Open one for a while."""
    async with (
        running(folder, url, **more) as bench,
        played_town(folder, "bot_01", rooms=bench.rooms()) as town,
    ):
        yield PlayedOffice(bench, town)
