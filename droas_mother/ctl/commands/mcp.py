"""The command that serves the tools to a host of the Model Context Protocol."""

from argparse import ArgumentParser

from droas_mother.ctl.command import Command, discord_id
from droas_mother.ctl.offline import offline


def seconds(text: str) -> float:
    """Read seconds."""
    value = float(text)
    if not 0 < value <= 3600:
        raise ValueError(text)
    return value


seconds.__name__ = "seconds (0 to 3600)"


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--credential",
        metavar="FILE",
        help="call as the external client that this credential is of (default: as the user that you are)",
    )
    parser.add_argument("--user", type=discord_id, metavar="ID", help="the Discord user for whom is called")
    parser.add_argument("--guild", type=discord_id, metavar="ID", help="the group of that user")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=20.0,
        metavar="S",
        help="seconds for one call with all its tries (default 20)",
    )


COMMANDS = {
    "mcp": Command(
        run=offline,
        about="Serve the tools over the Model Context Protocol, on standard input and output, for as long as the\n"
        "host that has started it stays. It may do what the credential may do. docs/mcp.md tells how a host\n"
        "is configured. It needs an extra: pip install 'droas[mcp]'.",
        arguments=_arguments,
        examples=(
            ("droasctl mcp --credential shop.json --guild 811 --user 10", "as the client shop, for a member"),
        ),
    ),
}
