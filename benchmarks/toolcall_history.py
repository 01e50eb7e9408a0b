"""The recorded history of transfers under kill -9, for long: `toolcall_history.py --transfers 10000 --kills 100`.

Callers in processes of their own lose answers on purpose and ask again with the same key; gateway and callers
are killed at random instants. Afterwards every call's record is held against the ledger and both chains.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from harness import Figures, parser, report

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.tool_history import Play, check


def main() -> None:
    """Play, check and report."""
    options = parser(__doc__ or "")
    options.add_argument("--rounds", type=int, default=1, help="plays, each on a fresh database")
    options.add_argument(
        "--transfers", type=int, default=10_000, help="transfers asked for, at least, each round"
    )
    options.add_argument("--kills", type=int, default=100, help="processes killed, at least, each round")
    options.add_argument("--seed", type=int, default=int(time.time()))
    asked = options.parse_args()
    transfers, kills = (500, 15) if asked.quick else (asked.transfers, asked.kills)
    figures: Figures = {}
    for number in range(asked.rounds):
        print(f"seed {asked.seed + number}", file=sys.stderr)
        for name, value in play_one(asked.seed + number, transfers, kills).items():
            figures[f"history.{name}.count"] = figures.get(f"history.{name}.count", 0) + value
    report(figures, asked.json)


def play_one(seed: int, transfers: int, kills: int) -> dict[str, int]:
    """Play on a fresh SQLite file and check; an AssertionError says what does not hold."""
    folder = Path(tempfile.mkdtemp(prefix="droas-"))
    url = f"sqlite:///{folder / 'droas.db'}"
    play = Play(folder, url, seed)
    try:
        play.run(transfers, kills)
    finally:
        play.end()
    figures = check(url, play.events())
    killed = {f"killed_{who}": count for who, count in play.kills.items()}
    shutil.rmtree(folder)
    return figures | killed


if __name__ == "__main__":
    main()
