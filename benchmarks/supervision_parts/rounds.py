"""The single measurements: what is done to a contestant, and what is read from it then."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from statistics import median, quantiles

from supervision_parts.contestant import BOTS, Contestant, alive
from supervision_parts.droas import Droas
from supervision_parts.witness import Witness

SETTLE_S = 1.5
"""Between two kills of one contestant: supervisord takes a program for running after one second only."""

ORPHANS_AFTER_S = 0.1


def up(contestant: Contestant) -> tuple[float, float]:
    """Start from nothing; gives the seconds until ten bots are up, and the MiB (PSS) of all after work."""
    contestant.start()
    seconds = contestant.wait_up()
    contestant.wait_worked()
    memory = sum(one.memory_full_info().pss for one in contestant.family()) / 2**20
    return seconds, memory


def kill_one(contestant: Contestant, bot: int, witness: Witness) -> tuple[float, float | None, bool]:
    """Kill a bot.

    Returns:
        Milliseconds until its replacement's first line; until it is READY, None where there is no such
        thing; whether something disturbed the window.
    """
    if isinstance(contestant, Droas):
        contestant.before_kill(bot)
    pid = contestant.pid_of(bot)
    witness.begin()
    killed_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    first_ms = (contestant.wait_first_line(bot, killed_at) - killed_at) * 1000
    ready_ms = None
    if isinstance(contestant, Droas):
        ready_ms = (contestant.wait_ready(bot) - killed_at) * 1000
    return first_ms, ready_ms, witness.disturbed


def ask_often(contestant: Contestant, times: int) -> list[float]:
    """Ask for the state of all bots over one open connection; gives the milliseconds of each."""
    ask = contestant.status_client()
    if ask is None:
        return []
    ask()
    return [timed(ask) for _ in range(times)]


def ask_by_command(contestant: Contestant, times: int) -> list[float]:
    """Run the status command; gives the milliseconds of each."""
    command = contestant.status_command()
    if command is None:
        return []
    return [timed(lambda: subprocess.run(command, capture_output=True, check=False)) for _ in range(times)]


def hang(contestant: Contestant, bot: int, timeout_s: float) -> float | None:
    """Stop a bot with SIGSTOP; gives the seconds until its replacement's first line, None when there is none."""
    if isinstance(contestant, Droas):
        contestant.before_kill(bot)
    pid = contestant.pid_of(bot)
    stopped_at = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        seconds = contestant.wait_first_line(bot, stopped_at, timeout_s) - stopped_at
    except TimeoutError:
        os.kill(pid, signal.SIGCONT)
        return None
    if isinstance(contestant, Droas):
        contestant.wait_ready(bot)
    return seconds


def kill_supervisor(contestant: Contestant, witness: Witness) -> tuple[int, int, bool]:
    """Kill the supervisor and start it again.

    Returns:
        The bots left behind; those then running twice; whether something disturbed the window of the first.
    """
    contestant.family()
    before = contestant.bots_alive()
    witness.begin()
    contestant.kill_supervisor()
    time.sleep(ORPHANS_AFTER_S)
    orphans = sum(alive(pid) for pid in before)
    disturbed = witness.disturbed
    contestant.start()
    contestant.wait_begun()
    contestant.family()
    doubled = len(contestant.bots_alive()) - BOTS
    return orphans, max(0, doubled), disturbed


def timed(act: Callable[[], object]) -> float:
    """Give the milliseconds that something takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def percentile(values: list[float], percent: int) -> float:
    """Give a percentile; of few values the worst stands for those above it."""
    if percent == 50:
        return median(values)
    return max(values) if len(values) < 100 else quantiles(values, n=100)[percent - 1]
