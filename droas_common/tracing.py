"""The trace id of the work at hand, as W3C trace context carries it between processes.

Source: W3C Trace Context, level 1 (`traceparent: 00-<32 hex>-<16 hex>-<2 hex>`).
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from droas_common.ids import TraceId, new_trace_id

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
_current: ContextVar[TraceId | None] = ContextVar("droas_trace_id", default=None)


def current_trace_id() -> TraceId | None:
    """Give the trace id of the work that this task does, if it has one."""
    return _current.get()


@contextmanager
def trace(trace_id: TraceId | None = None) -> Iterator[TraceId]:
    """Do the enclosed work under one trace id (a fresh one unless given)."""
    chosen = trace_id or new_trace_id()
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)


def traceparent(trace_id: TraceId) -> str:
    """Write the header that carries this trace id to another process."""
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"


def trace_id_of(header: str | None) -> TraceId | None:
    """Read the trace id out of a traceparent; None when it is absent, malformed or all zeros."""
    match = _TRACEPARENT.match(header) if header else None
    if match is None or not match.group(1).strip("0"):
        return None
    return TraceId(match.group(1))
