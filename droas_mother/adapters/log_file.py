"""A log file that stays small: rotated by size, a few old ones kept."""

import logging
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from droas_common.errors import ConfigurationError
from droas_common.logs import Sink, stderr_sink
from droas_common.wire.frames import encode
from droas_common.wire.records import LogRecord

MAX_BYTES = 20 * 1024 * 1024
KEPT_FILES = 5


class RotatedFile(RotatingFileHandler):
    """The file; when it cannot be written, that is said once on standard error, and not a traceback a line."""

    _failed = False
    _told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self._failed = False
        super().emit(record)
        if self._told and not self._failed:
            self._told = False
            self._say("INFO", "log_file_written_again")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the name that logging gives it
        """Take in that the line could not be written."""
        self._failed = True
        if not self._told:
            self._told = True
            self._say("ERROR", "log_file_not_written", why=str(sys.exception()))

    def _say(self, level: str, event: str, **fields: str) -> None:
        """Tell it past the log, whose own sink this is."""
        where = {"file": self.baseFilename, **fields}
        stderr_sink()(LogRecord(at=time.time(), level=level, event=event, fields=where))


def rotating_lines(path: Path) -> Sink:
    """Write records as JSON lines into a file; when it is full it gets .1 behind its name, and so on to .5.

    Raises:
        ConfigurationError: the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatedFile(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"log.file: {path} cannot be written ({error.strerror})") from error

    def write(record: LogRecord) -> None:
        handler.handle(logging.makeLogRecord({"msg": encode(record).decode()}))

    return write
