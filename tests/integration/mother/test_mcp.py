"""The tools over the Model Context Protocol: its own client, over stdio, before a real gateway."""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import anyio
import pytest
import zmq
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from msgspec.structs import replace

from droas_common.credentials import Credential
from droas_common.following_tool_client import FollowingToolClient
from droas_common.wire.calls import CallError, CallParams
from droas_mother.offline.__main__ import main
from droas_mother.offline.mcp import ClientCaller
from tests.support.admin import DROASCTL
from tests.support.bench_of_tools import ADA
from tests.support.office import PlayedOffice, office


@pytest.fixture
async def place(short_tmp: Path, database_url: str) -> AsyncIterator[PlayedOffice]:
    """Give an admin interface before a running gateway."""
    async with office(short_tmp, database_url) as made:
        yield made


@asynccontextmanager
async def host(*arguments: str) -> AsyncIterator[Client]:
    """Be a host of the protocol that has started `droasctl mcp`."""
    server = StdioServerParameters(command=str(DROASCTL), args=list(arguments))
    async with Client(stdio_client(server)) as client:
        yield client


async def test_a_host_gets_what_the_client_may(place: PlayedOffice) -> None:
    """Tools, results, refusals and keys are those of the client whose credential it has; all is audited."""
    file = str(place.bench.folder / "shop.json")
    scope = ("--scope", "economy.balance", "--scope", "economy.transfer", "--guild", "1")
    code, _, _ = await place.ctl("client", "add", "shop", *scope, "--rate", "0.001/s", "--out", file)
    assert code == 0
    async with host("mcp", "--credential", file, "--user", "10", "--guild", "1", "--timeout", "1") as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["economy.balance", "economy.transfer"]
        assert tools["economy.transfer"].annotations.read_only_hint is False  # type: ignore[union-attr]  # it is there
        given = {"to_user_id": "11", "amount": 30}
        first = await client.call_tool("economy.transfer", given, meta={"idempotencyKey": "order-1"})
        again = await client.call_tool("economy.transfer", given, meta={"idempotencyKey": "order-1"})
        assert (first.structured_content, first.is_error) == (again.structured_content, False)
        assert json.loads(first.content[0].text)["balance"] == 70  # type: ignore[union-attr]  # it is text
        assert [one.meta["replayed"] for one in (first, again) if one.meta] == [False, True]
        faults = [
            await client.call_tool("users.profile", {}),
            await client.call_tool("economy.transfer", given, meta={"idempotencyKey": 5}),
            await client.call_tool("economy.balance", {}, meta={"actor": {"userId": "10", "guildId": "2"}}),
            await client.call_tool("economy.balance", {}, meta={"deadlineUnixMs": 1}),
            await client.call_tool("economy.balance", {}),
        ]
    assert all(one.is_error for one in faults)
    told = [one.structured_content["error"] for one in faults]
    assert [one["kind"] for one in told] == ["denied", "invalid_params", "denied", "late", "limited"]
    assert (told[1]["path"], told[4]["code"]) == ("$._meta.idempotencyKey", -32005)
    assert told[4]["retry_after_ms"] > 1_000
    rows = place.bench.reader.newest_audit(10, kind="tool")
    assert {row["caller"] for row in rows} == {"client:shop"}
    assert [row["outcome"] for row in rows][:3] == ["ok", "denied", "denied"]


async def test_a_host_may_be_the_user_at_the_machine(place: PlayedOffice) -> None:
    """Without a credential it calls over the admin interface; a tool that says no is an error to read."""
    socket = str(place.town.socket)
    async with host("--socket", socket, "mcp", "--user", ADA.user_id, "--guild", "1") as client:
        assert len((await client.list_tools()).tools) > 10
        refused = await client.call_tool("economy.transfer", {"to_user_id": "11", "amount": 500})
        wrong = await client.call_tool("economy.transfer", {"to_user_id": "11"})
        await place.town.server.stop()
        gone = await client.call_tool("economy.balance", {})
        with pytest.raises(MCPError, match="no mother runs"):
            await client.list_tools(cache_mode="refresh")
    assert (refused.is_error, refused.structured_content["refused"]) == (True, "insufficient_funds")
    assert (wrong.is_error, wrong.structured_content["error"]["kind"]) == (True, "invalid_params")
    assert gone.structured_content["error"]["retry_after_ms"] == 1_000
    assert "no mother runs" in gone.content[0].text  # type: ignore[union-attr]  # it is text


async def test_a_cancelled_call_is_taken_back(short_tmp: Path) -> None:
    """When the host cancels, the mother is told so, by the id of the request."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = context.socket(zmq.ROUTER)
    server, secret = zmq.curve_keypair()
    router.curve_server, router.curve_secretkey = True, secret
    router.bind(endpoint := f"ipc://{short_tmp / 'tools.sock'}")
    public, private = (key.decode() for key in zmq.curve_keypair())
    beacon = short_tmp / "mother.json"
    beacon.write_text(json.dumps({"pid": 1, "start_ticks": 0, "server_key": server.decode()}))
    credential = {"name": "shop", "public_key": public, "secret_key": private, "endpoint": endpoint}
    file = short_tmp / "shop.json"
    file.write_text(json.dumps({**credential, "beacon": str(beacon)}))

    async def heard() -> Any:
        assert await asyncio.to_thread(router.poll, 10_000)
        return json.loads(router.recv_multipart()[-1])

    async with host("mcp", "--credential", str(file)) as client, anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(client.call_tool, "economy.daily")
            call = await heard()
            group.cancel_scope.cancel()
            scope.cancel()
        with anyio.CancelScope(shield=True):
            cancel = await heard()
    context.destroy(linger=0)
    assert (call["method"], call["params"]["name"]) == ("tools/call", "economy.daily")
    assert (cancel["method"], cancel["params"]) == ("calls/cancel", {"requestId": call["id"]})


async def test_a_mother_whose_key_is_not_known_is_said_to_be_so(short_tmp: Path) -> None:
    """Without a beacon nobody can be reached; what the host reads names the file that is missing."""
    public, private = (key.decode() for key in zmq.curve_keypair())
    beacon = str(short_tmp / "mother.json")
    endpoint = f"ipc://{short_tmp / 'tools.sock'}"
    credential = Credential(public_key=public, secret_key=private, endpoint=endpoint, beacon=beacon)
    async with FollowingToolClient(endpoint, credential.present_keys) as client:
        said = await ClientCaller(client, timeout_s=0.1).call(CallParams(name="economy.daily"))
    assert isinstance(said, CallError)
    assert said.message.startswith(f"{beacon}: no mother's key can be read there")
    (short_tmp / "mother.json").write_text(json.dumps({"pid": 1, "start_ticks": 0, "server_key": public}))
    public, private = (key.decode() for key in zmq.curve_keypair())
    unanswered = replace(credential, public_key=public, secret_key=private)
    async with FollowingToolClient(endpoint, unanswered.present_keys) as client:
        said = await ClientCaller(client, timeout_s=0.1).call(CallParams(name="economy.daily"))
    assert isinstance(said, CallError)
    assert "`droasctl client list` shows who is revoked" in said.message


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 69, "pip install 'droas[mcp]'"),
        (("--credential", "/nowhere.json"), 66, "/nowhere.json: cannot be read"),
        (("--credential", __file__), 65, f"{__file__}: this is no credential"),
        (("--guild", "1"), 64, "--user"),
    ],
)
def test_mistakes_are_said(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """An extra that is not installed, a credential that is not there: words and an exit code, no traceback."""
    if not arguments:
        monkeypatch.setitem(sys.modules, "mcp_types", None)
        monkeypatch.delitem(sys.modules, "droas_mother.adapters.mcp_server", raising=False)
    monkeypatch.setattr(sys, "argv", ["droasctl", "mcp", *arguments])
    with redirect_stderr(io.StringIO()) as err, pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, words in err.getvalue()) == (code, True)
    assert "Traceback" not in err.getvalue()
