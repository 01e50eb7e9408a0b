"""The options after which a program ends: its help, and the one that tells which release this is."""

import sys
from argparse import Action, ArgumentParser
from typing import Any, NoReturn

from droas_mother.ctl.terminal import ending_in_words, ready_streams


class HelpfulParser(ArgumentParser):
    """A parser whose help ends with EX_IOERR when it cannot be written; argparse's own is silent then."""

    def print_help(self, file: Any = None) -> None:
        """Print it."""
        if file is not None:
            super().print_help(file)
        else:
            _say(self, self.format_help())


class Version(Action):
    """Print program and release, and end. The release is looked up only then: that takes longer than a command."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        """Print it."""
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        _say(parser, f"{parser.prog} {version('droas')}\n")
        parser.exit()


def _say(parser: ArgumentParser, text: str) -> None:
    """Print a text; what cannot be written ends as elsewhere, before a program has taken care of that."""
    with ending_in_words(parser.prog.split(maxsplit=1)[0]):
        ready_streams()
        sys.stdout.write(text)


def takes_version(parser: ArgumentParser) -> None:
    """Let a program take --version."""
    parser.add_argument("--version", action=Version, nargs=0, help="print the release and end")
