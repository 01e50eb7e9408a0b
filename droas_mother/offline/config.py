"""`droasctl config`: a folder examined and edited without a mother."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.interpretation import examine
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.command import show
from droas_mother.ctl.terminal import colourful, out


def _validate(arguments: Namespace) -> int:
    found = examine(read_tree(Path(arguments.folder)), os.environ, arguments.set)
    if arguments.json:
        problems = [one.as_json() for one in found.diagnoses]
        show({"folder": arguments.folder, "valid": not problems, "problems": problems}, list, as_json=True)
    elif found.diagnoses:
        colour = colourful(sys.stderr)
        sys.stderr.write("".join(f"{one.text(colour=colour)}\n" for one in found.diagnoses))
        count = len(found.diagnoses)
        sys.stderr.write(f"droasctl: {arguments.folder}: {count} fault{'s' if count > 1 else ''}\n")
    elif found.configuration is not None:
        bots, policies = len(found.configuration.bots), len(found.configuration.policies)
        out(f"{arguments.folder}: valid: {bots} bots, {policies} policies")
    return codes.CONFIGURATION if found.diagnoses else codes.OK


ACTIONS = {"validate": _validate}
