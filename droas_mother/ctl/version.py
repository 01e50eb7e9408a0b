"""The option that tells which release this is."""

import sys
from argparse import Action
from typing import TYPE_CHECKING, Any, NoReturn

from droas_mother.ctl.terminal import ending_in_words, ready_streams

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Version(Action):
    """Print program and release, and end. The release is looked up only then: that takes longer than a command."""

    def __call__(self, parser: "ArgumentParser", *_: Any) -> NoReturn:
        """Print it; what cannot be written ends as elsewhere, before a program has taken care of that."""
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        with ending_in_words(parser.prog):
            ready_streams()
            sys.stdout.write(f"{parser.prog} {version('droas')}\n")
        parser.exit()


def takes_version(parser: "ArgumentParser") -> None:
    """Let a program take --version."""
    parser.add_argument("--version", action=Version, nargs=0, help="print the release and end")
