"""Names of things that travel between processes.

Discord's snowflakes are kept as decimal strings everywhere inside DROAS: they are opaque, they are
unsigned 64 bit, and JSON readers in other languages lose digits above 2**53.
"""

import secrets
from typing import NewType

BotName = NewType("BotName", str)
"""A child's name: the stem of its configuration file."""

Snowflake = NewType("Snowflake", str)
"""A Discord id: guild, channel, user, message, role."""

TraceId = NewType("TraceId", str)
"""32 lower-case hex digits, as in W3C trace context."""

BOT_NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"
"""What a bot may be called: it names topics, files and metrics, so it stays plain."""


def new_trace_id() -> TraceId:
    """Give a fresh random trace id (never all zeros, which W3C calls invalid)."""
    while True:
        trace_id = secrets.token_hex(16)
        if trace_id.strip("0"):
            return TraceId(trace_id)
