"""What is told of an error that ends a child: what, where, and a name by which the same one is known again."""

import hashlib
import traceback
from dataclasses import dataclass

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Crash:
    """An error that nobody caught.

    Args:
        words: its type, its text and its place; may hold what must not be logged as it is.
        fingerprint: the same for errors of the same type from the same lines.
    """

    words: str
    fingerprint: str


def crash_of(error: BaseException) -> Crash:
    """Describe an error; of a group the first one counts."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    kind = type(error).__qualname__
    lines = [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in frames]
    place = f" ({_short(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    text = str(error).split("\n")[0][:_LONGEST]
    digest = hashlib.blake2b("\n".join([kind, *lines]).encode(), digest_size=8).hexdigest()
    return Crash(f"{kind}: {text}{place}" if text else f"{kind}{place}", digest)


def _short(filename: str) -> str:
    """Give the last two parts of a path."""
    return "/".join(filename.split("/")[-2:])
