"""The option that tells which release this is."""

import sys
from argparse import Action
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Version(Action):
    """Print program and release, and end. The release is looked up only then: that takes longer than a command."""

    def __call__(self, parser: "ArgumentParser", *_: Any) -> NoReturn:
        """Print it."""
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        sys.stdout.write(f"{parser.prog} {version('droas')}\n")
        parser.exit()


def takes_version(parser: "ArgumentParser") -> None:
    """Let a program take --version."""
    parser.add_argument("--version", action=Version, nargs=0, help="print the release and end")
