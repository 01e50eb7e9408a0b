"""The entry of a child process: bonds first, then the bot, then an exit code."""

import asyncio
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from droas_child.adapters.mother import MotherLink
from droas_child.adapters.process import LifeLock, bind, own_start_ticks, write_stacks_when_asked
from droas_child.bootstrap import Workshop
from droas_common.errors import DroasError, ExitCode
from droas_common.event_loop import new_event_loop
from droas_common.life_record import LifeRecord
from droas_common.logs import log, redactor, start_logging
from droas_common.process_bonds import name_process
from droas_common.settings import ChildSettings

PRELOAD = "droas_child.preload"


def run(settings: ChildSettings, lifeline: Connection) -> None:
    """Be one bot until told to stop; ends the process with an exit code.

    Args:
        settings: everything that the bot needs.
        lifeline: a pipe whose other end only the mother holds; the kernel ends this process when it closes.
    """
    bind(lifeline, lease_s=settings.orphan_lease_s)
    name_process(f"droas-{settings.name}"[:15])
    if settings.stacks_path is not None:
        write_stacks_when_asked(Path(settings.stacks_path))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal reaches the group; the mother decides
    bot = settings.bot
    redactor.learn([bot.discord_token.get_secret_value(), bot.llm_config.api_key.get_secret_value()])
    sys.exit(_run(settings))


def _run(settings: ChildSettings) -> int:
    link = MotherLink(settings)
    start_logging([link.log], level=settings.log_level)
    try:
        lock = LifeLock(Path(settings.lock_path), _record(settings))
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_live(settings, link))
    except DroasError as error:
        log.error("child_ended", why=str(error))
        return int(error.exit_code)
    except Exception as error:  # noqa: BLE001 - border of the process: the last words go to the log
        log.opt(exception=error).critical("child_died")
        return int(ExitCode.SOFTWARE)
    finally:
        link.close()
    del lock  # held until here
    return int(ExitCode.OK)


def _record(settings: ChildSettings) -> LifeRecord:
    return LifeRecord(
        pid=os.getpid(),
        start_ticks=own_start_ticks(),
        incarnation=settings.incarnation,
        public_key=settings.keys.public_key,
        digest=settings.digest,
        live_restore=settings.live_restore,
    )


async def _live(settings: ChildSettings, link: MotherLink) -> None:
    workshop = Workshop(settings, link, preloaded=PRELOAD in sys.modules)
    loop = asyncio.get_running_loop()
    asked = False

    def stop() -> None:
        nonlocal asked
        if asked:
            os._exit(ExitCode.TEMPORARY)
        asked = True
        workshop.child.ask_stop()

    loop.add_signal_handler(signal.SIGTERM, stop)
    await workshop.run()
