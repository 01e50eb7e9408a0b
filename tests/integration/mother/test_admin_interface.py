"""The admin interface over a real Unix socket: what it says of itself is what it does."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator

from droas_common.errors import OutsideError
from droas_mother.adapters.http.openapi import document
from droas_mother.adapters.http.routes import ROUTES
from droas_mother.adapters.http.server import HttpServer
from droas_mother.adapters.http.streams import MAX_STREAMS
from droas_mother.core.supervision.lifecycle import State
from droas_mother.ctl.client import Client, RefusedError, Stream
from droas_mother.flows.mailbox import CAPACITY
from tests.support.admin import PlayedTown, asked, played_town

ROOT = Path(__file__).parents[3]
NOBODY = 65534
ANSWERS = {
    "/health": "/health",
    "/ready": "/ready",
    "/v1/bots": "/v1/bots",
    "/v1/bots/bot_01": "/v1/bots/{name}",
    "/v1/bots/bot_01/logs": "/v1/bots/{name}/logs",
    "/v1/events": "/v1/events",
    "/v1/events?after=0&bot=bot_02": "/v1/events",
    "/v1/audit?kind=command": "/v1/audit",
    "/v1/openapi.json": "/v1/openapi.json",
}


@pytest_asyncio.fixture
async def town(short_tmp: Path) -> AsyncIterator[PlayedTown]:
    """Give an interface before two bots."""
    async with played_town(short_tmp, "bot_01", "bot_02") as made:
        yield made


def check(value: Any, schema: dict[str, Any]) -> None:
    """Hold a value against a schema of the description."""
    Draft202012Validator({**schema, "components": document()["components"]}).validate(value)


def schema_of(path: str, method: str = "get", status: int = 200, kind: str = "application/json") -> Any:
    """Give the schema of an answer."""
    return document()["paths"][path][method]["responses"][str(status)]["content"][kind]["schema"]


async def lines(town: PlayedTown, path: str, count: int) -> list[Any]:
    """Give the first lines of a stream."""

    def read() -> list[Any]:
        with Client(town.socket) as client, client.stream(path) as stream:
            return [line for _, line in zip(range(count), stream.lines(), strict=False)]

    return await asyncio.to_thread(read)


def test_the_committed_description_is_current() -> None:
    """docs/openapi.json is what `make docs` would write."""
    assert json.loads((ROOT / "docs/openapi.json").read_text()) == document()


async def test_every_route_is_described(town: PlayedTown) -> None:
    """What the server routes is what the description has, no more and no less."""
    served = {
        (route.method.lower(), route.resource.canonical)
        for runner in town.server._runners
        for route in runner.app.router.routes()
        if route.method != "HEAD"
    }
    described = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    assert served == described
    assert (await asked(town, "GET", "/v1/openapi.json"))[1] == document()


@pytest.mark.parametrize(("path", "described"), ANSWERS.items())
async def test_answers_are_as_described(town: PlayedTown, path: str, described: str) -> None:
    """Every answer fits its schema and has no key that the schema does not know."""
    town.log("something")
    await asked(town, "POST", "/v1/bots/bot_02/restart?wait_s=5")
    status, value = await asked(town, "GET", path)
    assert status == 200
    schema = schema_of(described)
    check(value, schema)
    if "$ref" in schema:
        known = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
        assert value.keys() == known.keys()


@pytest.mark.parametrize("verb", ["stop", "start", "restart"])
async def test_commands_answer_as_described(town: PlayedTown, verb: str) -> None:
    """A command that waits says that its state was reached, one that does not says nothing of it."""
    status, value = await asked(town, "POST", f"/v1/bots/bot_01/{verb}?wait_s=5")
    assert (status, value["reached"]) == (200, True)
    check(value, schema_of("/v1/bots/{name}/{verb}", "post"))
    assert (await asked(town, "POST", f"/v1/bots/bot_02/{verb}"))[1]["reached"] is None


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/bots/bot_01/logs?count=many", 400, "count must be a whole number from 0 to 1000"),
        ("/v1/bots/bot_01/logs?count=1001", 400, "count must be"),
        ("/v1/bots/bot_01/logs?follow=1", 400, "follow must be true or false"),
        ("/v1/audit?kind=secret", 400, "kind must be one of tool, protection, command"),
        ("/v1/events?since=1", 400, "there is no parameter since"),
        ("/v1/events?bot=nobody", 404, "there is no bot named nobody"),
        ("/v1/bots/nobody", 404, "there is no bot named nobody"),
        ("/v1/bots/bot_01/start", 405, "Method Not Allowed"),
        ("/v2", 404, "Not Found"),
    ],
)
async def test_wrong_questions_are_refused_in_words(
    town: PlayedTown, path: str, status: int, words: str
) -> None:
    """What cannot be answered is refused as JSON that says why."""
    found, value = await asked(town, "GET", path)
    assert found == status
    assert words in value["error"]


async def test_unknown_names_in_a_body_are_refused(town: PlayedTown) -> None:
    """With a slip in its name a wish is not taken for unsaid, by no route that reads a body."""
    status, value = await asked(town, "POST", "/v1/config/apply", {"dry_rum": True})
    assert (status, "unknown field `dry_rum`" in value["error"]) == (400, True)
    assert all(one.body.__struct_config__.forbid_unknown_fields for one in ROUTES if one.body is not None)


async def test_every_command_is_audited_with_the_user_that_asked(town: PlayedTown) -> None:
    """The kernel's word, not the caller's, stands in the audit and in the events."""
    for verb in ("stop", "start", "restart"):
        await asked(town, "POST", f"/v1/bots/bot_01/{verb}")
    who = f"uid:{os.getuid()}"
    assert [(one.kind, one.caller, one.action) for one in town.audited] == [
        ("command", who, f"{verb} bot_01") for verb in ("stop", "start", "restart")
    ]
    _, value = await asked(town, "GET", "/v1/events")
    commands = [one for one in value["events"] if one["kind"] == "command"]
    assert [(one["verb"], one["uid"]) for one in commands] == [
        (verb, os.getuid()) for verb in ("stop", "start", "restart")
    ]


async def test_what_cannot_be_audited_is_not_done(town: PlayedTown) -> None:
    """A command that cannot be written down is refused, and the bot goes on."""
    town.disk_is_full = True
    status, value = await asked(town, "POST", "/v1/bots/bot_01/stop")
    assert (status, town["bot_01"].bot.wanted) == (503, True)
    assert "stop bot_01 was not done" in value["error"]


async def test_another_user_is_refused_everything(short_tmp: Path) -> None:
    """Who may not speak learns nothing and commands nothing."""
    async with played_town(short_tmp, "bot_01", may_speak=lambda _uid: False) as town:
        for method, path in (("GET", "/v1/bots"), ("GET", "/health"), ("POST", "/v1/bots/bot_01/stop")):
            status, value = await asked(town, method, path)
            assert (status, value) == (403, {"error": f"uid {os.getuid()} may not command this mother"})
        assert not town.audited


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_the_kernel_tells_who_asks(town: PlayedTown, short_tmp: Path) -> None:
    """A process of another user is refused by its credentials even where the socket's mode would let it in."""
    for path, mode in ((short_tmp, 0o755), (town.socket, 0o666)):
        await asyncio.to_thread(path.chmod, mode)
    program = (
        f"import os, socket; os.setuid({NOBODY}); s = socket.socket(socket.AF_UNIX); s.connect({str(town.socket)!r});"
        "s.sendall(b'GET /v1/bots HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n');"
        "print(b''.join(iter(lambda: s.recv(4096), b'')).decode())"
    )
    said = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("HTTP/1.1 403")
    assert f"uid {NOBODY} may not command this mother" in said.stdout


async def test_only_reading_is_served_over_tcp(town: PlayedTown) -> None:
    """Health is there for everybody, bots are not."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{town.server.port}", trust_env=False) as client:
        paths = ("/health", "/metrics", "/v1/bots")
        assert [(await client.get(path)).status_code for path in paths] == [200, 200, 404]


async def test_events_are_followed_from_the_past_on(town: PlayedTown) -> None:
    """First what was, then what happens, as described, numbered without a gap."""
    following = asyncio.create_task(lines(town, "/v1/events?count=4&follow=true", 7))
    await until_followed(town)
    town["bot_02"].end()
    await asked(town, "POST", "/v1/bots/bot_02/start")
    seen = await following
    for one in seen:
        check(one, schema_of("/v1/events", kind="application/x-ndjson"))
    numbers = [one["id"] for one in seen]
    assert numbers == list(range(numbers[0], numbers[0] + 7))
    assert [one.get("state") for one in seen] == [
        "starting",
        "ready",
        "starting",
        "ready",
        "stopping",
        "stopped",
        None,
    ]
    assert seen[4]["before"] == "ready"


async def until_followed(town: PlayedTown) -> None:
    """Wait until somebody follows the events."""
    async with asyncio.timeout(5):
        while not town.events._mailboxes:
            await asyncio.sleep(0.005)


async def test_only_one_bots_events_are_followed(town: PlayedTown) -> None:
    """What happens to others is left out."""
    following = asyncio.create_task(lines(town, "/v1/events?count=0&bot=bot_01&follow=true", 2))
    await until_followed(town)
    town["bot_02"].end()
    town["bot_01"].end()
    assert [(one["bot"], one["state"]) for one in await following] == [
        ("bot_01", "stopping"),
        ("bot_01", "stopped"),
    ]


async def test_a_slow_follower_is_cut_off_and_told(town: PlayedTown) -> None:
    """It gets what was kept for it, then a last event that says why and where to go on; no memory grows."""
    following = asyncio.create_task(lines(town, "/v1/events?count=0&follow=true", CAPACITY + 1))
    await until_followed(town)
    for _ in range(CAPACITY + 50):
        town.note(town["bot_01"])
    seen = await following
    assert seen[-1] == {"kind": "end", "id": seen[-2]["id"], "why": "too_slow"}
    check(seen[-1], schema_of("/v1/events", kind="application/x-ndjson"))
    assert len(seen) == CAPACITY + 1
    rest = await asked(town, "GET", f"/v1/events?after={seen[-1]['id']}")
    assert [one["id"] for one in rest[1]["events"]] == [seen[-1]["id"] + 1 + number for number in range(50)]


async def test_what_is_no_longer_kept_is_said(town: PlayedTown) -> None:
    """Who goes on after too long a time learns how many events are gone."""
    for _ in range(1200):
        town.note(town["bot_01"])
    _, value = await asked(town, "GET", "/v1/events?after=2")
    assert value["events"][0] == {"kind": "missed", "id": 204, "count": 202}
    assert len(value["events"]) == 1001


async def test_a_stopping_mother_ends_her_streams(town: PlayedTown) -> None:
    """Followers of events and logs get a last line, and the stop does not wait for them."""
    events = asyncio.create_task(lines(town, "/v1/events?count=0&follow=true", 1))
    logs = asyncio.create_task(lines(town, "/v1/bots/bot_01/logs?count=0&follow=true", 1))
    await until_followed(town)
    async with asyncio.timeout(5):
        while not town.followers:
            await asyncio.sleep(0.005)
    async with asyncio.timeout(1.5):
        await town.server.stop()
    assert [(await one)[0]["why"] for one in (events, logs)] == ["stopping", "stopping"]
    assert not town.followers


async def test_logs_are_followed_without_a_gap_or_a_double(town: PlayedTown) -> None:
    """Records come once each, whether they were logged before, meanwhile, or by another thread."""
    for number in range(5):
        town.log(f"before_{number}")
    following = asyncio.create_task(lines(town, "/v1/bots/bot_01/logs?count=3&follow=true", 6))
    async with asyncio.timeout(5):
        while not town.followers:
            await asyncio.sleep(0.005)
    for number in range(3):
        await asyncio.to_thread(town.log, f"after_{number}")
    assert [one["event"] for one in await following] == [
        *(f"before_{number}" for number in (2, 3, 4)),
        *(f"after_{number}" for number in range(3)),
    ]


async def test_a_connection_is_kept_between_questions(town: PlayedTown) -> None:
    """Fifty questions need one connection."""

    def ask() -> int:
        with Client(town.socket) as client:
            kept = set()
            for _ in range(50):
                assert client.get("/v1/bots")["bots"]
                kept.add(client._kept)
            return len(kept)

    assert await asyncio.to_thread(ask) == 1


async def test_there_are_only_so_many_streams(town: PlayedTown) -> None:
    """One more than the most is refused in words, and others are served meanwhile."""

    def open_all() -> str:
        with ExitStack() as stack, Client(town.socket) as client:
            streams: list[Stream] = [
                stack.enter_context(client.stream("/v1/events?follow=true")) for _ in range(MAX_STREAMS)
            ]
            assert len(streams) == MAX_STREAMS
            assert client.get("/v1/bots")["bots"]
            with pytest.raises(RefusedError) as refused:
                stack.enter_context(client.stream("/v1/events?follow=true"))
            return str(refused.value)

    assert "streams are open already" in await asyncio.to_thread(open_all)


async def test_a_follower_that_leaves_is_forgotten(town: PlayedTown) -> None:
    """At the next event nothing is kept for one who has hung up."""
    await lines(town, "/v1/events?count=1&follow=true", 1)
    async with asyncio.timeout(5):
        while town.events._mailboxes:
            town.note(town["bot_01"])
            await asyncio.sleep(0.005)
    assert town.server._streams.open == 0


async def test_ends_are_remembered(town: PlayedTown) -> None:
    """A description tells the last ends of a bot, ten at most, and no secret of its model's address."""
    bot = town["bot_01"]
    for _ in range(12):
        bot.end()
        bot.begin()
    _, value = await asked(town, "GET", "/v1/bots/bot_01")
    assert [one["words"] for one in value["exits"]] == ["exit code 0"] * 10
    assert value["model"] == "http://127.0.0.1:9/v1"
    assert value["state"] == State.READY


async def test_a_socket_that_cannot_be_made_is_told_by_its_name(short_tmp: Path) -> None:
    """It is not taken for the TCP port, which is fine."""
    desk: Any = SimpleNamespace(close_streams=lambda: None)
    server = HttpServer(desk, socket_path=short_tmp / "nowhere/droas.sock", host="127.0.0.1", port=0)
    with pytest.raises(OutsideError, match=r"nowhere/droas\.sock: droasctl's socket cannot be made"):
        await server.start()
    await server.stop()
