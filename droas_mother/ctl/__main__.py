"""`droasctl`: look at the bots and command them."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError, bot_path, find_socket
from droas_mother.ctl.tables import audit_lines, log_lines, protection_lines, status_lines

Answer = tuple[int, Any]


def main() -> NoReturn:
    """Run one command; exit codes are explained by --help."""
    arguments = _parser().parse_args()
    client = Client(find_socket(arguments.socket))
    try:
        sys.exit(arguments.run(client, arguments))
    except NoMotherError as error:
        sys.stderr.write(f"droasctl: {error}\n")
        sys.exit(codes.UNAVAILABLE)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.exit(codes.OK)
    except KeyboardInterrupt:
        sys.exit(codes.INTERRUPTED)


def _status(client: Client, arguments: argparse.Namespace) -> int:
    path = bot_path(arguments.bot) if arguments.bot else "/v1/bots"
    status, value = client.ask("GET", path)
    if status != codes.HTTP_OK:
        return _refused(status, value, as_json=arguments.json)
    bots = [value] if arguments.bot else value["bots"]
    problems = [] if arguments.bot else value["problems"]
    protection = "ready" if arguments.bot else value["protection"]
    stacks = value["last_stacks"].splitlines() if arguments.bot and arguments.verbose else []
    lines = [*status_lines(bots, problems), *protection_lines(protection), *stacks]
    _show(value, lambda: lines, as_json=arguments.json)
    well = all(bot["state"] == ("ready" if bot["wanted"] else "stopped") for bot in bots)
    well = well and protection in ("off", "ready")
    return codes.OK if well and not problems else codes.NOT_RUNNING


def _command(client: Client, arguments: argparse.Namespace) -> int:
    """Command one bot, or all of them one after another, so that the others stay up meanwhile."""
    if arguments.all == bool(arguments.bot):
        sys.stderr.write("droasctl: name one bot, or say --all\n")
        return codes.USAGE
    names = [arguments.bot]
    if arguments.all:
        status, value = client.ask("GET", "/v1/bots")
        if status != codes.HTTP_OK:
            return _refused(status, value, as_json=arguments.json)
        # What somebody stopped is not started by the way.
        names = [bot["name"] for bot in value["bots"] if bot["wanted"] or arguments.command != "restart"]
    answers: list[Any] = []
    code = codes.OK
    for name in names:
        code = _command_one(client, arguments, name, answers)
        if code != codes.OK:
            break  # a bad change must not take the others down, too
    if arguments.json and answers:
        sys.stdout.write(json.dumps(answers if arguments.all else answers[0], indent=2) + "\n")
    return code


def _command_one(client: Client, arguments: argparse.Namespace, name: str, answers: list[Any]) -> int:
    """Command one bot and tell what came of it; gives the exit code."""
    verb = arguments.command
    wait_s = 0 if arguments.no_wait else arguments.timeout
    path = bot_path(name, f"{verb}?wait_s={wait_s}")
    status, value = client.ask("POST", path, timeout_s=wait_s + 10)
    if status != codes.HTTP_OK:
        return _refused(status, value, as_json=arguments.json)
    answers.append(value)
    if not arguments.json:
        sys.stdout.write(_outcome(verb, value["bot"], reached=value["reached"]) + "\n")
        sys.stdout.flush()
    return codes.NOT_AS_ASKED if value["reached"] is False else codes.OK


def _outcome(verb: str, bot: dict[str, Any], *, reached: bool | None) -> str:
    if reached is None:
        return f"{bot['name']}: asked to {verb}"
    words = f"{bot['name']}: {bot['state']}"
    if bot["pid"]:
        words += f" (pid {bot['pid']})"
    if not reached and bot["reason"]:
        words += f", because {bot['reason']}"
    return words if reached else f"{words}; {verb} was not reached in time"


def _logs(client: Client, arguments: argparse.Namespace) -> int:
    status, value = client.ask("GET", bot_path(arguments.bot, f"logs?count={arguments.lines}"))
    if status != codes.HTTP_OK:
        return _refused(status, value, as_json=arguments.json)
    _show(value, lambda: log_lines(value["records"]), as_json=arguments.json)
    return codes.OK


def _audit(client: Client, arguments: argparse.Namespace) -> int:
    kind = f"&kind={arguments.kind}" if arguments.kind else ""
    status, value = client.ask("GET", f"/v1/audit?count={arguments.lines}{kind}")
    if status != codes.HTTP_OK:
        return _refused(status, value, as_json=arguments.json)
    _show(value, lambda: audit_lines(value["records"]), as_json=arguments.json)
    return codes.OK


def _health(client: Client, arguments: argparse.Namespace) -> int:
    status, value = client.ask("GET", "/health")
    words = [value["status"], *value["problems"]]
    _show(value, lambda: words, as_json=arguments.json)
    return codes.OK if status == codes.HTTP_OK else codes.NOT_AS_ASKED


def _refused(status: int, value: Any, *, as_json: bool) -> int:
    """Say that the mother refuses; gives the exit code."""
    words = value.get("error", "") if isinstance(value, dict) else ""
    if as_json:
        sys.stdout.write(json.dumps({"error": words, "status": status}) + "\n")
    sys.stderr.write(f"droasctl: {words or f'the mother answered {status}'}\n")
    return codes.FOR_HTTP.get(status, codes.UNAVAILABLE)


def _show(value: Any, lines: Callable[[], list[str]], *, as_json: bool) -> None:
    text = json.dumps(value, indent=2) if as_json else "\n".join(lines())
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """A parser that ends with EX_USAGE, as documented, and not with argparse's 2."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and how it is used."""
        self.print_usage(sys.stderr)
        self.exit(codes.USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="droasctl",
        description="Look at the bots of a running mother and command them.",
        epilog=codes.EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--socket",
        metavar="PATH",
        help="the mother's droas.sock (default: $DROAS_RUNTIME_DIR, ./run, /run/droas)",
    )
    shared = _Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    status = commands.add_parser("status", parents=[shared], help="show the bots, or one of them")
    status.add_argument("bot", nargs="?")
    status.add_argument(
        "-v", "--verbose", action="store_true", help="of one bot: where it stood when it last hung"
    )
    status.set_defaults(run=_status)
    health = commands.add_parser("health", parents=[shared], help="ask whether the mother herself is well")
    health.set_defaults(run=_health)
    for verb, words in (
        ("start", "start a bot that is stopped or has failed"),
        ("stop", "end a bot in good order"),
        ("restart", "end a bot in good order and start it again"),
    ):
        command = commands.add_parser(verb, parents=[shared], help=words)
        command.add_argument("bot", nargs="?")
        command.add_argument(
            "--all", action="store_true", help="all bots, one after another; ends at the first failure"
        )
        command.add_argument("--no-wait", action="store_true", help="return before the state is reached")
        command.add_argument(
            "--timeout", type=_seconds, default=30, metavar="S", help="wait at most (default 30)"
        )
        command.set_defaults(run=_command)
    logs = commands.add_parser("logs", parents=[shared], help="show a bot's newest log lines")
    logs.add_argument("bot")
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N")
    logs.set_defaults(run=_logs)
    audit = commands.add_parser("audit", parents=[shared], help="show the newest decisions")
    audit.add_argument("-n", "--lines", type=int, default=20, metavar="N")
    audit.add_argument("--kind", choices=["tool", "protection", "command"])
    audit.set_defaults(run=_audit)
    return parser


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 0 <= seconds <= 120:
        raise argparse.ArgumentTypeError("0 to 120 seconds")
    return seconds


if __name__ == "__main__":
    main()
