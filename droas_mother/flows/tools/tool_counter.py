"""Tools for people at the machine: the same desk, the same audit, called through the admin interface."""

from http import HTTPStatus
from typing import Any

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.wire.calls import (
    Actor,
    CallError,
    CallMeta,
    CallParams,
    Method,
    read_call,
    read_request,
    read_response,
    read_result,
    read_tools,
    request_frame,
)
from droas_common.wire.frames import FrameError
from droas_mother.core.answers.admin_answers import Refusal
from droas_mother.core.answers.tool_answers import ToolCall, ToolCalled, ToolFault, ToolPage
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.ports import Writer

Answer = tuple[int, Any]


class ToolCounter:
    """Calls tools on behalf of users of this machine, who may call all of them.

    Args:
        desk: serves calls.
        writer: the gateway, in whose thread they are served.
    """

    def __init__(self, desk: ToolDesk, writer: Writer) -> None:
        self._desk = desk
        self._writer = writer

    async def tools(self, *, uid: int) -> Answer:
        """List all tools."""
        try:
            answer = await self._serve(request_frame(1, Method.LIST, {}), uid)
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=str(error))
        return HTTPStatus.OK, ToolPage(tools=read_tools(read_response(answer).result))

    async def call(self, wanted: ToolCall, *, uid: int) -> Answer:
        """Call one; what the tool or the gateway refuses is an answer, too."""
        actor = None
        if wanted.user_id is not None:
            guild_id = Snowflake(wanted.guild_id) if wanted.guild_id is not None else None
            actor = Actor(user_id=Snowflake(wanted.user_id), guild_id=guild_id)
        elif wanted.guild_id is not None:
            return HTTPStatus.BAD_REQUEST, Refusal(error="guild_id is of use with user_id only")
        meta = CallMeta(actor=actor, idempotency_key=wanted.idempotency_key)
        params = CallParams(name=wanted.name, arguments=wanted.arguments, meta=meta)
        try:
            answer = await self._serve(request_frame(1, Method.CALL, params), uid)
        except FrameError as error:
            return HTTPStatus.BAD_REQUEST, Refusal(error=str(error))
        except OutsideError as error:
            words = f"{error}; try again with the same key, it is done once at most"
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=words)
        return HTTPStatus.OK, _told(answer, wanted.idempotency_key)

    async def _serve(self, frame: bytes, uid: int) -> bytes:
        request = read_request(frame)
        params = read_call(request.params) if request.method == Method.CALL else None
        principal = Principal(kind=PrincipalKind.OPERATOR, name=str(uid), tools=("*",))
        return await self._writer.do(
            lambda batch, now_us: self._desk.serve(request, params, principal, batch, now_us=now_us)
        )


def _told(answer: bytes, key: str | None) -> ToolCalled:
    response = read_response(answer)
    if response.error is not None:
        return ToolCalled(
            idempotency_key=key,
            structured_content=None,
            is_error=True,
            replayed=False,
            error=_fault(response.error),
        )
    result = read_result(response.result)
    return ToolCalled(
        idempotency_key=key,
        structured_content=result.structured_content,
        is_error=result.is_error,
        replayed=result.replayed,
        error=None,
    )


def _fault(error: CallError) -> ToolFault:
    data = error.data
    return ToolFault(
        code=error.code,
        kind=data.kind if data else "error",
        message=error.message,
        path=data.path if data else None,
        retry_after_ms=data.retry_after_ms if data else None,
    )
