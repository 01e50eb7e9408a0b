"""A child that hangs before it ever registers."""

import time
from multiprocessing.connection import Connection
from pathlib import Path

from droas_child.adapters.process import bind, write_stacks_when_asked
from droas_common.settings import ChildSettings


def run(settings: ChildSettings, lifeline: Connection) -> None:
    """Be bound like every child, and then do nothing that anybody could hear."""
    bind(lifeline, lease_s=0)
    write_stacks_when_asked(Path(str(settings.stacks_path)))
    wait_for_ever()


def run_blind(_settings: ChildSettings, lifeline: Connection) -> None:
    """Hang before there is a place for stacks."""
    bind(lifeline, lease_s=0)
    wait_for_ever()


def wait_for_ever() -> None:
    """Block."""
    time.sleep(3600)
