"""Bytes of the ZeroMQ sockets: sizes, JSON coding, and the one way in which foreign bytes are refused.

Every message is JSON in UTF-8. Nothing that arrives is trusted: it is bounded before it is decoded and
typed while it is decoded.
"""

import msgspec

from droas_common.errors import RequestError
from droas_common.wire.plain_texts import in_words

MAX_FRAME_BYTES = 64 * 1024
"""A tool call, a heartbeat or a log record larger than this is refused by the socket itself."""

MAX_EVENT_BYTES = 1024 * 1024
"""A snapshot of the configuration may be larger than a call."""

_encoder = msgspec.json.Encoder()


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
        FrameError: too long, not JSON, or not of the type; the text has the path of the fault.
    """
    if len(frame) > limit:
        raise FrameError(f"the frame has {len(frame)} bytes, more than the {limit} allowed")
    try:
        return decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise FrameError(in_words(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrameError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise FrameError("the frame nests too deep to be read") from error
