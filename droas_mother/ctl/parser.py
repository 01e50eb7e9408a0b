"""The command line: one parser a command, filled in only for the command that is given."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.commands import SUMMARIES, load
from droas_mother.ctl.last_words import HelpfulParser, takes_version
from droas_mother.ctl.word_order import Order

_WIDEST = 100
_SOCKET = "the mother's droas.sock (default: in $DROAS_RUNTIME_DIR, ./run or /run/droas)"
_FILES = """\
environment:
  DROAS_RUNTIME_DIR  folder of droas.sock
  DROAS_CONFIG       folder of the configuration
  NO_COLOR           when set, no colours
"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, but never wider than is read well."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=_width())


def _width() -> int:
    """Give the width of help texts; argparse's own way imports a file archiver."""
    try:
        return min(int(os.environ.get("COLUMNS", "")) or _WIDEST, _WIDEST)
    except ValueError:
        pass
    try:
        return min(os.get_terminal_size().columns or _WIDEST, _WIDEST)
    except OSError:
        return _WIDEST


class Parser(HelpfulParser):
    """A parser that ends with EX_USAGE, as documented, and not with argparse's 2."""

    order: Order | None = None
    """What puts a command line into the order that argparse reads; None where it is read as it stands."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Read a command line; a command complains of what is left over, with its own usage."""
        given = sys.argv[1:] if args is None else args
        found, left = super().parse_known_args(self.order(given) if self.order else given, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is no choice, and name the one that was probably meant."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from difflib import get_close_matches  # noqa: PLC0415 - only who has mistyped waits for it

            close = get_close_matches(str(value), list(map(str, action.choices or ())), n=1)
            raise argparse.ArgumentError(
                action, f"{error.message}{f'; did you mean {close[0]}?' if close else ''}"
            ) from None

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and how it is used."""
        self.print_usage(sys.stderr)
        self.exit(codes.USAGE, f"{self.prog}: {message}\ntry `{self.prog} --help`\n")


def build(given: Sequence[str] | None = None) -> Parser:
    """Give the parser; with a command line only the command in it is filled in, which saves time."""
    parser = Parser(
        prog="droasctl",
        description="Look at the bots of a running mother and command them.",
        epilog=f"`droasctl COMMAND --help` tells more of a command.\n\n{codes.EXPLANATION}\n{_FILES}",
        formatter_class=Formatter,
    )
    parser.add_argument("--socket", metavar="PATH", help=_SOCKET)
    takes_version(parser)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=Parser, title="commands"
    )
    for name, words in SUMMARIES.items():
        _add(commands, name, words, filled=given is None or name in given)
    return parser


def _add(commands: "argparse._SubParsersAction[Parser]", name: str, words: str, *, filled: bool) -> None:
    if not filled:
        commands.add_parser(name, help=words, formatter_class=Formatter)
        return
    command = load(name)
    width = max((len(line) for line, _ in command.examples), default=0)
    examples = "".join(f"  {line:<{width}}  {meaning}\n" for line, meaning in command.examples)
    parser = commands.add_parser(
        name,
        help=words,
        description=command.about,
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=Formatter,
    )
    command.arguments(parser)
    parser.add_argument("--socket", metavar="PATH", default=argparse.SUPPRESS, help=_SOCKET)
    parser.set_defaults(run=command.run)
