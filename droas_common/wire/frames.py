"""Bytes of the ZeroMQ sockets: sizes, JSON coding, and the one way in which foreign bytes are refused.

Every message is JSON in UTF-8. Nothing that arrives is trusted: it is bounded before it is decoded and
typed while it is decoded.
"""

import re

import msgspec

from droas_common.errors import RequestError

MAX_FRAME_BYTES = 64 * 1024
"""A tool call, a heartbeat or a log record larger than this is refused by the socket itself."""

MAX_EVENT_BYTES = 1024 * 1024
"""A snapshot of the configuration may be larger than a call."""

MAX_DEPTH = 32
"""Arrays and objects inside one another; deeper frames are refused before they cost anything."""

_encoder = msgspec.json.Encoder()
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(rb"[\[\]{}]")


class FrameError(RequestError):
    """Bytes arrived that are no message of ours; the text says which part is wrong and why."""


def encode(message: object) -> bytes:
    """Write a message (a struct of this package, or plain JSON values) as compact JSON."""
    return _encoder.encode(message)


def decode[T](frame: bytes, decoder: msgspec.json.Decoder[T], *, limit: int = MAX_FRAME_BYTES) -> T:
    """Read one message.

    Args:
        frame: the bytes as they came.
        decoder: a typed decoder; what does not fit its type is refused.
        limit: the most bytes accepted.

    Raises:
        FrameError: too long, too deep, not JSON, or not of the type; the text has the path of the fault.
    """
    if len(frame) > limit:
        raise FrameError(f"the frame has {len(frame)} bytes, more than the {limit} allowed")
    if depth_of(frame) > MAX_DEPTH:
        raise FrameError(f"the frame nests deeper than {MAX_DEPTH} levels")
    return decode_part(frame, decoder)


def decode_part[T](part: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Read a part of a message that was read before, and so is bounded; raises FrameError."""
    try:
        return decoder.decode(part)
    except msgspec.ValidationError as error:
        raise FrameError(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}") from error


def depth_of(frame: bytes) -> int:
    """Give how deep brackets nest in these bytes, brackets inside strings left out."""
    deepest = depth = 0
    if frame.count(b"{") + frame.count(b"[") <= MAX_DEPTH:
        return 0  # too few brackets to be too deep: the common case costs two scans in C
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", frame)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
