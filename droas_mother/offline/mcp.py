"""`droasctl mcp`: the tools for a host of the Model Context Protocol, as a client or as the user at the machine."""

import asyncio
import time
from argparse import Namespace

import msgspec

from droas_common.errors import DroasError, ExitCode, OutsideError, RequestError, UsageError
from droas_common.following_tool_client import FollowingToolClient
from droas_common.tool_client import ToolCallError, ToolUnavailableError
from droas_common.tracing import trace, trace_id_of
from droas_common.wire.calls import (
    Actor,
    CallError,
    CallParams,
    ErrorCode,
    ErrorData,
    ToolDescription,
    ToolResult,
)
from droas_mother.core.answers.tool_answers import ToolCalled, ToolPage
from droas_mother.ctl.client import Client, NoMotherError, RefusedError, find_socket

_LIST_TIMEOUT_S = 5.0
_RETRY_MS = 1_000


class MissingExtraError(RequestError):
    """An optional library is not installed."""

    exit_code = ExitCode.UNAVAILABLE


class ClientCaller:
    """Calls as an external client, over ZeroMQ.

    Args:
        client: calls, and follows the mothers that come.
        timeout_s: seconds for one call with all its tries.
    """

    def __init__(self, client: FollowingToolClient, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s

    async def tools(self) -> list[ToolDescription]:
        """Give the tools that may be called; raises OutsideError."""
        return await self._client.list_tools(timeout_s=_LIST_TIMEOUT_S)

    async def call(self, wanted: CallParams) -> ToolResult | CallError:
        """Call one until there is an answer, or no time is left; whoever is cancelled takes the call back."""
        deadline_ms, timeout_s = wanted.meta.deadline_unix_ms, self._timeout_s
        if deadline_ms is not None:
            timeout_s = min(timeout_s, deadline_ms / 1000 - time.time())
        try:
            with trace(trace_id_of(wanted.meta.traceparent)):
                return await self._client.call(
                    wanted.name,
                    wanted.arguments,
                    actor=wanted.meta.actor,
                    timeout_s=max(timeout_s, 0.0),
                    idempotency_key=wanted.meta.idempotency_key,
                )
        except ToolCallError as error:
            return error.error or _error(ErrorCode.INVALID_REQUEST, error.kind, str(error))
        except ToolUnavailableError as error:
            return error.error or _unavailable(str(error))


class OperatorCaller:
    """Calls as the user of this machine that one is, over the admin interface.

    Args:
        socket_path: the mother's admin socket.
        timeout_s: seconds for one call.
    """

    def __init__(self, socket_path: str, timeout_s: float) -> None:
        self._socket_path = socket_path
        self._timeout_s = timeout_s

    async def tools(self) -> list[ToolDescription]:
        """Give all tools; raises OutsideError."""
        try:
            with Client(self._socket_path) as client:
                page = await asyncio.to_thread(client.get, "/v1/tools", timeout_s=_LIST_TIMEOUT_S)
        except (NoMotherError, RefusedError) as error:
            raise OutsideError(str(error)) from error
        return msgspec.convert(page, ToolPage).tools

    async def call(self, wanted: CallParams) -> ToolResult | CallError:
        """Call one; it is served at once, so there is nothing to take back."""
        actor = wanted.meta.actor
        body = {
            "name": wanted.name,
            "arguments": wanted.arguments,
            "guild_id": actor.guild_id if actor else None,
            "user_id": actor.user_id if actor else None,
            "idempotency_key": wanted.meta.idempotency_key,
        }
        try:
            with Client(self._socket_path) as client:
                value = await asyncio.to_thread(
                    client.post, "/v1/tools/call", timeout_s=self._timeout_s, body=body
                )
        except NoMotherError as error:
            return _unavailable(str(error))
        except RefusedError as error:
            if error.status in (503, 500):
                return _unavailable(str(error))
            return _error(ErrorCode.INVALID_PARAMS, "invalid_params", str(error))
        return _told(msgspec.convert(value, ToolCalled))


def _told(called: ToolCalled) -> ToolResult | CallError:
    fault = called.error
    if fault is not None:
        data = ErrorData(kind=fault.kind, retry_after_ms=fault.retry_after_ms, path=fault.path)
        return CallError(code=fault.code, message=fault.message, data=data)
    return ToolResult(
        structured_content=called.structured_content or {},
        is_error=called.is_error,
        replayed=called.replayed,
    )


def _unavailable(words: str) -> CallError:
    return _error(ErrorCode.UNAVAILABLE, "unavailable", words, retry_after_ms=_RETRY_MS)


def _error(code: ErrorCode, kind: str, words: str, *, retry_after_ms: int | None = None) -> CallError:
    return CallError(code=code, message=words, data=ErrorData(kind=kind, retry_after_ms=retry_after_ms))


def _serve(arguments: Namespace) -> int:
    try:
        from droas_mother.adapters.mcp_server import McpServer, ToolCaller  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(
            f"the Model Context Protocol needs a library that is not installed ({error.name}); "
            "install it with: pip install 'droas[mcp]'"
        ) from None
    if arguments.guild and not arguments.user:
        raise UsageError("--guild is of use with --user only")
    actor = Actor(user_id=arguments.user, guild_id=arguments.guild) if arguments.user else None

    async def serve_as(caller: ToolCaller) -> None:
        await McpServer(caller, actor).run()

    async def serve() -> None:
        if not arguments.credential:
            await serve_as(OperatorCaller(find_socket(arguments.socket), arguments.timeout))
            return
        async with FollowingToolClient.from_credential(arguments.credential) as client:
            await serve_as(ClientCaller(client, arguments.timeout))

    try:
        asyncio.run(serve())
    except ExceptionGroup as group:
        for one in group.exceptions:
            if isinstance(one, DroasError):
                raise one from None
        raise
    return ExitCode.OK


ACTIONS = {"": _serve}
