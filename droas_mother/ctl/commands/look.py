"""Commands that look and change nothing: list, status, describe, health."""

from argparse import ArgumentParser, Namespace

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, bot_path
from droas_mother.ctl.command import Command, Row, show, takes_json
from droas_mother.ctl.wording import protection_lines, status_lines, store_lines


def _list(client: Client, arguments: Namespace) -> int:
    names = [bot["name"] for bot in client.get("/v1/bots")["bots"]]
    show({"bots": names}, lambda: names, as_json=arguments.json)
    return codes.OK


def _status(client: Client, arguments: Namespace) -> int:
    return _status_of_one(client, arguments) if arguments.bot else _status_of_all(client, arguments)


def _status_of_all(client: Client, arguments: Namespace) -> int:
    value = client.get("/v1/bots")
    bots, problems, protection = value["bots"], value["problems"], value["protection"]
    store = value.get("store", "")
    said = [*protection_lines(value), *store_lines(store), *value.get("configuration", [])]
    lines = [*status_lines(bots, problems), *said]
    if arguments.verbose:
        full = [client.get(bot_path(bot["name"])) for bot in bots]
        value["stacks"] = {bot["name"]: bot["last_stacks"] for bot in full}
        lines += [line for bot in full for line in _stacks(bot)]
    show(value, lambda: lines, as_json=arguments.json)
    well = all(_as_wanted(bot) for bot in bots) and protection in {"off", "ready"}
    return codes.OK if well and not problems and not store else codes.NOT_RUNNING


def _status_of_one(client: Client, arguments: Namespace) -> int:
    bot = client.get(bot_path(arguments.bot))
    lines = [*status_lines([bot], []), *(_stacks(bot) if arguments.verbose else [])]
    show(bot, lambda: lines, as_json=arguments.json)
    return codes.OK if bot["state"] == "ready" else codes.NOT_RUNNING


def _as_wanted(bot: Row) -> bool:
    return bool(bot["state"] == ("ready" if bot["wanted"] else "stopped"))


def _stacks(bot: Row) -> list[str]:
    lines = [f"  {line}" for line in bot["last_stacks"].splitlines()]
    return ["", f"{bot['name']} stood here when it last hung:", *lines] if lines else []


def _describe(client: Client, arguments: Namespace) -> int:
    from droas_mother.ctl.description import description  # noqa: PLC0415 - only this command needs it

    bot = client.get(bot_path(arguments.bot))
    show(bot, lambda: description(bot), as_json=arguments.json)
    return codes.OK


def _health(client: Client, arguments: Namespace) -> int:
    status, value = client.ask("GET", "/health")
    store = value.get("store", "")
    head = "ok, but:" if store and status == codes.HTTP_OK else value["status"]
    lines = [head, *value["problems"], *store_lines(store)]
    show(value, lambda: lines, as_json=arguments.json)
    return codes.OK if status == codes.HTTP_OK and not store else codes.NOT_AS_ASKED


def _status_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("bot", nargs="?", metavar="BOT", help="only this one")
    parser.add_argument("-v", "--verbose", action="store_true", help="show where hung bots stood, too")
    takes_json(parser)


def _describe_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("bot", metavar="BOT", help="the bot's name, as its file is named")
    takes_json(parser)


COMMANDS = {
    "list": Command(run=_list, about="Print the bots' names, one a line.", arguments=takes_json),
    "status": Command(
        run=_status,
        about="Show how the bots are: state, process, restarts, gateway latency, lag of the event loop, memory,\n"
        "when a waiting one is tried again, how the last process ended. Exits with 3 when one that shall run\n"
        "is not ready, or nothing can be written down.",
        arguments=_status_arguments,
        examples=(
            ("droasctl status", "all bots"),
            ("droasctl status bot_01 || alert", "in a script: 0 only when it is ready"),
            ("droasctl status -v", "with the stacks of bots that hung"),
        ),
    ),
    "describe": Command(
        run=_describe,
        about="Tell everything about one bot: process, Discord, work, last exits, limits.",
        arguments=_describe_arguments,
    ),
    "health": Command(
        run=_health,
        about="Ask whether the mother herself is well. Exits with 1 when she is not, or can write nothing down.",
        arguments=takes_json,
    ),
}
