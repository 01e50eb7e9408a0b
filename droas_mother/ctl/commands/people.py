"""Commands about a person: export and erase what is kept of him."""

from argparse import ArgumentParser, Namespace

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, escaped
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
from droas_mother.ctl.terminal import complain
from droas_mother.ctl.wording import counted

_TIMEOUT_S = 120.0


def _export(client: Client, arguments: Namespace) -> int:
    value = client.get(_path(arguments, "export"), timeout_s=_TIMEOUT_S)
    show(value, list, as_json=True)
    return codes.OK


def _erase(client: Client, arguments: Namespace) -> int:
    if not arguments.yes:
        where = f"group {arguments.guild}" if arguments.guild else "all groups"
        complain(f"this cannot be undone: {arguments.user} is forgotten in {where}; say --yes to do it")
        return codes.USAGE
    value = client.post(_path(arguments, "erase"), timeout_s=_TIMEOUT_S)
    show(value, lambda: _done(value), as_json=arguments.json)
    return codes.OK


def _done(value: Row) -> list[str]:
    coins = ", ".join(f"{amount} {currency}" for currency, amount in value["coins"].items()) or "no coins"
    accounts = counted(value["accounts"], "account")
    holds = counted(value["holds"], "reservation")
    return [
        "forgotten: profile, memories and claims are deleted, as far as there were any",
        f"{accounts} closed, {coins} back to the issuers, {holds} taken back",
        f"the audit names this person {value['user_digest']}",
    ]


def _path(arguments: Namespace, verb: str) -> str:
    group = f"?guild={escaped(arguments.guild)}" if arguments.guild else ""
    return f"/v1/users/{escaped(arguments.user)}/{verb}{group}"


def _who(parser: ArgumentParser) -> None:
    parser.add_argument("user", type=discord_id, metavar="USER", help="the Discord user's id")
    parser.add_argument("--guild", type=discord_id, metavar="ID", help="only in this group (default: in all)")


def _export_arguments(parser: ArgumentParser) -> None:
    _who(parser)
    takes_json(parser, words="it is JSON anyway")


def _erase_arguments(parser: ArgumentParser) -> None:
    _who(parser)
    parser.add_argument("--yes", action="store_true", help="do it; it cannot be undone")
    takes_json(parser)


def _arguments(parser: ArgumentParser) -> None:
    about = "Print everything that is kept of a person as JSON: profile, memories, coins, entries, decisions."
    forget = (
        "Forget a person: profile, memories and claims go, coins go back to the group's issuer, and ledger "
        "and audit keep their hashes but neither id nor words."
    )
    takes_actions(
        parser,
        {
            "export": Action(_export, about, _export_arguments),
            "erase": Action(_erase, forget, _erase_arguments),
        },
    )


COMMANDS = {
    "user": Command(
        run=nothing,
        about="Export or erase what is kept of a person; both are written into the audit, without the id.",
        arguments=_arguments,
        examples=(
            ("droasctl user export 80351110224678912 > ada.json", "all that is kept"),
            ("droasctl user erase 80351110224678912 --yes", "in all groups; it cannot be undone"),
        ),
    ),
}
