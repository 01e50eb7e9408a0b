"""What a command of droasctl is, and what commands share."""

import json
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn

from droas_mother.ctl.client import Client
from droas_mother.ctl.terminal import complain, give_up_output, out
from droas_mother.ctl.word_order import Order

Row = dict[str, Any]


class Command(NamedTuple):
    """One command.

    Args:
        run: does it; gives the exit code.
        about: what it does, for its help; the first sentence stands in the list of commands as well.
        arguments: adds what it takes.
        examples: lines for its help, command and meaning.
    """

    run: Callable[[Client, Namespace], int]
    about: str
    arguments: Callable[[ArgumentParser], None] = lambda _parser: None
    examples: tuple[tuple[str, str], ...] = ()


class Action(NamedTuple):
    """One of the things that a command of many can do: `client add`.

    Args:
        run: does it; gives the exit code.
        about: what it does.
        arguments: adds what it takes.
        order: puts its command line into the order that argparse reads.
    """

    run: Callable[[Client, Namespace], int]
    about: str
    arguments: Callable[[ArgumentParser], None] = lambda _parser: None
    order: Order | None = None


def takes_actions(parser: ArgumentParser, actions: dict[str, Action], *, needed: bool = True) -> None:
    """Let a command do one of these."""
    places = parser.add_subparsers(dest="action", required=needed, metavar="ACTION", title="actions")
    for name, action in actions.items():
        made = places.add_parser(
            name, help=action.about, description=action.about, formatter_class=parser.formatter_class
        )
        action.arguments(made)
        made.order = action.order  # type: ignore[attr-defined]  # our parser makes parsers of its own kind
        made.add_argument("--socket", metavar="PATH", default=SUPPRESS, help=SUPPRESS)
        made.set_defaults(run=action.run)


def nothing(_client: Client, _arguments: Namespace) -> int:
    """Stand for a command that does nothing without an action; the parser asks for one."""
    raise AssertionError


def takes_json(
    parser: ArgumentParser, *, words: str = "print JSON, as described in docs/droasctl.md"
) -> None:
    """Let a command take --json."""
    parser.add_argument("--json", action="store_true", help=words)


def takes_lines(parser: ArgumentParser, default: int) -> None:
    """Let a command take -n."""
    parser.add_argument(
        "-n",
        "--lines",
        type=whole(0, 1000),
        default=default,
        metavar="N",
        help=f"how many of the newest (default {default})",
    )


def whole(least: int, most: int) -> Callable[[str], int]:
    """Give what reads a whole number within bounds."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text}: a whole number from {least} to {most} is wanted")
        return value

    return number


def discord_id(text: str) -> str:
    """Read a Discord id."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise ArgumentTypeError(f"{text}: a Discord id has 1 to 20 digits")
    return text


def show(value: Any, lines: Callable[[], Iterable[str]], *, as_json: bool) -> None:
    """Print what was found out: as JSON, or as lines for people."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2) + "\n")
        sys.stdout.flush()
    else:
        out(*lines())


def show_line(value: Any) -> None:
    """Print one JSON value on one line."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def refuse(
    arguments: Namespace, code: int, words: str, status: int | None = None, key: str | None = None
) -> NoReturn:
    """End with what went wrong: on standard error, and as JSON where that was asked for.

    Args:
        arguments: what was asked for.
        code: to exit with.
        words: what went wrong.
        status: of HTTP, when the mother has answered.
        key: under which it has to be tried again, when it may have been done.
    """
    if getattr(arguments, "json", None) not in (None, False):  # `tools call --json` may have a value
        try:
            show_line({"error": words, "status": status, "idempotency_key": key})
        except BrokenPipeError:  # that nobody reads it makes no success of it
            give_up_output()
    complain(words)
    sys.exit(code)
