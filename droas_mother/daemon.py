"""From a configuration folder to a running mother, and from her end to an exit code."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from droas_common.errors import DroasError, ExitCode, OutsideError
from droas_common.event_loop import new_event_loop
from droas_common.logs import log
from droas_mother.adapters.processes.forkserver import Forkserver
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.bootstrap.opening import Opening, open_configuration
from droas_mother.bootstrap.workshop import Workshop


def run(folder: str, forkserver: Forkserver, overrides: Sequence[str] = ()) -> int:
    """Run a mother; gives the exit code. A user's mistake is said in words, never in a traceback."""
    try:
        opening = open_configuration(Path(folder), overrides)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            handing_over = runner.run(_live(opening, forkserver))
        if handing_over:
            forkserver.end()
            _become_new()
    except DroasError as error:
        return _say(error)
    except ExceptionGroup as group:
        ours, others = group.split(DroasError)
        if others is not None or ours is None:
            raise
        return max(_say(error) for error in _leaves(ours))
    return ExitCode.OK


async def _live(opening: Opening, forkserver: Forkserver) -> bool:
    """Live one mother's life; gives whether she hands over to a new one."""
    mother = Workshop(opening, Spawner(forkserver)).build()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        log.info("stop_asked", by=number.name)
        mother.ask_stop()

    for number in _ends():
        loop.add_signal_handler(number, stop, number)
    live_restore = opening.standing.configuration.mother.supervision.live_restore
    loop.add_signal_handler(signal.SIGUSR2, mother.ask_hand_over if live_restore else _refuse_hand_over)
    await mother.run()
    log.info("mother_stopped", handing_over=mother.handing_over)
    if mother.handing_over:
        # A second wish to hand over would end the new program before it can listen; what is ignored stays so over exec.
        loop.remove_signal_handler(signal.SIGUSR2)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    return mother.handing_over


def _ends() -> list[signal.Signals]:
    """Give the signals that end her in good order; nohup lets her outlive a terminal that is closed."""
    outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGTERM, signal.SIGINT, *([] if outlives_terminal else [signal.SIGHUP])]


def _refuse_hand_over() -> None:
    log.warning(
        "hand_over_refused", why="supervision.live_restore is off, so the bots would end with the mother"
    )


def _become_new() -> NoReturn:
    """Run the program that is installed now in this very process, so that a service manager sees no end."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line


def _say(error: DroasError) -> int:
    retry = (
        f" (try again in {error.retry_after_s:g} s)"
        if isinstance(error, OutsideError) and error.retry_after_s
        else ""
    )
    sys.stderr.write(f"droas-mother: {error}{retry}\n")
    return int(error.exit_code)


def _leaves(group: BaseExceptionGroup[DroasError]) -> list[DroasError]:
    found: list[DroasError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
