"""The log socket: a child's structured log records, one JSON message each."""

import msgspec

from droas_common.wire.calls import Json
from droas_common.wire.frames import decode


class LogRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One log line of a child; already redacted where it was made.

    Args:
        at: unix seconds.
        level: loguru's level name.
        event: a constant of the code, never a user's text.
        fields: the data of the event.
        trace_id: the work that it belongs to.
        exception: the formatted traceback, "" without one.
    """

    at: float
    level: str
    event: str
    fields: Json = {}
    trace_id: str | None = None
    exception: str = ""


_records = msgspec.json.Decoder(LogRecord)


def read_record(frame: bytes) -> LogRecord:
    """Read a log record; raises FrameError."""
    return decode(frame, _records)
