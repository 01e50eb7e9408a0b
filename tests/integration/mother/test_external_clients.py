"""External clients: what they get, what they may, and how they are shut out."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from droas_common.life_record import read_beacon
from droas_common.logs import start_logging
from droas_common.settings import CurveKeys
from droas_common.tool_client import ToolCallError, ToolClient, ToolUnavailableError
from droas_common.wire.calls import Actor
from droas_common.wire.records import LogRecord
from tests.support.bench_of_tools import ADA, ToolBench, running
from tests.support.office import PlayedOffice, office

ELSEWHERE = Actor(user_id="10", guild_id="2")


@pytest.fixture
async def place(short_tmp: Path, database_url: str) -> AsyncIterator[PlayedOffice]:
    """Give an admin interface before a running gateway."""
    async with office(short_tmp, database_url) as made:
        yield made


def proven(bench: ToolBench, credential: dict[str, Any]) -> ToolClient:
    """Give a client that has nothing but its credential."""
    beacon = read_beacon(Path(credential["beacon"]))
    assert beacon is not None
    keys = CurveKeys(
        public_key=credential["public_key"],
        secret_key=SecretStr(credential["secret_key"]),
        server_key=beacon.server_key,
    )
    return bench.client(keys)


async def test_a_client_may_do_what_it_was_given(place: PlayedOffice) -> None:
    """Its tools in its groups are served; other tools and other groups are denied, and all is audited."""
    scopes = ("--scope", "economy.b*", "--scope", "nosuch.*")
    code, credential, err = await place.ctl("client", "add", "shop", *scopes, "--guild", "1")
    assert (code, err) == (
        0,
        "droasctl: --scope nosuch.*: no tool is called so now; see `droasctl tools list`\n",
    )
    client = proven(place.bench, credential)
    assert (await client.call("economy.balance", {}, actor=ADA)).structured_content["balance"] == 100
    for name, actor, words in (
        ("economy.balance", ELSEWHERE, "client:shop may not call for members of the group 2"),
        ("users.profile", ADA, "client:shop may not call users.profile"),
    ):
        with pytest.raises(ToolCallError, match=words) as refused:
            await client.call(name, {}, actor=actor)
        assert refused.value.kind == "denied"
    assert [tool.name for tool in await client.list_tools()] == ["economy.balance"]
    rows = place.bench.reader.newest_audit(10, kind="tool")
    assert [(row["caller"], row["outcome"]) for row in rows] == [
        ("client:shop", outcome) for outcome in ("ok", "denied", "denied")
    ]
    client.close()


async def test_a_client_is_held_to_its_rate(place: PlayedOffice) -> None:
    """Beyond its rate it is told when to come back; only calls are counted."""
    _, credential, _ = await place.ctl("client", "add", "slow", "--scope", "*", "--rate", "0.01/s")
    client = proven(place.bench, credential)
    await client.call("economy.balance", {}, actor=ADA)
    with pytest.raises(Exception, match="too often") as refused:
        await client.call("economy.balance", {}, actor=ADA)
    assert getattr(refused.value, "retry_after_s", 0) > 1
    for _ in range(3):
        assert await client.list_tools()
        assert await client.status("none") == {"state": "unknown"}
    client.close()


async def test_a_revoked_client_is_not_heard(place: PlayedOffice) -> None:
    """The connection that it still has is worth nothing from that moment on; a new credential works."""
    _, credential, _ = await place.ctl("client", "add", "shop", "--scope", "*")
    client = proven(place.bench, credential)
    assert await client.list_tools()
    assert (await place.ctl("client", "revoke", "shop"))[1]["revoked"]
    with pytest.raises(ToolUnavailableError):
        await client.list_tools(timeout_s=0.3)
    client.close()
    code, again, _ = await place.ctl("client", "revoke", "shop")
    assert (code, again["error"]) == (1, "shop is revoked already")
    assert (await place.ctl("client", "revoke", "nobody"))[0] == 4
    code, fresh, _ = await place.ctl("client", "add", "shop", "--scope", "*")
    assert (code, fresh["public_key"] != credential["public_key"]) == (0, True)
    again = proven(place.bench, fresh)
    assert await again.list_tools()
    again.close()


async def test_a_new_mother_admits_who_was_not_revoked(short_tmp: Path, tmp_path: Path) -> None:
    """Clients outlive the mother; only the server's key, which the beacon tells, is another."""
    url = f"sqlite:///{tmp_path / 'droas.db'}"
    async with office(short_tmp, url) as place:
        _, kept, _ = await place.ctl("client", "add", "kept", "--scope", "*")
        _, gone, _ = await place.ctl("client", "add", "gone", "--scope", "*")
        await place.ctl("client", "revoke", "gone")
    async with running(short_tmp, url) as bench:
        bench.client_desk()
        told: list[LogRecord] = []
        start_logging([told.append])
        client, stranger = proven(bench, kept), proven(bench, gone)
        assert await client.list_tools()
        with pytest.raises(ToolUnavailableError):
            await stranger.list_tools(timeout_s=0.5)
        client.close()
        stranger.close()
        for _ in range(100):  # whoever comes again and again is counted, and said once
            bench.keyring.callback("droas", b"a stranger's")
        assert bench.keyring.refused >= 101
        assert [(one.event, one.fields["public_key"]) for one in told] == [
            ("key_not_admitted", gone["public_key"])
        ]
        start_logging([])


async def test_the_secret_key_is_kept_nowhere(place: PlayedOffice, tmp_path: Path) -> None:
    """The database has the public key only, the file is its owner's alone, and a file that is there is left."""
    path = tmp_path / "shop.json"
    arguments = ("client", "add", "shop", "--scope", "*", "--out", str(path))
    code, told, _ = await place.ctl(*arguments)
    assert (code, "secret_key" in told, path.stat().st_mode & 0o777) == (0, False, 0o600)
    with place.bench.engine.connect() as connection:
        rows = [
            *connection.execute(text("SELECT * FROM clients")),
            *connection.execute(text("SELECT * FROM audit")),
        ]
    secret = path.read_text().partition('"secret_key": "')[2].partition('"')[0]
    assert len(secret) > 30
    assert secret not in str(rows)
    code, refused, _ = await place.ctl(*arguments)
    assert (code, "cannot be made" in refused["error"], refused["status"]) == (73, True, None)
    assert secret in path.read_text()


async def test_a_name_is_taken_once_and_commands_are_audited(place: PlayedOffice, tmp_path: Path) -> None:
    """A second client of a name is refused, no file is left behind, and the audit has the user that asked."""
    await place.ctl("client", "add", "shop", "--scope", "*")
    path = tmp_path / "again.json"
    code, value, _ = await place.ctl("client", "add", "shop", "--scope", "*", "--out", str(path))
    assert (code, value["status"], path.exists()) == (1, 409, False)
    await place.ctl("client", "revoke", "shop")
    rows = place.bench.reader.newest_audit(10, kind="command")
    assert [(row["caller"], row["action"]) for row in rows] == [
        (f"uid:{os.getuid()}", action) for action in ("add client", "revoke client")
    ]
    _, listed, _ = await place.ctl("client", "list")
    assert [(one["name"], one["revoked"]) for one in listed["clients"]] == [("shop", True)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("client", "add", "Shop!", "--scope", "*"), "NAME: 'Shop!': a name has"),
        (("client", "add", "shop", "--scope", ""), "--scope: '': name a tool"),
        (("client", "add", "shop", "--scope", "*", "--guild", "x"), "--guild: x: a Discord id has"),
        (
            ("client", "add", "shop", "--scope", "*", "--rate", "0/s"),
            "--rate: 0/s: calls per second are wanted",
        ),
        (("client", "add", "shop"), "--scope"),
        (("tools", "call", "economy.balance", "--guild", "1"), "--guild is of use with --user only"),
        (("tools", "call", "economy.balance", "--user", "xx"), "--user: xx: a Discord id has"),
        (("client", "add", "shop", "--scope", "*", "--rate", "5/m"), "--rate: 5/m: calls per second"),
    ],
)
async def test_wrong_wishes_are_refused_with_their_place(
    place: PlayedOffice, arguments: tuple[str, ...], words: str
) -> None:
    """Nothing is added, and the place of the fault is named."""
    code, _, err = await place.ctl(*arguments)
    assert (code, words in err) == (64, True), err
    assert place.bench.reader.clients() == []
