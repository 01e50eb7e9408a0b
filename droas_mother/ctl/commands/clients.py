"""Commands about external clients: add, list, revoke."""

import json
import os
from argparse import ArgumentParser, Namespace

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NotMadeError, escaped
from droas_mother.ctl.command import Action, Command, Row, nothing, show, takes_actions, takes_json
from droas_mother.ctl.wording import table


def _add(client: Client, arguments: Namespace) -> int:
    body = {
        "name": arguments.name,
        "tools": arguments.scope,
        "guilds": arguments.guild,
        "rate_per_s": arguments.rate,
    }
    if not arguments.out:
        show(client.post("/v1/clients", body=body), list, as_json=True)
        return codes.OK
    try:  # before the client is there: a secret that cannot be kept would be lost
        file = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise NotMadeError(f"{arguments.out}: cannot be made: {error.strerror}") from None
    try:
        credential = client.post("/v1/clients", body=body)
        os.write(file, json.dumps(credential, indent=2).encode() + b"\n")
    except BaseException:
        os.unlink(arguments.out)  # noqa: PTH108 - pathlib would cost a tenth of a short command
        raise
    finally:
        os.close(file)
    told = {key: value for key, value in credential.items() if key != "secret_key"}
    words = f"{credential['name']}: added; the only copy of its secret key is in {arguments.out}"
    show(told, lambda: [words], as_json=arguments.json)
    return codes.OK


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


def rate(text: str) -> float:
    """Read calls per second: 5/s, 0.5/s or 5."""
    return float(text.removesuffix("/s"))


rate.__name__ = "rate (5/s)"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="how it is called: lower case letters, digits, - _ .")
    parser.add_argument(
        "--scope",
        action="append",
        required=True,
        metavar="PATTERN",
        help="a tool that it may call, economy.* for all of a service; may be given again",
    )
    parser.add_argument(
        "--guild",
        action="append",
        metavar="ID",
        help="a group for whose members it may call; may be given again (default: all)",
    )
    parser.add_argument(
        "--rate", type=rate, metavar="N/s", help="calls per second (default: as for everybody)"
    )
    parser.add_argument("--out", metavar="FILE", help="write the credential into a new file, mode 0600")
    takes_json(parser, words="with --out: print JSON, too, without the secret key")


def _revoke_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the client")
    takes_json(parser)


def _arguments(parser: ArgumentParser) -> None:
    takes_actions(
        parser,
        {
            "add": Action(_add, "Add a client and print its credential, once.", _add_arguments),
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
