"""The tools over the Model Context Protocol, on standard input and output.

Every refusal is a tool result with `isError`, whose structured content says what a machine can do about it;
a host's model reads the words. Source: Model Context Protocol, 2025-11-25 and 2026-07-28, server/tools.
"""

import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Protocol

import mcp_types as types
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from droas_common.errors import OutsideError
from droas_common.tool_retries import fresh_key
from droas_common.wire.calls import (
    Actor,
    CallError,
    CallMeta,
    CallParams,
    ErrorCode,
    ErrorData,
    ToolDescription,
    ToolResult,
)

_INSTRUCTIONS = (
    "Tools of a Discord community: its coins and its members. Amounts are whole coins. A result with isError "
    "says in `error` why; with `retry_after_ms` the same call may be made again, under the same idempotency key."
)
_META = frozenset(CallMeta.__struct_encode_fields__)

Context = ServerRequestContext[Any, Any]


class ToolCaller(Protocol):
    """The way to the mother's tools."""

    async def tools(self) -> list[ToolDescription]:
        """Give the tools that may be called; raises OutsideError."""
        ...

    async def call(self, wanted: CallParams) -> ToolResult | CallError:
        """Call one until there is an answer, or no time is left."""
        ...


class McpServer:
    """Serves one host.

    Args:
        caller: the way to the tools.
        actor: for whom is called, unless the host says so in `_meta`.
    """

    def __init__(self, caller: ToolCaller, actor: Actor | None) -> None:
        self._caller = caller
        self._actor = actor
        self._server: Server[Any] = Server(
            "droas",
            version=version("droas"),
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def run(self) -> None:
        """Serve until the host closes its end."""
        async with stdio_server() as (reading, writing):
            await self._server.run(reading, writing, self._server.create_initialization_options())

    async def _list(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        try:
            tools = await self._caller.tools()
        except OutsideError as error:
            raise MCPError(ErrorCode.UNAVAILABLE, str(error)) from error
        return types.ListToolsResult(tools=[_tool(one) for one in tools])

    async def _call(self, _context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        meta = _meta(params.meta or {}, self._actor)
        if isinstance(meta, CallError):
            return _refused(meta, None)
        deadline_ms = meta.deadline_unix_ms
        if deadline_ms is not None and deadline_ms <= time.time() * 1000:
            data = ErrorData(kind="late")
            words = "the deadline had passed before the call began"
            return _refused(CallError(code=ErrorCode.LATE, message=words, data=data), meta.idempotency_key)
        wanted = CallParams(name=params.name, arguments=params.arguments or {}, meta=meta)
        answer = await self._caller.call(wanted)
        key = meta.idempotency_key
        return _refused(answer, key) if isinstance(answer, CallError) else _result(answer, key)


def _meta(given: Mapping[str, Any], actor: Actor | None) -> CallMeta | CallError:
    """Read what a host may say of a call: the names are those of the tool protocol."""
    try:
        meta = msgspec.convert({name: given[name] for name in _META & given.keys()}, CallMeta)
    except msgspec.ValidationError as fault:
        words, _, path = str(fault).partition(" - at `")
        place = f"$._meta{path.rstrip('`').removeprefix('$')}"
        data = ErrorData(kind="invalid_params", path=place)
        return CallError(code=ErrorCode.INVALID_PARAMS, message=words, data=data)
    return msgspec.structs.replace(
        meta, actor=meta.actor or actor, idempotency_key=meta.idempotency_key or fresh_key()
    )


def _tool(one: ToolDescription) -> types.Tool:
    hints = one.annotations
    return types.Tool(
        name=one.name,
        description=one.description,
        input_schema=one.input_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=hints.get("readOnlyHint"),
            idempotent_hint=hints.get("idempotentHint"),
            open_world_hint=False,
        ),
    )


def _result(answer: ToolResult, key: str | None) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=answer.text)],
        structured_content=answer.structured_content,
        is_error=answer.is_error,
        _meta={"idempotencyKey": key, "replayed": answer.replayed},
    )


def _refused(error: CallError, key: str | None) -> types.CallToolResult:
    data = error.data or ErrorData(kind="error")
    told: dict[str, Any] = {"code": error.code, "kind": data.kind, "message": error.message}
    words = f"{data.kind}: {error.message}"
    if data.path is not None:
        told["path"] = data.path
        words += f" (at {data.path})"
    if data.retry_after_ms is not None:
        told["retry_after_ms"] = data.retry_after_ms
        words += f"; try again in {data.retry_after_ms / 1000:g} s"
    return types.CallToolResult(
        content=[types.TextContent(text=words)],
        structured_content={"error": told},
        is_error=True,
        _meta={"idempotencyKey": key} if key is not None else None,
    )
