"""Commands that need libraries and no running mother: handed over to `droas_mother.offline`."""

import os
import sys
from argparse import ArgumentParser, Namespace

from droas_mother.ctl.client import Client

_FOLDER = "configs"
_SYSTEM_FOLDER = "/etc/droas"


def offline(_client: Client, _arguments: Namespace) -> int:
    """Become the program that has the libraries, on the same terminal and with the same command line."""
    sys.stdout.flush()
    # -P: the working folder is no place to import from.
    program = [sys.executable, "-P", "-m", "droas_mother.offline", *sys.argv[1:]]
    os.execv(sys.executable, program)  # noqa: S606 - our own interpreter and module


def folder() -> str:
    """Give the configuration folder that is meant when none is named."""
    local = os.environ.get("DROAS_CONFIG") or _FOLDER
    return local if os.path.isdir(local) else _SYSTEM_FOLDER  # noqa: PTH112 - pathlib would cost a tenth of a short command


def takes_folder(parser: ArgumentParser) -> None:
    """Let a command take the configuration folder."""
    parser.add_argument(
        "folder",
        nargs="?",
        default=folder(),
        metavar="FOLDER",
        help="with droas.yaml and bots/ (default: $DROAS_CONFIG, ./configs or /etc/droas)",
    )
