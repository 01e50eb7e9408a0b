"""Commands of audit and ledger."""

import re
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from functools import partial

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
    takes_lines,
    whole,
)
from droas_mother.ctl.commands.follow import follow
from droas_mother.ctl.wording import audit_lines

_VERIFY_TIMEOUT_S = 3600.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_OUTCOMES = ["ok", "refused", "denied", "invalid", "late", "conflict", "limited", "cancelled", "failed"]


def _newest(client: Client, arguments: Namespace) -> int:
    return _show(client, arguments, f"/v1/audit?count={arguments.lines}{_filters(arguments, 'kind')}")


def _tail(client: Client, arguments: Namespace) -> int:
    path = f"/v1/audit?count={arguments.lines}{_filters(arguments, 'kind', 'after')}"
    if arguments.follow:
        return follow(client, path, arguments, audit_lines)
    return _show(client, arguments, path)


def _query(client: Client, arguments: Namespace) -> int:
    names = ("kind", "caller", "user", "guild", "action_name", "outcome", "since", "after")
    return _show(client, arguments, f"/v1/audit?count={arguments.limit}{_filters(arguments, *names)}")


def _filters(arguments: Namespace, *names: str) -> str:
    """Give the filters that were named, as a part of the address."""
    called = {"action_name": "action", "since": "since_unix_s"}
    values = {name: getattr(arguments, name) for name in names}
    return "".join(
        f"&{called.get(name, name)}={escaped(str(value))}"
        for name, value in values.items()
        if value is not None
    )


def _show(client: Client, arguments: Namespace, path: str) -> int:
    value = client.get(path)
    show(value, lambda: audit_lines(value["records"]), as_json=arguments.json)
    return codes.OK


def _verify(what: str, client: Client, arguments: Namespace) -> int:
    value = client.get(f"/v1/{what}/verify", timeout_s=_VERIFY_TIMEOUT_S)
    show(value, lambda: _verdict(what, value), as_json=arguments.json)
    return codes.NOT_AS_ASKED if value["faults"] else codes.OK


def _verdict(what: str, value: Row) -> list[str]:
    erased = f", {value['erased']} of them of people who were forgotten" if value["erased"] else ""
    summary = "something was changed" if value["faults"] else "nothing was changed, removed or reordered"
    return [*value["faults"], f"{what}: {value['rows']} rows{erased}: {summary}"]


def moment_of(text: str) -> int:
    """Read a moment: 30m ago, 2026-01-31, 2026-01-31T18:00, or unix seconds; gives unix seconds."""
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        words = "30m, 12h, 7d, 2026-01-31, 2026-01-31T18:00 or unix seconds are wanted"
        raise ArgumentTypeError(f"{text}: {words}") from None


def _moment(text: str) -> int:
    ago = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if ago:
        return max(0, int(time.time()) - int(ago[1]) * _UNITS[ago[2]])
    if text.isdecimal():
        return int(text)
    layout = "%Y-%m-%dT%H:%M" if "T" in text else "%Y-%m-%d"
    return int(time.mktime(time.strptime(text, layout)))


def _kind(parser: ArgumentParser) -> None:
    kinds = ["tool", "protection", "command"]
    parser.add_argument("--kind", choices=kinds, help="only decisions of this kind")


def _after(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--after", type=whole(0, 10**14), metavar="SEQ", help="those that follow this one, the oldest first"
    )


def _tail_arguments(parser: ArgumentParser) -> None:
    takes_lines(parser, 20)
    _kind(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    _after(parser)
    takes_json(parser, words="print JSON; with -f one object a line")


def _query_arguments(parser: ArgumentParser) -> None:
    _kind(parser)
    parser.add_argument(
        "--since", type=moment_of, metavar="WHEN", help="30m, 12h, 7d, 2026-01-31, or unix seconds"
    )
    parser.add_argument("--caller", metavar="WHO", help="who asked: bot:bot_01, client:shop, uid:1000")
    parser.add_argument("--user", type=discord_id, metavar="ID", help="for this Discord user")
    parser.add_argument("--guild", type=discord_id, metavar="ID", help="in this group")
    parser.add_argument(
        "--action", dest="action_name", metavar="NAME", help="economy.transfer; economy.* for all of them"
    )
    parser.add_argument("--outcome", choices=_OUTCOMES, help="only what ended so")
    parser.add_argument(
        "--limit",
        type=whole(1, 1000),
        default=100,
        metavar="N",
        help="the newest N that fit (default 100, at most 1000)",
    )
    _after(parser)
    takes_json(parser)


def _audit_arguments(parser: ArgumentParser) -> None:
    takes_lines(parser, 20)
    _kind(parser)
    takes_json(parser)
    actions = {
        "tail": Action(
            _tail, "Show the newest decisions, and with -f go on with what comes.", _tail_arguments
        ),
        "query": Action(_query, "Show the newest decisions that fit.", _query_arguments),
        "verify": Action(partial(_verify, "audit"), _VERIFY_AUDIT, takes_json),
    }
    takes_actions(parser, actions, needed=False)


_VERIFY_AUDIT = "Verify the hash chain over all decisions; exits with 1 and says where when it does not hold."
_VERIFY_LEDGER = (
    "Verify the hash chain over all entries, that every transfer sums to zero, and that balances and "
    "reservations are what the entries say; exits with 1 and says what does not hold."
)


def _ledger_arguments(parser: ArgumentParser) -> None:
    takes_actions(parser, {"verify": Action(partial(_verify, "ledger"), _VERIFY_LEDGER, takes_json)})


COMMANDS = {
    "audit": Command(
        run=_newest,
        about="Show the newest decisions: tool calls, protective actions, commands with the user that gave them;\n"
        "follow them, search them, verify that none was changed.",
        arguments=_audit_arguments,
        examples=(
            ("droasctl audit --kind command", "who started and stopped what"),
            ("droasctl audit tail -f", "the last 20, then what comes"),
            ("droasctl audit query --since 24h --outcome denied", "who wanted what he may not"),
            ("droasctl audit verify", "0 when nothing was changed, removed or reordered"),
        ),
    ),
    "ledger": Command(
        run=nothing,
        about="Verify the coins' ledger.",
        arguments=_ledger_arguments,
        examples=(("droasctl ledger verify", "0 when every coin is accounted for"),),
    ),
}
