"""`python -m droas_mother.offline`: carries out what droasctl hands over, with droasctl's own command line.

A family is a module beside this one with `ACTIONS`: functions by the name of the action, "" for a command
without actions. Its command line is described once, in `droas_mother/ctl/commands`.
"""

import os
import sys
from importlib import import_module
from typing import NoReturn

from droas_common.errors import DroasError
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.command import show_line
from droas_mother.ctl.parser import build
from droas_mother.ctl.terminal import complain, end_unwritten, ready_streams

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
    ready_streams()
    arguments = build(sys.argv[1:]).parse_args()
    family = import_module(f"droas_mother.offline.{FAMILIES[arguments.command]}")
    try:
        code = family.ACTIONS[getattr(arguments, "action", None) or ""](arguments)
        sys.stdout.flush()
        sys.exit(code)
    except DroasError as error:
        if getattr(arguments, "json", False):
            show_line({"error": str(error), "status": None})
        complain(str(error))
        sys.exit(int(error.exit_code))
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(codes.OK)
    except OSError as error:
        end_unwritten(error)
    except KeyboardInterrupt:
        sys.exit(codes.INTERRUPTED)


if __name__ == "__main__":
    main()
