"""`python -m droas_mother.offline`: carries out what droasctl hands over, with droasctl's own command line.

A family is a module beside this one with `ACTIONS`: functions by the name of the action, "" for a command
without actions. Its command line is described once, in `droas_mother/ctl/commands`.
"""

import sys
from importlib import import_module
from typing import NoReturn

from droas_common.errors import DroasError
from droas_mother.ctl.command import refuse
from droas_mother.ctl.parser import build
from droas_mother.ctl.terminal import ending_in_words, ready_streams

FAMILIES = {
    "config": "config",
    "db": "db",
    "init": "init",
    "mcp": "mcp",
    "secrets": "secrets",
}
"""Which module carries out which command."""


def main() -> NoReturn:
    """Run one command; exit codes are droasctl's."""
    with ending_in_words():
        ready_streams()
        arguments = build(sys.argv[1:]).parse_args()
        family = import_module(f"droas_mother.offline.{FAMILIES[arguments.command]}")
        try:
            sys.exit(family.ACTIONS[getattr(arguments, "action", None) or ""](arguments))
        except DroasError as error:
            refuse(arguments, int(error.exit_code), str(error))


if __name__ == "__main__":
    main()
