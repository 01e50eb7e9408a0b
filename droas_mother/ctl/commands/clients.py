"""Commands about external clients: add, list, revoke."""

import json
import os
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from fnmatch import fnmatchcase

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError, NotMadeError, RefusedError, escaped
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
from droas_mother.ctl.terminal import complain, give_up_output
from droas_mother.ctl.word_order import options_first
from droas_mother.ctl.wording import table


def _add(client: Client, arguments: Namespace) -> int:
    body = {
        "name": arguments.name,
        "tools": arguments.scope,
        "guilds": arguments.guild,
        "rate_per_s": arguments.rate,
    }
    _warn_of_nothing(client, arguments.scope)
    if arguments.out:
        return _add_into_file(client, arguments, body)
    credential = client.post("/v1/clients", body=body)
    try:
        show(credential, list, as_json=True)
    except OSError as error:
        give_up_output()
        return _take_back(client, arguments.name, error)
    return codes.OK


def _add_into_file(client: Client, arguments: Namespace, body: Row) -> int:
    try:  # before the client is there: a secret that cannot be kept would be lost
        file = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise NotMadeError(f"{arguments.out}: cannot be made: {error.strerror}") from None
    try:
        with open(file, "wb") as kept:  # noqa: PTH123 - pathlib would cost a tenth of a short command
            credential = client.post("/v1/clients", body=body)
            kept.write(json.dumps(credential, indent=2).encode() + b"\n")
    except OSError as error:
        os.unlink(arguments.out)  # noqa: PTH108 - as above
        return _take_back(client, arguments.name, error)
    except BaseException:
        os.unlink(arguments.out)  # noqa: PTH108 - as above
        raise
    told = {key: value for key, value in credential.items() if key != "secret_key"}
    words = f"{credential['name']}: added; the only copy of its secret key is in {arguments.out}"
    show(told, lambda: [words], as_json=arguments.json)
    return codes.OK


def _take_back(client: Client, name: str, why: OSError) -> int:
    """Revoke a client whose credential nobody has; gives the exit code."""
    try:
        client.post(f"/v1/clients/{escaped(name)}/revoke")
        done = "the client was taken back (revoked)"
    except (NoMotherError, RefusedError) as error:
        done = f"the client could not be taken back ({error}); `droasctl client revoke {name}` does it"
    complain(f"{name}: its credential cannot be written, and is lost: {why.strerror}; {done}")
    return codes.IO_ERROR


def _warn_of_nothing(client: Client, scope: list[str]) -> None:
    """Warn of patterns that allow nothing: they are mistyped, or meant for tools that are still to come."""
    tools = [tool["name"] for tool in client.get("/v1/tools")["tools"]]
    for pattern in scope:
        if not any(fnmatchcase(tool, pattern) for tool in tools):
            complain(f"--scope {pattern}: no tool is called so now; see `droasctl tools list`")


def _list(client: Client, arguments: Namespace) -> int:
    value = client.get("/v1/clients")
    show(value, lambda: _table(value["clients"]), as_json=arguments.json)
    return codes.OK


def _revoke(client: Client, arguments: Namespace) -> int:
    value = client.post(f"/v1/clients/{escaped(arguments.name)}/revoke")
    show(
        value, lambda: [f"{value['name']}: revoked; nothing of it is heard any more"], as_json=arguments.json
    )
    return codes.OK


def _table(clients: list[Row]) -> list[str]:
    if not clients:
        return ["there is no external client"]
    rows = [
        [
            one["name"],
            "revoked" if one["revoked"] else "admitted",
            " ".join(one["tools"]),
            "all" if one["guilds"] is None else " ".join(one["guilds"]),
            "-" if one["rate_per_s"] is None else f"{one['rate_per_s']:g}/s",
        ]
        for one in clients
    ]
    return table(["CLIENT", "STATE", "TOOLS", "GROUPS", "RATE"], rows)


def client_name(text: str) -> str:
    """Read how a client is called."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", text):
        what = "up to 64 lower case letters, digits, - _ . and begins with a letter or digit"
        raise ArgumentTypeError(f"{text!r}: a name has {what}")
    return text


def tool_pattern(text: str) -> str:
    """Read a tool, or a pattern of several."""
    if not re.fullmatch(r"[a-z0-9_.*?\[\]-]{1,96}", text):
        raise ArgumentTypeError(f"{text!r}: name a tool, economy.* for all of a service, or * for all")
    return text


def rate(text: str) -> float:
    """Read calls per second: 5/s, 0.5/s or 5."""
    try:
        value = float(text.removesuffix("/s"))
    except ValueError:
        value = 0.0
    if not 0 < value <= 100_000:
        raise ArgumentTypeError(f"{text}: calls per second are wanted, as 5/s or 0.5/s (100000/s at most)")
    return value


def _add_arguments(parser: ArgumentParser) -> None:
    what = "how it is called: lower case letters, digits, - _ ."
    parser.add_argument("name", type=client_name, metavar="NAME", help=what)
    parser.add_argument(
        "--scope",
        type=tool_pattern,
        action="append",
        required=True,
        metavar="PATTERN",
        help="a tool that it may call, economy.* for all of a service; several may follow one another",
    )
    parser.add_argument(
        "--guild",
        type=discord_id,
        action="append",
        metavar="ID",
        help="a group for whose members it may call; several may follow one another (default: all)",
    )
    parser.add_argument(
        "--rate", type=rate, metavar="N/s", help="calls per second (default: as for everybody)"
    )
    parser.add_argument("--out", metavar="FILE", help="write the credential into a new file, mode 0600")
    takes_json(parser, words="with --out: print JSON, too, without the secret key")


def _revoke_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the client")
    takes_json(parser)


_ORDER = options_first(
    valued=frozenset({"--rate", "--out", "--socket"}), several=frozenset({"--scope", "--guild"})
)


def _arguments(parser: ArgumentParser) -> None:
    takes_actions(
        parser,
        {
            "add": Action(_add, "Add a client and print its credential, once.", _add_arguments, _ORDER),
            "list": Action(_list, "List the clients and what they may do.", takes_json),
            "revoke": Action(_revoke, "Hear nothing more of a client, at once.", _revoke_arguments),
        },
    )


COMMANDS = {
    "client": Command(
        run=nothing,
        about="Add, list and revoke external clients: programs that call tools over ZeroMQ, as\n"
        "docs/wire-protocol.md describes. A client may do what it was given and nothing else.",
        arguments=_arguments,
        examples=(
            (
                "droasctl client add shop --scope economy.* --guild 811 --rate 20/s --out shop.json",
                "for one group",
            ),
            ("droasctl client revoke shop", "its key is worth nothing from now on"),
        ),
    ),
}
