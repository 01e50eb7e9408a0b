"""Commands that can follow what comes: logs, events."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, bot_path, escaped
from droas_mother.ctl.command import Command, Row, show, show_line, takes_json, takes_lines, whole
from droas_mother.ctl.terminal import complain, out
from droas_mother.ctl.wording import event_line, log_lines

_ENDS = {
    "stopping": (codes.UNAVAILABLE, "the mother stops; nothing more will come"),
    "too_slow": (codes.NOT_AS_ASKED, "cut off: what came was read too slowly"),
}


def _logs(client: Client, arguments: Namespace) -> int:
    path = bot_path(arguments.bot, f"logs?count={arguments.lines}")
    if arguments.follow:
        return follow(client, path, arguments, log_lines)
    value = client.get(path)
    show(value, lambda: log_lines(value["records"]), as_json=arguments.json)
    return codes.OK


def _events(client: Client, arguments: Namespace) -> int:
    path = f"/v1/events?count={arguments.lines}"
    if arguments.after is not None:
        path += f"&after={arguments.after}"
    if arguments.bot:
        path += f"&bot={escaped(arguments.bot)}"
    if arguments.follow:
        return follow(client, path, arguments, _event_lines)
    for event in client.get(path)["events"]:
        _print(event, arguments, _event_lines)
    return codes.OK


def follow(client: Client, path: str, arguments: Namespace, lines: Callable[[list[Row]], list[str]]) -> int:
    """Print what comes until it ends, or until somebody interrupts."""
    with client.stream(f"{path}&follow=true") as stream:
        for value in stream.lines(sys.stdout.fileno()):
            if value.get("kind") == "end":
                return _end(value, arguments)
            _print(value, arguments, lines)
    return codes.UNAVAILABLE


def _end(value: Row, arguments: Namespace) -> int:
    if arguments.json:
        show_line(value)
    code, words = _ENDS.get(value["why"], (codes.UNAVAILABLE, value["why"]))
    complain(f"{words}; go on with --after {value['id']}" if "id" in value else words)
    return code


def _print(value: Row, arguments: Namespace, lines: Callable[[list[Row]], list[str]]) -> None:
    if arguments.json:
        show_line(value)
    else:
        out(*lines([value]))


def _event_lines(events: list[Row]) -> list[str]:
    return [event_line(event) for event in events]


def _log_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("bot", metavar="BOT", help="the bot's name, as its file is named")
    takes_lines(parser, 50)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    takes_json(parser, words="print JSON; with -f one object a line")


def _event_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("bot", nargs="?", metavar="BOT", help="only what happens to this one")
    takes_lines(parser, 50)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    parser.add_argument(
        "--after",
        type=whole(0, 10**12),
        metavar="ID",
        help="all that are kept after this event of this mother, instead of -n",
    )
    takes_json(parser, words="print JSON, one object a line")


COMMANDS = {
    "logs": Command(
        run=_logs,
        about="Show a bot's newest log lines, and the mother's about it; 500 are kept of each bot.",
        arguments=_log_arguments,
        examples=(
            ("droasctl logs bot_01 -f", "the last 50, then what comes"),
            ("droasctl logs bot_01 -n 500 --json", "all that are kept, for a program"),
        ),
    ),
    "events": Command(
        run=_events,
        about="Show what happens to the bots: changes of state, and commands with the user that gave them.\n"
        "The newest 1,000 are kept since the mother started.",
        arguments=_event_arguments,
        examples=(
            ("droasctl events -f", "the last 50, then what comes"),
            ("droasctl events bot_01 -n 5", "the last five of one bot"),
            ("droasctl events -f -n 0 --json | jq .state", "for a program, a JSON object a line"),
        ),
    ),
}
