"""Commands that change something: start, stop, restart."""

import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Callable, Iterable

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, RefusedError, bot_path
from droas_mother.ctl.command import Command, Row, show, takes_json, whole
from droas_mother.ctl.terminal import Progress, complain, out
from droas_mother.ctl.waiting import EVENTS, Wait, outcome, reports

_GONE = 404


def _run(client: Client, arguments: Namespace) -> int:
    if arguments.all == bool(arguments.bot):
        complain("name one bot, or say --all")
        return codes.USAGE
    if arguments.all and arguments.command == "restart" and not arguments.wait:
        complain("restart --all goes from bot to bot as each is ready again, so it cannot but wait")
        return codes.USAGE
    client.patience_s = min(
        client.patience_s, max(1, arguments.timeout)
    )  # also for who does not answer at all
    names = _all_names(client, arguments.command) if arguments.all else [arguments.bot]
    if not arguments.wait:
        return _without_waiting(client, arguments, names)
    # One after another keeps the others up; what need not stay up is done side by side.
    rolling = arguments.command == "restart"
    rounds = [[name] for name in names] if rolling else [names]
    told: list[Row] = []
    for number, group in enumerate(rounds):
        told += _one_round(client, arguments, group)
        if not all(one["reached"] for one in told):
            untouched = [name for later in rounds[number + 1 :] for name in later]
            return _end(arguments, told, untouched)
    return _end(arguments, told, [])


def _all_names(client: Client, verb: str) -> list[str]:
    """Give the bots that --all means, in the order in which they are taken."""
    bots = list(reports(client).values())
    if verb != "restart":
        return [bot["name"] for bot in bots]
    # What somebody stopped is not started by the way; what is down anyway goes first, so that no two are down.
    wanted = [bot for bot in bots if bot["wanted"]]
    return [bot["name"] for bot in sorted(wanted, key=lambda bot: bot["state"] == "ready")]


def _without_waiting(client: Client, arguments: Namespace, names: Iterable[str]) -> int:
    told = []
    for name in names:
        answer = client.post(bot_path(name, arguments.command))
        told.append({"bot": answer["bot"], "reached": None})
        if not arguments.json:
            out(outcome(arguments, answer["bot"], reached=None, seconds=0))
    return _end(arguments, told, [])


def _one_round(client: Client, arguments: Namespace, names: list[str]) -> list[Row]:
    """Command these bots and wait for them; tells what came of each."""
    began = time.monotonic()
    with client.stream(EVENTS) as stream:
        wait = Wait(client, stream, arguments.command, Progress())
        for name in names:
            wait.command(name)
        wait.until_settled(arguments.timeout)
    found = reports(client)
    told = []
    for name in names:
        if name not in found:
            raise RefusedError(_GONE, f"{name} is no longer configured")
        reached = wait.reached.get(name, False)
        told.append({"bot": found[name], "reached": reached})
        if not arguments.json:
            out(outcome(arguments, found[name], reached=reached, seconds=time.monotonic() - began))
    return told


def _end(arguments: Namespace, told: list[Row], untouched: list[str]) -> int:
    """Sum up; gives the exit code."""
    failed = any(one["reached"] is False for one in told)
    if arguments.json:
        whole_story = {
            "bots": told,
            "untouched": untouched,
            "reached": None if not arguments.wait else not failed,
        }
        show(whole_story if arguments.all else told[0], list, as_json=True)
    elif not told:
        out("no bot is meant: none is configured, or all were stopped by somebody")
    if untouched:
        sys.stdout.flush()
        complain(f"stopped here; not touched: {', '.join(untouched)}")
    return codes.NOT_AS_ASKED if failed else codes.OK


def _arguments(all_words: str) -> Callable[[ArgumentParser], None]:
    def add(parser: ArgumentParser) -> None:
        parser.add_argument("bot", nargs="?", metavar="BOT", help="the bot's name, as its file is named")
        parser.add_argument("--all", action="store_true", help=all_words)
        parser.add_argument(
            "--wait",
            action=BooleanOptionalAction,
            default=True,
            help="end when the state is reached, and say whether it was (the default, on a terminal or not)",
        )
        parser.add_argument(
            "--timeout",
            type=whole(0, 3600),
            default=30,
            metavar="S",
            help="wait at most so many seconds (default 30); with restart --all, for each bot",
        )
        takes_json(parser)

    return add


COMMANDS = {
    "start": Command(
        run=_run,
        about="Start bots that are stopped or have failed. Ends when they are READY: connected to Discord.",
        arguments=_arguments("all bots, side by side, those that somebody stopped among them"),
        examples=(
            ("droasctl start bot_01", "start one, and wait until it is ready"),
            ("droasctl start --all --no-wait", "ask all to start"),
        ),
    ),
    "stop": Command(
        run=_run,
        about="End bots in good order: answers that are being written are finished first. A stopped bot stays\n"
        "stopped, over restarts of the mother as well, until somebody starts it.",
        arguments=_arguments("all bots, side by side"),
        examples=(("droasctl stop bot_01", "end one, and wait until it has ended"),),
    ),
    "restart": Command(
        run=_run,
        about="End bots in good order and start them again. Ends when they are READY again.\n"
        "With --all one bot after another, so that at most one is away; bots that are not ready anyway come\n"
        "first, bots that somebody stopped are left out. Ends at the first bot that does not become ready.",
        arguments=_arguments("all bots, one after another"),
        examples=(
            ("droasctl restart bot_01", "a fresh process, and wait until it is ready"),
            ("droasctl restart --all --timeout 60", "all of them, a minute for each at most"),
        ),
    ),
}
