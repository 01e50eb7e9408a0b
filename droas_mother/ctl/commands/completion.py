"""The command that prints completion scripts."""

import sys
from argparse import ArgumentParser, Namespace

from droas_mother.ctl import completion_scripts
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client
from droas_mother.ctl.command import Command

_SHELLS = {
    "bash": completion_scripts.bash,
    "zsh": completion_scripts.zsh,
    "fish": completion_scripts.fish,
}


def _completion(_client: Client, arguments: Namespace) -> int:
    sys.stdout.write(_SHELLS[arguments.shell](completion_scripts.shapes()))
    sys.stdout.flush()
    return codes.OK


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=list(_SHELLS))


COMMANDS = {
    "completion": Command(
        run=_completion,
        about="Print a script with which a shell completes commands, options and the bots' names.",
        arguments=_arguments,
        examples=(
            ("source <(droasctl completion bash)", "in this bash; in ~/.bashrc for all of them"),
            ('droasctl completion zsh > "${fpath[1]}/_droasctl"', "for zsh, from its next start on"),
            ("droasctl completion fish | source", "in this fish"),
        ),
    ),
}
