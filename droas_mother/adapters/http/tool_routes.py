"""The routes of tools and external clients."""

from droas_mother.adapters.http.asked import Parameter
from droas_mother.adapters.http.route import Route
from droas_mother.core.answers.tool_answers import (
    ClientPage,
    ClientReport,
    ClientWanted,
    Credential,
    ToolCall,
    ToolCalled,
    ToolPage,
)

TOOL_ROUTES = (
    Route(
        operation="listTools",
        path="/v1/tools",
        summary="Give all tools with the JSON Schema of their arguments",
        answer=ToolPage,
        handle=lambda desk, asked: desk.counter.tools(uid=asked.uid),
        statuses=(503,),
    ),
    Route(
        operation="callTool",
        method="POST",
        path="/v1/tools/call",
        summary="Call a tool as the user that asks, who may call all of them; once for each idempotency key",
        answer=ToolCalled,
        body=ToolCall,
        handle=lambda desk, asked: desk.counter.call(asked.body, uid=asked.uid),
        statuses=(400, 413, 503),
    ),
    Route(
        operation="listClients",
        path="/v1/clients",
        summary="Give the external clients, revoked ones too",
        answer=ClientPage,
        handle=lambda desk, _asked: desk.clients.clients(),
        statuses=(503,),
    ),
    Route(
        operation="addClient",
        method="POST",
        path="/v1/clients",
        summary="Add an external client; its secret key is told in this answer and kept nowhere",
        answer=Credential,
        body=ClientWanted,
        handle=lambda desk, asked: desk.clients.add(asked.body, uid=asked.uid),
        statuses=(400, 409, 503),
    ),
    Route(
        operation="revokeClient",
        method="POST",
        path="/v1/clients/{name}/revoke",
        summary="Hear nothing more of an external client, from this moment on",
        answer=ClientReport,
        handle=lambda desk, asked: desk.clients.revoke(asked["name"], uid=asked.uid),
        parameters=(Parameter(name="name", kind="text", place="path", words="the client"),),
        statuses=(404, 409, 503),
    ),
)
