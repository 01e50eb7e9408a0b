"""From a file on the disk to ten bots that have confirmed it; and a thousand updates a second on the event bus.

`config_apply`: a bot's file is replaced, and the time is taken until the mother's interface says that all ten
bots have confirmed the new revision; the debounce of 100 ms is in it. Prompts of different bots take turns.

`config_burst`: the real publisher, ten processes with a child's end of the bus, a thousand updates a second to
each, one of them stopped (SIGSTOP) from the first quarter to the end. Lost is who does not end with the last update.
"""

import asyncio
import statistics
import time

from config_parts.burst import burst
from harness import Figures, parser, report
from stage import BOT, Stage, until

BOTS = 10


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "").parse_args()
    figures = apply_figures(20 if options.quick else 100)
    figures |= burst_figures(3.0 if options.quick else 12.0)
    report(figures, options.json)


def apply_figures(rounds: int) -> Figures:
    """Change a file again and again."""
    with Stage(BOTS) as stage:
        stage.start_mother()
        stage.wait_ready()
        until(lambda: _confirmed(stage) == 1, "the first revision was not confirmed")
        time.sleep(2)  # the mother begins to watch once her bots are up
        times = sorted(_change(stage, number) for number in range(rounds))
    return {
        "droas.config_apply.p50_ms": round(statistics.median(times) * 1000, 1),
        "droas.config_apply.p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))] * 1000, 1),
        "droas.config_apply.max_ms": round(times[-1] * 1000, 1),
    }


def burst_figures(seconds: float) -> Figures:
    """Flood the bus."""
    outcome = asyncio.run(burst(seconds))
    return {
        "droas.config_burst.lost": float(outcome.lost),
        "droas.config_burst.publisher_growth_mib": round(outcome.growth_mib, 2),
        "droas.config_burst.updates": float(outcome.updates),
        "droas.config_burst.reminders": float(outcome.reminded),
        "droas.config_burst.converged_ms": round(outcome.converged_s * 1000, 1),
    }


def _change(stage: Stage, number: int) -> float:
    """Replace a bot's file; gives the seconds until all have confirmed."""
    before, bot = _confirmed(stage), number % BOTS
    path = stage.folder / f"configs/bots/bot{bot}.yaml"
    fresh = path.with_suffix(".tmp")
    fresh.write_text(f'{BOT % bot}  system_prompt: "Prompt number {number}."\n')
    began = time.perf_counter()
    fresh.replace(path)
    until(lambda: (_confirmed(stage) or 0) > (before or 0), "a change was not confirmed")
    return time.perf_counter() - began


def _confirmed(stage: Stage) -> int | None:
    """Give the revision that all bots have confirmed; None while they differ."""
    _, status = stage.client.ask("GET", "/v1/config")
    runs = {bot["runs"] for bot in status["bots"]}
    return int(status["revision"]) if runs == {status["revision"]} else None


if __name__ == "__main__":
    main()
