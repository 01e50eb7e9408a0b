"""Commands about tools: list and call."""

import json
import os
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError, RefusedError
from droas_mother.ctl.command import (
    Action,
    Command,
    Row,
    discord_id,
    nothing,
    show,
    takes_actions,
    takes_json,
)
from droas_mother.ctl.terminal import bold, complain
from droas_mother.ctl.word_order import options_first

_UNKNOWN = "whether it was done is not known; ask again with --key {}, it is done once at most"


class ArgumentsError(Exception):
    """The arguments for a tool cannot be read; the text says why."""


def _list(client: Client, arguments: Namespace) -> int:
    value = client.get("/v1/tools")
    show(value, lambda: _told(value["tools"]), as_json=arguments.json)
    return codes.OK


def _told(tools: list[Row]) -> list[str]:
    lines = []
    for tool in tools:
        schema = tool["inputSchema"]
        names = [name if name in schema["required"] else f"[{name}]" for name in schema["properties"]]
        lines += [bold(f"{tool['name']} {' '.join(names)}".rstrip()), f"  {tool['description']}"]
    return lines


def _call(client: Client, arguments: Namespace) -> int:
    if arguments.guild and not arguments.user:
        complain("--guild is of use with --user only: the group of that member")
        return codes.USAGE
    key = arguments.key or f"{time.time_ns() // 10**6:012x}-{os.urandom(8).hex()}"
    try:
        body = {
            "name": arguments.tool,
            "arguments": _arguments_of(client, arguments),
            "guild_id": arguments.guild,
            "user_id": arguments.user,
            "idempotency_key": key,
        }
    except ArgumentsError as error:
        complain(str(error))
        return codes.USAGE
    with _telling(key):
        value = client.post("/v1/tools/call", body=body)
    try:
        show(value, lambda: _outcome(value), as_json=arguments.json is not None)
    except BrokenPipeError:
        raise
    except OSError:
        complain(f"what came of it is told again with --key {key}; nothing is done twice")
        raise
    return codes.NOT_AS_ASKED if value["is_error"] else codes.OK


@contextmanager
def _telling(key: str) -> Iterator[None]:
    """Tell the key of a call that may have been done without its outcome being told: a retry needs it."""
    try:
        yield
    except NoMotherError as error:
        if not error.sent:
            raise
        complain(_UNKNOWN.format(key))
        raise NoMotherError(str(error), key=key) from None
    except RefusedError as error:
        if error.status == codes.HTTP_UNAVAILABLE:
            raise RefusedError(error.status, f"{error}: --key {key}", key=key) from None
        raise
    except KeyboardInterrupt:
        complain(_UNKNOWN.format(key))
        raise


def _outcome(value: Row) -> list[str]:
    error = value["error"]
    if error is not None:
        place = f" (at {error['path']})" if error["path"] else ""
        return [f"{error['kind']}: {error['message']}{place}"]
    content = value["structured_content"]
    lines = [
        f"{name}: {one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)}"
        for name, one in content.items()
    ]
    again = " (done before; this is that result)" if value["replayed"] else ""
    return [*lines, f"key: {value['idempotency_key']}{again}"]


def _arguments_of(client: Client, arguments: Namespace) -> Row:
    """Give the tool's arguments: the JSON, and over it the pairs, read as the tool's schema says."""
    try:
        given = json.loads(arguments.json or "{}", object_pairs_hook=_once_each)
    except ValueError:
        raise ArgumentsError(f"--json {arguments.json}: this is not JSON") from None
    if not isinstance(given, dict):
        raise ArgumentsError("--json: a JSON object is wanted")
    if not arguments.pairs:
        return given
    pairs = _once_each([_halves(pair) for pair in arguments.pairs])
    try:
        tools = client.get("/v1/tools")["tools"]
    except RefusedError as error:
        raise RefusedError(error.status, f"the call was not made: {error}") from None
    known = [one["inputSchema"]["properties"] for one in tools if one["name"] == arguments.tool]
    schema: Row = known[0] if known else {}
    return {**given, **{name: _value(text, schema.get(name, {})) for name, text in pairs.items()}}


def _halves(pair: str) -> tuple[str, str]:
    name, equals, text = pair.partition("=")
    if not equals:
        raise ArgumentsError(f"{pair}: arguments are given as name=value")
    return name, text


def _once_each(pairs: list[tuple[str, Any]]) -> Row:
    """Give what was named by its names; which of two was meant is not for us to guess."""
    found: Row = {}
    for name, value in pairs:
        if name in found:
            raise ArgumentsError(f"{name} is given twice")
        found[name] = value
    return found


def _value(text: str, schema: Row) -> Any:
    """Read a value as its schema says; what does not fit is left for the tool to refuse."""
    kinds = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
    if "string" in kinds:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _call_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("tool", metavar="NAME", help="the tool, as `droasctl tools list` names it")
    parser.add_argument("pairs", nargs="*", default=[], metavar="NAME=VALUE", help="its arguments")
    parser.add_argument(
        "--json",
        nargs="?",
        const="",
        metavar="OBJECT",
        help="print JSON; with a JSON object, these are the arguments",
    )
    parser.add_argument(
        "--user", type=discord_id, metavar="ID", help="the Discord user for whom it is called"
    )
    parser.add_argument("--guild", type=discord_id, metavar="ID", help="the group of that user")
    parser.add_argument(
        "--key",
        type=_key,
        metavar="KEY",
        help="the idempotency key of an earlier try (default: a fresh one)",
    )


def _key(text: str) -> str:
    """Read a key; an empty one is a script's mistake, and a fresh one in its place would do a thing twice."""
    if not text.strip():
        raise ArgumentTypeError("the key is empty; leave --key out for a fresh one")
    return text


_ORDER = options_first(
    valued=frozenset({"--user", "--guild", "--key", "--socket"}), objects=frozenset({"--json"})
)


def _arguments(parser: ArgumentParser) -> None:
    call = (
        "Call a tool as the user of this machine that you are; you may call all of them. Exits with 1 when it "
        "is refused."
    )
    takes_actions(
        parser,
        {
            "list": Action(_list, "List the tools and their arguments.", takes_json),
            "call": Action(_call, call, _call_arguments, _ORDER),
        },
    )


COMMANDS = {
    "tools": Command(
        run=nothing,
        about="List and call tools: the same that bots and external clients call, with the same audit.",
        arguments=_arguments,
        examples=(
            ("droasctl tools list", "what there is"),
            ("droasctl tools call economy.balance --guild 811 --user 80351110224678912", "for a member"),
            ("droasctl tools call economy.award to_user_id=11 amount=5 --guild 811 --user 10", "name=value"),
        ),
    ),
}
