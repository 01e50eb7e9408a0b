"""`droas-sandbox`: Discord and a model on this machine, alone."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from aiohttp.http_exceptions import HttpProcessingError

from droas_sandbox.server import Sandbox

_USAGE = 64
_NO_INPUT = 66
_UNAVAILABLE = 69
_CANNOT_CREATE = 73
_IO_ERROR = 74
_CONFIGURATION = 78

_WORLD = {
    "users": [{"username": "ada", "global_name": "Ada"}, {"username": "grace", "global_name": "Grace"}],
    "bots": [{"username": "helper"}],
    "guilds": [
        {
            "name": "Harbour",
            "owner": "ada",
            "channels": ["general", "random"],
            "members": ["grace"],
            "bots": [{"username": "helper", "permissions": ["manage_messages", "moderate_members"]}],
        }
    ],
}
"""What there is when no world is given."""


class Failure(Exception):  # noqa: N818 - it ends the program, with its exit code
    """The sandbox cannot run; the text says why, the code follows sysexits."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class WithoutBadRequests(logging.Filter):
    """Leaves out the tracebacks that the server writes for what is no HTTP: it was answered with 400."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is worth a line."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.getLogger("aiohttp.server").addFilter(WithoutBadRequests())
    try:
        _run(_parser().parse_args())
    except Failure as failure:
        if sys.stderr is not None:
            sys.stderr.write(f"droas-sandbox: {failure}\n")
        sys.exit(failure.code)


def _run(arguments: argparse.Namespace) -> None:
    """Make the world and serve it; raises Failure."""
    if arguments.host not in ("127.0.0.1", "::1", "localhost") and not arguments.allow_remote:
        raise Failure(_USAGE, f"{arguments.host} is not this machine; --allow-remote if that is meant")
    sandbox = Sandbox(arguments.host, arguments.port)
    document = _read(arguments.world) if arguments.world else _WORLD
    try:
        sandbox.plant(document)
    except ValueError as error:
        raise Failure(_CONFIGURATION, f"{arguments.world}: {error}") from error
    try:
        asyncio.run(_serve(sandbox, arguments.ready_file))
    except OSError as error:
        place = f"{arguments.host} port {arguments.port}"
        words = f"{place} cannot be used: {error.strerror}; choose another, or 0"
        raise Failure(_UNAVAILABLE, words) from error


def _read(name: str) -> Any:
    """Read a world file; raises Failure."""
    try:
        return json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(_NO_INPUT, f"{name}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Failure(_CONFIGURATION, f"{name}: not JSON: {error}") from error


async def _serve(sandbox: Sandbox, ready_file: str | None) -> None:
    async with sandbox:
        _announce(sandbox, ready_file)
        await _asked_to_stop()


def _announce(sandbox: Sandbox, ready_file: str | None) -> None:
    """Say where everything is, on the terminal and in a file for scripts."""
    facts: dict[str, Any] = {
        "page": sandbox.url,
        "api_base": sandbox.api_base,
        "model_base": sandbox.model_base,
        "bots": {
            sandbox.world.users[bot.user_id]["username"]: bot.token for bot in sandbox.world.bots.values()
        },
    }
    bots = "".join(f"bot:      {username} {token}\n" for username, token in facts["bots"].items())
    _say(f"page:     {facts['page']}\nDiscord:  {facts['api_base']}\nmodel:    {facts['model_base']}\n{bots}")
    if ready_file:
        _write_whole(Path(ready_file), json.dumps(facts))


def _say(text: str) -> None:
    """Print a text, past the buffer that would be written only when nobody can tell any more that this fails.

    Raises:
        Failure: it cannot be written; that nobody reads it is none.
    """
    if sys.stdout is None:
        raise Failure(_IO_ERROR, "cannot write: standard output is closed")
    rest = text.encode(errors="replace")
    try:
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest) :]
    except BrokenPipeError:
        pass
    except OSError as error:
        raise Failure(_IO_ERROR, f"cannot write: {error.strerror}") from error


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever waits for it never reads half of it; raises Failure."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise Failure(_CANNOT_CREATE, f"{path}: cannot be written: {error.strerror}") from error


async def _asked_to_stop() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{number} is no port; 0 to 65535")
    return number


class Parser(argparse.ArgumentParser):
    """A parser that ends with EX_USAGE, and not with argparse's 2."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and how it is used."""
        self.print_usage(sys.stderr)
        self.exit(_USAGE, f"{self.prog}: {message}\n")

    def print_help(self, file: Any = None) -> None:
        """Print how it is used; raises Failure when it cannot be written, about which argparse's own is silent."""
        if file is not None:
            super().print_help(file)
        else:
            _say(self.format_help())


class _Version(argparse.Action):
    """Print program and release, and end; raises Failure when it cannot be written, as argparse's own does not."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print it."""
        _say(f"{parser.prog} {version('droas')}\n")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="droas-sandbox",
        description="A Discord-compatible server and an OpenAI-compatible model on this machine, with a page to play.",
        epilog="Tokens printed here belong to this sandbox only and open nothing else.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the release and end")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8080, help="port, 0 for a free one (default 8080)")
    parser.add_argument(
        "--world", metavar="FILE", help="JSON document with users, bots, guilds and the model's rules"
    )
    parser.add_argument(
        "--ready-file", metavar="FILE", help="write the addresses and tokens here once it listens"
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="listen on an address that others can reach"
    )
    return parser


if __name__ == "__main__":
    main()
