"""From `droas-mother` started to all bots READY against the sandbox, and what they use then.

A round starts a sandbox, starts the mother, waits until droasctl's interface says that every bot is ready
and the sandbox that every bot is on the gateway, reads the memory, and ends both. Two and ten bots take
turns, so that a drift of the machine's speed meets both.
"""

import time

from harness import Figures, parser, report, spread
from stage import Stage, pss_mib


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "").parse_args()
    rounds = 2 if options.quick else 7
    ready: dict[int, list[float]] = {2: [], 10: []}
    memory: dict[int, list[float]] = {2: [], 10: []}
    for _ in range(rounds):
        for bots, times in ready.items():
            seconds, mib = one_round(bots)
            times.append(seconds)
            memory[bots].append(mib)
    figures: Figures = {}
    for bots, word in ((2, "two"), (10, "ten")):
        figures |= spread(f"droas.{word}_ready", "s", ready[bots])
        figures |= spread(f"droas.{word}_ready.pss_total", "mib", memory[bots])
    report(figures, options.json)


def one_round(bots: int) -> tuple[float, float]:
    """Give the seconds until all are ready, and the memory of mother and children in MiB (PSS)."""
    with Stage(bots) as stage:
        began = time.monotonic()
        mother = stage.start_mother()
        stage.wait_ready()
        return time.monotonic() - began, pss_mib(mother.pid)


if __name__ == "__main__":
    main()
