"""A mother who starts finds out whether bots of an earlier one live on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

_MOTHER = """
import os, signal
from droas_mother.adapters.processes.survivors import any_survivor
found = any_survivor(bytes(8))
pid = os.fork()
if pid == 0:
    os.close(1)
    signal.pause()
print(found, pid, flush=True)
os._exit(0)
"""


def _mother(*arguments: str) -> tuple[str, int]:
    """Play a mother who leaves one child behind; gives what she found and the child's pid."""
    command = [sys.executable, "-c", _MOTHER, *arguments]
    found, pid = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return found, int(pid)


def test_only_orphans_of_the_same_command_are_survivors(tmp_path: Path) -> None:
    """The next mother with the same command line finds the child; one with another does not."""
    children = []
    try:
        for arguments, expected in ((("one",), "False"), (("one",), "True"), (("two",), "False")):
            found, pid = _mother(str(tmp_path), *arguments)
            children.append(pid)
            assert found == expected, arguments
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
