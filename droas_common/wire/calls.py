"""Tool calls on the wire: JSON-RPC 2.0 with the field names of the Model Context Protocol.

A caller sends one request per ZeroMQ message and gets one response per request, matched by `id`.
Methods: `tools/list`, `tools/call`, `calls/status`, `calls/cancel`, `ping`.

Source: JSON-RPC 2.0 specification; Model Context Protocol, tools.
"""

import itertools
from enum import IntEnum, StrEnum
from typing import Annotated, Any

import msgspec

from droas_common.ids import Snowflake
from droas_common.wire.frames import FrameError, decode, encode
from droas_common.wire.plain_texts import fitting

Json = dict[str, Any]
RequestId = str | int

MAX_NAME_LENGTH = 96
MAX_KEY_LENGTH = 128
MAX_ID_LENGTH = 20

Name = Annotated[
    str, fitting(f"[ -~]{{1,{MAX_NAME_LENGTH}}}", f"a name has 1 to {MAX_NAME_LENGTH} plain characters")
]
Key = Annotated[
    str, fitting(f"[ -~]{{1,{MAX_KEY_LENGTH}}}", f"a key has 1 to {MAX_KEY_LENGTH} plain characters")
]
DiscordId = Annotated[
    Snowflake,
    fitting(
        f"[1-9][0-9]{{0,{MAX_ID_LENGTH - 1}}}",
        f"a Discord id has 1 to {MAX_ID_LENGTH} digits, the first of which is not 0",
    ),
]
"""As everything that is written down: no database takes all that a JSON string may hold."""

MAX_CALL_BYTES = 16 * 1024
"""The parameters of a call as they are in the frame; no tool takes a quarter of that."""

MAX_DEPTH = 32
"""Arrays and objects inside one another in the arguments of a call, which are the only part without a type."""

MAX_BRACKETS = 1_024
"""Opening brackets in the parameters of a call, also within texts: thousands of arrays would take long to read."""


class Method(StrEnum):
    """What can be asked of the tool gateway."""

    LIST = "tools/list"
    CALL = "tools/call"
    STATUS = "calls/status"
    CANCEL = "calls/cancel"
    PING = "ping"


class ErrorCode(IntEnum):
    """JSON-RPC error codes; those from -32000 down are ours, `ErrorData.kind` says them in words."""

    PARSE = -32700
    INVALID_REQUEST = -32600
    UNKNOWN_METHOD = -32601
    INVALID_PARAMS = -32602
    INTERNAL = -32603
    DENIED = -32001
    LATE = -32002
    OVERLOADED = -32003
    CONFLICT = -32004
    LIMITED = -32005
    UNAVAILABLE = -32006
    UNPROVEN = -32007
    CANCELLED = -32008


class Actor(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """On whose behalf a child calls: the Discord user whose message it answers. Set by code, never by a model."""

    user_id: DiscordId
    guild_id: DiscordId | None = None
    channel_id: DiscordId | None = None
    message_id: DiscordId | None = None


class CallMeta(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a call carries beside its arguments.

    Args:
        actor: the Discord user asked for.
        deadline_unix_ms: after this moment the caller no longer waits, and the call is not started.
        idempotency_key: time-ordered and unique for the caller; the same key is executed once.
        traceparent: W3C trace context.
    """

    actor: Actor | None = None
    deadline_unix_ms: int | None = None
    idempotency_key: Key | None = None
    traceparent: str | None = None


class CallParams(msgspec.Struct, frozen=True):
    """The parameters of `tools/call`."""

    name: Name
    arguments: Json = {}
    meta: CallMeta = msgspec.field(name="_meta", default=CallMeta())


class StatusParams(msgspec.Struct, frozen=True, rename="camel"):
    """The parameters of `calls/status`: which call is asked about."""

    idempotency_key: Key


class CancelParams(msgspec.Struct, frozen=True, rename="camel"):
    """The parameters of `calls/cancel`: the id of the request that is not wanted any more."""

    request_id: RequestId


class Request(msgspec.Struct, frozen=True):
    """One JSON-RPC request; `params` is read by the method that it names."""

    jsonrpc: str
    id: RequestId
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


class ErrorData(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a machine can do about an error."""

    kind: str
    retry_after_ms: int | None = None
    path: str | None = None


class CallError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a call got no result."""

    code: int
    message: str
    data: ErrorData | None = None


class ToolResult(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a tool gave.

    `is_error` means that the tool ran and refuses in words that a model may read (too few coins);
    `replayed` means that this is the stored result of an earlier call with the same key.
    """

    structured_content: Json
    content: list[Json] = []
    is_error: bool = False
    replayed: bool = False

    @property
    def text(self) -> str:
        """What a model reads: the first content, which is the structured one as JSON."""
        return str(self.content[0]["text"]) if self.content else encode(self.structured_content).decode()


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """One JSON-RPC response: exactly one of `result` (empty when absent) and `error` is there."""

    id: RequestId | None
    jsonrpc: str = msgspec.field(default="2.0")
    result: msgspec.Raw = msgspec.Raw()
    error: CallError | None = None


class ToolDescription(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One tool as `tools/list` tells of it; `input_schema` is JSON Schema 2020-12."""

    name: str
    description: str
    input_schema: Json
    annotations: Json = {}


class ToolList(msgspec.Struct, frozen=True):
    """The result of `tools/list`: the tools that this caller may call, by name."""

    tools: list[ToolDescription]


_requests = msgspec.json.Decoder(Request)
_responses = msgspec.json.Decoder(Response)
_call_params = msgspec.json.Decoder(CallParams)
_status_params = msgspec.json.Decoder(StatusParams)
_cancel_params = msgspec.json.Decoder(CancelParams)
_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_results = msgspec.json.Decoder(ToolResult)
_lists = msgspec.json.Decoder(ToolList)


def read_request(frame: bytes) -> Request:
    """Read a request; raises FrameError."""
    return decode(frame, _requests)


def read_response(frame: bytes) -> Response:
    """Read a response; raises FrameError."""
    return decode(frame, _responses)


def read_call(params: msgspec.Raw) -> CallParams:
    """Read the parameters of `tools/call`; raises FrameError."""
    raw = bytes(params)
    if len(raw) > MAX_CALL_BYTES:
        raise FrameError(f"a call has at most {MAX_CALL_BYTES} bytes of parameters - at `$`")
    brackets = raw.count(b"{") + raw.count(b"[")
    if brackets > MAX_BRACKETS:
        raise FrameError(f"a call has at most {MAX_BRACKETS} opening brackets - at `$`")
    found = decode(raw, _call_params)
    if brackets > MAX_DEPTH:
        _check_depth(found.arguments)
    return found


def read_status(params: msgspec.Raw) -> StatusParams:
    """Read the parameters of `calls/status`; raises FrameError."""
    return decode(bytes(params), _status_params)


def _check_depth(arguments: Json) -> None:
    level: list[Any] = [arguments]
    for _ in range(MAX_DEPTH):
        inside = itertools.chain.from_iterable(one.values() if type(one) is dict else one for one in level)
        level = [value for value in inside if type(value) in (dict, list)]
        if not level:
            return
    raise FrameError(f"arguments nest deeper than {MAX_DEPTH} levels - at `$.arguments`")


def check_object(params: msgspec.Raw) -> None:
    """Check the parameters of a method that takes none: an object; raises FrameError."""
    decode(bytes(params), _objects)


def read_cancel(params: msgspec.Raw) -> CancelParams:
    """Read the parameters of `calls/cancel`; raises FrameError."""
    return decode(bytes(params), _cancel_params)


def read_result(result: msgspec.Raw) -> ToolResult:
    """Read the result of `tools/call`; raises FrameError."""
    return decode(bytes(result), _results)


def read_tools(result: msgspec.Raw) -> list[ToolDescription]:
    """Read the result of `tools/list`; raises FrameError."""
    return decode(bytes(result), _lists).tools


def request_frame(request_id: RequestId, method: Method, params: object) -> bytes:
    """Write a request."""
    return encode({"jsonrpc": "2.0", "id": request_id, "method": method.value, "params": params})


def result_frame(request_id: RequestId, result: object) -> bytes:
    """Write the response to a request that succeeded."""
    return encode({"jsonrpc": "2.0", "id": request_id, "result": result})


def error_frame(request_id: RequestId | None, error: CallError) -> bytes:
    """Write the response to a request that failed; the id is null when it could not be read."""
    return encode({"jsonrpc": "2.0", "id": request_id, "error": error})
