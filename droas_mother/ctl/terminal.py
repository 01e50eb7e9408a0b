"""What a terminal can: colours, and one line that is written anew. Nothing of it goes into a file or a pipe."""

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from droas_mother.ctl import exit_codes as codes

COLOURS = {
    "ready": "32",
    "starting": "36",
    "stopping": "36",
    "degraded": "33",
    "backoff": "33",
    "failed": "31",
    "stopped": "90",
}

_OURS = "|".join(sorted({"0", "1", *COLOURS.values()}))
_COLOUR = re.compile(rf"(\x1b\[(?:{_OURS})m)")


def colourful(stream: Any = None) -> bool:
    """Whether colours may be written there; NO_COLOR (no-color.org) and TERM=dumb forbid them."""
    stream = stream or sys.stdout
    return bool(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def coloured(text: str, state: str) -> str:
    """Give a text in the colour of a state, when standard output shows colours."""
    colour = COLOURS.get(state)
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and colourful() else text


def bold(text: str) -> str:
    """Give a text in bold, when standard output shows it."""
    return f"\x1b[1m{text}\x1b[0m" if colourful() else text


def width() -> int | None:
    """Give the columns of the terminal that standard output is; None when it is none, or does not know."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def printable(text: str) -> str:
    """Give a text whose control characters cannot command the terminal; line ends and tabs stay."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)


def out(*lines: str) -> None:
    """Write lines for the reader, at once."""
    sys.stdout.write("".join(f"{printable_line(line)}\n" for line in lines))
    sys.stdout.flush()


def printable_line(line: str) -> str:
    """Give a line in which nothing but our own colours commands the terminal."""
    if line.isprintable():
        return line
    if not colourful():
        return printable(line)
    return "".join(part if _COLOUR.fullmatch(part) else printable(part) for part in _COLOUR.split(line))


def ready_streams() -> None:
    """Make standard output and error fit to be written to; raises OSError when there is no output at all."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - until the end; pathlib would cost a tenth of a short command
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may not know our arrows


@contextmanager
def ending_in_words(program: str = "droasctl") -> Iterator[None]:
    """End as documented, and without a traceback, when output cannot be written, nobody reads it, or at Ctrl-C.

    Args:
        program: whose words these are.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where it can still be told that this fails
    except BrokenPipeError:  # the reader of our output has seen enough
        _end_unheard(codes.OK)
    except OSError as error:
        complain(f"cannot write{f' {error.filename}' if error.filename else ''}: {error.strerror}", program)
        _end_unheard(codes.IO_ERROR)
    except KeyboardInterrupt:
        sys.exit(codes.INTERRUPTED)


def _end_unheard(code: int) -> NoReturn:
    """End without an attempt to write once more what could not be written."""
    give_up_output()
    sys.exit(code)


def give_up_output() -> None:
    """Have what could not be written, and all that follows, lead nowhere."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(words: str, program: str = "droasctl") -> None:
    """Tell on standard error what went wrong."""
    sys.stderr.write(f"{program}: {printable(words)}\n")


class Progress:
    """One line on standard error that tells how far it is; silent unless that is a terminal."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = False

    def show(self, text: str) -> None:
        """Put this text in place of the last."""
        if self._shows:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            sys.stderr.write(f"\r\x1b[K{printable(text)[: width - 1]}")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
