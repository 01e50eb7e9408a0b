"""The one tree of errors, by the question "whose fault is it, and does a retry help?".

::

    DroasError
    ├── DefectError          ours: a promise of our own code was broken; crash loudly, never retry
    ├── RequestError         theirs: what was asked is wrong; answer it, never retry it as it is
    │   ├── ConfigurationError   a file or a variable is wrong; says file, line and column
    │   ├── NoInputError         a file that was named is not there, or cannot be read
    │   ├── CannotCreateError    a file cannot be made: one is there already, or its folder is not
    │   └── UsageError           a command was used wrongly
    └── OutsideError         the world's: Discord, a model, a disk; may be retried after a while

Every message says what happened, where, and what to do.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What our programs exit with (BSD sysexits.h for 64 and up, LSB's 3 and 4 for services)."""

    OK = 0
    NOT_AS_ASKED = 1
    NOT_RUNNING = 3
    UNKNOWN_BOT = 4
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    SOFTWARE = 70
    OS_ERROR = 71
    CANNOT_CREATE = 73
    IO_ERROR = 74
    TEMPORARY = 75
    PERMISSION = 77
    CONFIGURATION = 78


class DroasError(Exception):
    """Anything that DROAS raises on purpose."""

    exit_code: ExitCode = ExitCode.SOFTWARE


class DefectError(DroasError):
    """A promise of our own code was broken: a bug, not a mistake of the caller or the world."""


class RequestError(DroasError):
    """What was asked is wrong and stays wrong: answer it, do not retry it."""

    exit_code = ExitCode.DATA


class ConfigurationError(RequestError):
    """A configuration cannot be used; the text names file, line and column of each fault."""

    exit_code = ExitCode.CONFIGURATION


class NoInputError(RequestError):
    """A file that was named is not there, or cannot be read."""

    exit_code = ExitCode.NO_INPUT


class CannotCreateError(RequestError):
    """A file cannot be made: there is one already, or its folder is not there."""

    exit_code = ExitCode.CANNOT_CREATE


class UsageError(RequestError):
    """A command was called in a way that it does not understand."""

    exit_code = ExitCode.USAGE


class OutsideError(DroasError):
    """The world failed: a service, a disk, a network. A later try may succeed.

    Args:
        message: what happened, where, what to do.
        retry_after_s: seconds after which a retry may help; None when nobody said.
    """

    exit_code = ExitCode.TEMPORARY

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
