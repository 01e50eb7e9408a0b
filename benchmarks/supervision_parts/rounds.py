"""The single measurements: what is done to a contestant, and what is read from it then."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from statistics import median, quantiles

from stage import Stage

from droas_mother.ctl.client import NoMotherError
from supervision_parts.contestant import BOTS, DEADLINE_S, Contestant, alive
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


def take_over(stage: Stage) -> float:
    """Kill a mother whose bots go on; gives the seconds from the next one's start until all are hers."""
    mother = stage.mother
    if mother is None:
        raise ValueError("there is no mother to kill")
    mother.kill()
    mother.wait()
    began = time.monotonic()
    stage.start_mother()
    while not all(_is_adopted(stage, bot) for bot in range(BOTS)):
        if time.monotonic() - began > DEADLINE_S:
            raise TimeoutError("droas: not all bots were taken over")
        time.sleep(0.005)
    return time.monotonic() - began


def _is_adopted(stage: Stage, bot: int) -> bool:
    try:
        _, told = stage.client.ask("GET", f"/v1/bots/bot{bot}")
    except NoMotherError:
        return False
    return bool(told["adopted"]) and told["state"] == "ready"


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
