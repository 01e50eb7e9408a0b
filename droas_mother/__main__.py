"""`droas-mother`: the daemon in the foreground."""

import argparse
import os
import sys
from typing import NoReturn

from droas_mother.ctl.last_words import HelpfulParser, takes_version

_USAGE = 64
_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the mother until SIGTERM, SIGINT or SIGHUP; exit codes are those of sysexits.h."""
    try:
        sys.exit(_run(_parser().parse_args()))
    except KeyboardInterrupt:  # before she listens to signals herself
        sys.exit(_INTERRUPTED)


def _run(arguments: argparse.Namespace) -> int:
    from droas_common.environment import set_aside  # noqa: PLC0415
    from droas_mother.adapters.processes.forkserver import Forkserver  # noqa: PLC0415
    from droas_mother.adapters.processes.survivors import any_survivor  # noqa: PLC0415

    _open_streams()
    forkserver = Forkserver()
    # What the children need is imported first, and shared with them; the rest is the mother's alone, and so are
    # the secrets in her environment. Bots that wait for a mother do not wait for that.
    with set_aside():
        if not any_survivor():
            forkserver.fork_off()
    from droas_mother.daemon import run  # noqa: PLC0415

    return run(arguments.config, forkserver, arguments.set)


def _open_streams() -> None:
    """Let standard streams that are closed lead nowhere, before a socket gets their number and is written into."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            os.set_inheritable(number, True)  # a new mother who takes over finds it open
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


class _Parser(HelpfulParser):
    """A parser that ends with EX_USAGE, and not with argparse's 2."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and how it is used."""
        self.print_usage(sys.stderr)
        self.exit(_USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="droas-mother",
        description="Run, protect and equip the bots of a configuration folder, in the foreground.",
        epilog="Settings of droas.yaml can be overridden by DROAS_ variables, for example DROAS_HTTP__PORT=9000.",
    )
    parser.add_argument(
        "--config",
        default=os.environ.get("DROAS_CONFIG") or "configs",
        metavar="FOLDER",
        help="folder with droas.yaml and bots/ (default: $DROAS_CONFIG or configs)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of droas.yaml, above the file and DROAS_ variables; may be given again (--set http.port=9000)",
    )
    takes_version(parser)
    return parser


if __name__ == "__main__":
    main()
