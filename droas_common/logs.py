"""Logs: loguru, one JSON object a line, redacted once before every sink.

An event's name is a constant and its data are fields: `log.info("child_ready", bot=name)`. Text of users
never stands in the first argument.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

from droas_common.redaction import Redactor
from droas_common.tracing import current_trace_id
from droas_common.wire.frames import encode
from droas_common.wire.records import LogRecord

if TYPE_CHECKING:
    from loguru import Message, Record

Sink = Callable[[LogRecord], None]
log = logger
redactor = Redactor()
"""The process's one redactor; secrets are made known to it as soon as they are read."""

_OWN_FIELD = "_safe"
_sinks: list[Sink] = []
_handlers: list[int] = []
_level: list[str] = []
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def start_logging(sinks: list[Sink], *, level: str = "INFO") -> None:
    """Send every log line of this process, the libraries' too, to these sinks and nowhere else."""
    logger.remove()
    _handlers.clear()
    logger.configure(patcher=_make_safe)
    _sinks[:] = sinks
    _add_handlers(level)
    logging.basicConfig(handlers=[_FromStandardLibrary()], level=logging.INFO, force=True)
    # At DEBUG nextcord and httpx write whole events and headers; at INFO httpx writes every URL.
    for name in (
        "alembic",
        "nextcord",
        "nextcord.gateway",
        "nextcord.http",
        "httpx",
        "httpcore",
        "aiohttp.access",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def set_level(level: str) -> None:
    """Write from this level on, from now on; what is no level changes nothing."""
    if level not in _LEVELS or [level] == _level:
        return
    before = _handlers.copy()
    _handlers.clear()
    _add_handlers(level)  # first, so that no line is lost; one may be written twice
    for handler in before:
        logger.remove(handler)


def _add_handlers(level: str) -> None:
    _handlers.extend(
        logger.add(_adapt(sink), level=level, format="{message}", backtrace=False, diagnose=False, catch=True)
        for sink in _sinks
    )
    _level[:] = [level]


def json_lines(stream: TextIO) -> Sink:
    """Write records as JSON lines, for journals and log shippers."""

    def write(record: LogRecord) -> None:
        stream.write(encode(record).decode() + "\n")
        stream.flush()

    return write


def readable_lines(stream: TextIO) -> Sink:
    """Write records as short lines, for a person at a terminal."""

    def write(record: LogRecord) -> None:
        stream.write(readable(record) + "\n")
        stream.flush()

    return write


def readable(record: LogRecord) -> str:
    """Give one record as a line for a person (more lines when it carries a traceback)."""
    moment = _clock_time(record.at)
    fields = " ".join(f"{key}={value}" for key, value in record.fields.items())
    tail = f"\n{record.exception.rstrip()}" if record.exception else ""
    return f"{moment} {record.level:<8} {record.event:<28} {fields}".rstrip() + tail


def stderr_sink() -> Sink:
    """Choose the form that suits standard error: lines for a terminal, JSON for everything else."""
    return readable_lines(sys.stderr) if sys.stderr.isatty() else json_lines(sys.stderr)


def _clock_time(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"


def _make_safe(record: "Record") -> None:
    """Redact everything of a record, once, before any sink sees it."""
    exception = record["exception"]
    formatted = ""
    if exception is not None and exception.value is not None:
        formatted = "".join(traceback.format_exception(exception.value, limit=-20))
    trace_id = current_trace_id()
    fields: dict[str, Any] = {key: value for key, value in record["extra"].items() if key != _OWN_FIELD}
    safe = LogRecord(
        at=record["time"].timestamp(),
        level=record["level"].name,
        event=redactor.text(record["message"])[:2000],
        fields=redactor.value(fields),
        trace_id=trace_id,
        exception=redactor.text(formatted)[-16_000:],
    )
    record["extra"] = {_OWN_FIELD: safe}
    record["message"] = safe.event
    record["exception"] = None


def _adapt(sink: Sink) -> "Callable[[Message], None]":
    def write(message: "Message") -> None:
        sink(message.record["extra"][_OWN_FIELD])

    return write


_FALSE_ALARM = "Can't keep up, shard ID"
"""nextcord says so whenever a heartbeat is acknowledged before the thread that sent it has run again: on every quick
connection. Missing acknowledgements are watched by `droas_common.discord_connection`."""

_BEGUN_TOKEN = re.compile(r"\bBot \S{1,8}(?=\[redacted\])")
"""nextcord shows the first characters of the token in its words about refused requests."""


class _FromStandardLibrary(logging.Handler):
    """Carries the libraries' own log lines over to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if _FALSE_ALARM in text:
            return
        bound = logger.bind(logger=record.name, text=_BEGUN_TOKEN.sub("Bot ", text))
        bound.opt(exception=record.exc_info).log(record.levelname, "library")
