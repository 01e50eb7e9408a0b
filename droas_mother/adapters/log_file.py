"""A log file that stays small: rotated by size, a few old ones kept."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from droas_common.errors import ConfigurationError
from droas_common.logs import Sink
from droas_common.wire.frames import encode
from droas_common.wire.records import LogRecord

MAX_BYTES = 20 * 1024 * 1024
KEPT_FILES = 5


def rotating_lines(path: Path) -> Sink:
    """Write records as JSON lines into a file; when it is full it gets .1 behind its name, and so on to .5.

    Raises:
        ConfigurationError: the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"log.file: {path} cannot be written ({error.strerror})") from error

    def write(record: LogRecord) -> None:
        handler.handle(logging.makeLogRecord({"msg": encode(record).decode()}))

    return write
