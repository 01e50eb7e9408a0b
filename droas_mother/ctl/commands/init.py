"""The command that writes a first configuration."""

from argparse import Action, ArgumentParser, Namespace
from typing import Any

from droas_mother.ctl.command import Command, takes_json, whole
from droas_mother.ctl.offline import offline


class _Once(Action):
    """Takes a value, and refuses a second one; argparse's own would pass over the first."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, _option: str | None = None
    ) -> None:
        """Take it."""
        if getattr(namespace, self.dest) is not None:
            parser.error("init writes one bot; copy its file for another")
        setattr(namespace, self.dest, values)


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", default="configs", metavar="FOLDER", help="where to (default: configs)"
    )
    parser.add_argument(
        "--non-interactive", action="store_true", help="ask nothing; what is not said has its default"
    )
    parser.add_argument("--bot", action=_Once, metavar="NAME", help="name of the first bot (default: helper)")
    parser.add_argument(
        "--sandbox", action="store_true", help="for the sandbox on this machine, with its own tokens"
    )
    parser.add_argument(
        "--port",
        type=whole(1, 65535),
        default=8080,
        metavar="PORT",
        help="of the sandbox (default: 8080)",
    )
    parser.add_argument(
        "--model-url", metavar="URL", help="an OpenAI-compatible service, up to and including /v1"
    )
    parser.add_argument(
        "--model", metavar="NAME", help="the model (default: the first that the service lists)"
    )
    parser.add_argument(
        "--level", choices=("low", "medium", "high"), default="medium", help="protection (default: medium)"
    )
    takes_json(parser)


COMMANDS = {
    "init": Command(
        run=offline,
        about="Write a first configuration that works. Tokens are asked for without echo, or taken from the\n"
        "variables NAME_TOKEN, GUARDIAN_TOKEN and LLM_API_KEY; they go into secrets.env, mode 0600.",
        arguments=_arguments,
        examples=(
            ("droasctl init", "asks a few questions"),
            ("droasctl init --sandbox --non-interactive", "runs at once, without an account"),
        ),
    ),
}
