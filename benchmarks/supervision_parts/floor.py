"""The floor: bare multiprocessing that starts again whatever ends, and does nothing else."""

import sys

from supervision_parts.contestant import BOTS, Contestant


class Floor(Contestant):
    """Bare multiprocessing."""

    name = "floor"

    def command(self) -> list[str]:
        """Give the command of the loop."""
        lines = [str(self.lines_path(bot)) for bot in range(BOTS)]
        return [sys.executable, "-m", "supervision_parts.floor_loop", *lines]
