"""Audit, ledger, tools and people through droasctl, before a real gateway, on every database."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from droas_common.errors import OutsideError
from droas_mother.adapters.storage import schema
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.bookkeeping.records import HoldState
from droas_mother.flows.records.housekeeping import Housekeeping
from tests.support.bench_of_tools import ADA, GRACE
from tests.support.office import PlayedOffice, office

GUIDE = (Path(__file__).parents[3] / "docs/droasctl.md").read_text()
DAY_US = 86_400_000_000
FOR_ADA = ("--guild", "1", "--user", "10")


@pytest.fixture
async def place(short_tmp: Path, database_url: str) -> AsyncIterator[PlayedOffice]:
    """Give an admin interface before a gateway that has served a few calls."""
    async with office(short_tmp, database_url) as made:
        client = made.bench.client()
        for number in range(4):
            await client.call(
                "economy.transfer", {"to_user_id": "11", "amount": 3}, actor=ADA, idempotency_key=f"k{number}"
            )
        await client.call("users.remember", {"text": "likes tea"}, actor=ADA, idempotency_key="note")
        await client.call("economy.reserve", {"amount": 7}, actor=ADA, idempotency_key="hold")
        await client.call("economy.daily", {}, actor=GRACE, idempotency_key="daily")
        client.close()
        yield made


# --- tools --------------------------------------------------------------------------


async def test_tools_are_called_as_the_user_that_asks(place: PlayedOffice) -> None:
    """Arguments are pairs or JSON, the audit has the uid, and a key is executed once."""
    code, value, _ = await place.ctl("tools", "call", "economy.award", "to_user_id=11", "amount=5", *FOR_ADA)
    assert (code, value["structured_content"]["amount"], value["replayed"]) == (0, 5, False)
    again = (*("tools", "call", "economy.award", "to_user_id=11", "amount=5"), *FOR_ADA)
    code, value, _ = await place.ctl(*again, "--key", value["idempotency_key"])
    assert (code, value["replayed"]) == (0, True)
    (row,) = [row for row in place.bench.reader.newest_audit(50) if row["action"] == "economy.award"]
    assert (row["caller"], row["outcome"], row["user_id"]) == (f"uid:{os.getuid()}", "ok", "10")
    code, out, _ = await place.town.ctl(
        "tools", "call", "economy.balance", *FOR_ADA, "--json", '{"user_id": "11"}'
    )
    assert (code, json.loads(out)["structured_content"]["user_id"]) == (0, "11")


async def test_refusals_of_tools_are_told(place: PlayedOffice) -> None:
    """A tool that says no, arguments that do not fit and a tool that is not there end with 1, in words."""
    for arguments, kind in (
        (("economy.transfer", "to_user_id=11", "amount=100000"), None),
        (("economy.transfer", "to_user_id=11", "amount=x"), "invalid_params"),
        (("economy.balence",), "invalid_params"),
    ):
        code, value, _ = await place.ctl("tools", "call", *arguments, *FOR_ADA)
        assert (code, value["is_error"]) == (1, True)
        assert (value["error"] or {}).get("kind") == kind
    assert value["error"]["message"] == "there is no tool economy.balence; did you mean economy.balance?"
    for wrong in (("economy.award", "amount"), ("economy.award", "--json", "{")):
        assert (await place.town.ctl("tools", "call", *wrong))[0] == 64


async def test_a_call_that_may_be_tried_again_tells_its_key(
    place: PlayedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only with the key that was made up for it is it done once at most."""

    async def refuse(*_: object) -> None:
        raise OutsideError("the disk is full")

    monkeypatch.setattr(place.bench.gateway, "do", refuse)
    for line in (("list",), ("call", "economy.award", "amount=5")):  # which asks for the tools' schemas first
        code, value, _ = await place.ctl("tools", *line)
        assert (code, value["status"], value["idempotency_key"]) == (69, 503, None)
        assert value["error"] == f"{'the call was not made: ' * (line[0] == 'call')}the disk is full"
    code, value, _ = await place.ctl("tools", "call", "economy.daily", *FOR_ADA)
    assert (code, value["status"], value["idempotency_key"]) == (69, 503, value["error"][-29:])
    assert re.search(
        r"the disk is full; .* done once at most: --key [0-9a-f]{12}-[0-9a-f]{16}$", value["error"]
    )


async def test_tools_are_listed_with_their_arguments(place: PlayedOffice) -> None:
    """The list has every tool, in JSON with its schema."""
    code, out, _ = await place.town.ctl("tools", "list")
    assert (code, "economy.transfer to_user_id amount [note] [currency]" in out) == (0, True)
    _, value, _ = await place.ctl("tools", "list")
    assert len(value["tools"]) == 16


# --- audit and ledger ------------------------------------------------------------------


async def test_the_audit_is_searched(place: PlayedOffice) -> None:
    """Every filter narrows what is shown, and together they narrow it further."""
    for filters, count in (
        (("--caller", "bot:helper"), 7),
        (("--user", "11"), 1),
        (("--guild", "2"), 0),
        (("--action", "economy.*"), 6),
        (("--action", "economy.transfer", "--limit", "2"), 2),
        (("--outcome", "denied"), 0),
        (("--since", "1h"), 7),
        (("--since", "4102444800"), 0),
        (("--kind", "tool", "--user", "10", "--action", "users.remember"), 1),
    ):
        code, value, _ = await place.ctl("audit", "query", *filters)
        assert (code, len(value["records"])) == (0, count), filters
    assert (await place.town.ctl("audit", "query", "--since", "yesterday"))[0] == 64
    assert (await place.town.ctl("audit", "query", "--user", "ada"))[0] == 64


async def test_what_the_audit_shows_has_no_secret(place: PlayedOffice) -> None:
    """Neither what was asked nor what was answered; a retry gets the true answer, and so does the person himself."""
    secret = "sk-" + "a1b2" * 6
    client = place.bench.client()
    call = {"text": f"my key is {secret}"}
    await client.call("users.remember", call, actor=ADA, idempotency_key="secret")
    again = await client.call("users.remember", call, actor=ADA, idempotency_key="secret")
    client.close()
    assert secret in repr(again.structured_content)
    assert again.replayed
    for command in (("audit", "-n", "1"), ("audit", "query", "--action", "users.remember")):
        _, value, _ = await place.ctl(*command)
        assert "[redacted]" in value["records"][-1]["result"]
        assert secret not in repr(value)
    followed = place.bench.feed.follow(AuditQuery(count=1))
    assert secret not in repr(await anext(followed))
    await followed.aclose()
    _, value, _ = await place.ctl("user", "export", "10")
    assert secret in value["audit"][-1]["result"]


async def test_the_audit_is_followed(place: PlayedOffice) -> None:
    """What comes is told as it is committed, in order, without a gap, and the end of the mother ends it."""
    following = asyncio.create_task(place.town.ctl("audit", "tail", "-f", "-n", "2", "--json"))
    async with asyncio.timeout(10):
        while not place.bench.feed._bells:
            await asyncio.sleep(0.005)
    for number in range(3):
        await place.ctl("tools", "call", "economy.balance", *FOR_ADA, "--key", f"t{number}")
    async with asyncio.timeout(10):
        await place.town.server.stop()
        code, out, _ = await following
    told = [json.loads(line) for line in out.splitlines()]
    assert [one.get("seq", one["kind"]) for one in told] == [6, 7, 8, 9, 10, "end"]
    assert code == 69


async def test_a_followed_audit_says_that_the_database_fails(place: PlayedOffice) -> None:
    """The last line says why nothing more comes, and with which number to go on."""
    following = place.bench.feed.follow(AuditQuery(count=1))
    (newest,) = await anext(following)
    with place.bench.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO gone"))
    (end,) = await anext(following)
    await following.aclose()
    words = "the audit cannot be followed any longer: the audit cannot be read"
    assert end.why.startswith(words)
    assert end.why.endswith(f"go on with --after {newest['seq']}")
    code, _, err = await place.town.ctl("audit", "tail", "-f")
    assert (code, err.startswith(f"droasctl: {words}")) == (69, True)


async def test_verification_says_what_was_changed(place: PlayedOffice) -> None:
    """It ends with 0 when all holds, and with 1 and words when a row was touched."""
    for what in ("audit", "ledger"):
        code, value, _ = await place.ctl(what, "verify")
        assert (code, value["faults"], value["rows"] > 6) == (0, [], True)
    with place.bench.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET caller = 'bot:other' WHERE seq = 2"))
        connection.execute(text("UPDATE accounts SET balance = balance + 1 WHERE owner = '10'"))
    code, out, _ = await place.town.ctl("audit", "verify")
    assert (code, out.splitlines()[0]) == (1, "audit row 2: its content was changed")
    code, value, _ = await place.ctl("ledger", "verify")
    assert (code, value["faults"][0].startswith("account 10 in 1")) == (1, True)


async def test_old_decisions_are_dropped_and_the_rest_verifies(place: PlayedOffice) -> None:
    """Retention takes the oldest, anchors the chain, keeps the newest row and never touches the ledger."""
    bench = place.bench
    now_us = bench.reader.newest_audit(1)[0]["at_us"]
    keeping = Housekeeping(bench.reader, bench.gateway, 7)
    await keeping.sweep_audit(now_us + 6 * DAY_US)
    assert len(bench.reader.newest_audit(50)) == 7
    await keeping.sweep_audit(now_us + 8 * DAY_US)
    assert [row["seq"] for row in bench.reader.newest_audit(50)] == [7]
    assert (await place.ctl("tools", "call", "economy.balance", *FOR_ADA))[0] == 0
    _, verdict, _ = await place.ctl("audit", "verify")
    assert (verdict["rows"], verdict["faults"]) == (2, [])
    _, verdict, _ = await place.ctl("ledger", "verify")
    assert (verdict["rows"] > 6, verdict["faults"]) == (True, [])
    await Housekeeping(bench.reader, bench.gateway, None).sweep_audit(now_us + 800 * DAY_US)
    assert len(bench.reader.newest_audit(50)) == 2


async def test_a_dropped_row_in_the_middle_is_still_found_out(place: PlayedOffice) -> None:
    """The anchor proves the beginning; what goes missing behind it does not go unseen."""
    bench = place.bench
    seqs = [row["seq"] for row in bench.reader.newest_audit(50)]
    await bench.gateway.do(lambda batch, _now_us: setattr(batch.changes, "audit_from", seqs[3]))
    assert (await place.ctl("audit", "verify"))[0] == 0
    with bench.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = :seq"), {"seq": seqs[3]})
    assert (await place.ctl("audit", "verify"))[0] == 1


async def test_coins_come_back_when_their_time_is_over(place: PlayedOffice) -> None:
    """The sweep returns what is due, once, and leaves what is not."""
    bench = place.bench
    keeping = Housekeeping(bench.reader, bench.gateway, None)
    now_us = bench.reader.newest_audit(1)[0]["at_us"]
    assert await keeping.sweep_holds(now_us) == 0
    assert await keeping.sweep_holds(now_us + DAY_US) == 1
    assert await keeping.sweep_holds(now_us + DAY_US) == 0
    _, value, _ = await place.ctl("tools", "call", "economy.balance", *FOR_ADA)
    assert value["structured_content"]["balance"] == 88
    assert (await place.ctl("ledger", "verify"))[0] == 0


# --- people -----------------------------------------------------------------------------


async def test_everything_about_a_person_is_exported(place: PlayedOffice) -> None:
    """Coins, notes, reservations and decisions are there, also of others that name the person."""
    code, value, _ = await place.ctl("user", "export", "11", "--guild", "1")
    assert (code, value["accounts"][0]["balance"]) == (0, 132)
    assert [row["action"] for row in value["audit"]].count("economy.transfer") == 4
    _, value, _ = await place.ctl("user", "export", "10")
    assert json.loads(value["memories"][0]["notes"]) == ["likes tea"]
    assert [one["state"] for one in value["holds"]] == [HoldState.OPEN]
    assert len(value["entries"]) == 6
    _, value, _ = await place.ctl("user", "export", "10", "--guild", "2")
    assert not any(value[name] for name in ("accounts", "memories", "entries", "audit"))
    row = place.bench.reader.newest_audit(1)[0]
    assert (row["action"], "10" in json.loads(row["arguments"]).values()) == ("export user", False)


async def test_a_person_is_forgotten(place: PlayedOffice) -> None:
    """Nothing names him any more, his coins are the issuer's, and both chains still verify."""
    bench = place.bench
    code, done, _ = await place.ctl("user", "erase", "10", "--yes")
    assert (code, done["accounts"], done["coins"], done["holds"]) == (0, 1, {"coins": 88}, 1)
    _, value, _ = await place.ctl("user", "export", "10")
    assert not any(value[name] for name in value.keys() - {"user_id", "guild_id"})
    with bench.engine.connect() as connection:
        rows = [row for table in schema.metadata.sorted_tables for row in connection.execute(select(table))]
    assert not [row for row in rows if "10" in row or '"10"' in str(row) or "tea" in str(row)]
    assert not [
        row for row in rows if any(f"'{key}'" in str(row) or f"/{key}'" in str(row) for key in ("k0", "hold"))
    ]
    for what, erased in (("audit", 6), ("ledger", 18)):
        code, verdict, _ = await place.ctl(what, "verify")
        assert (code, verdict["faults"], verdict["erased"]) == (0, [], erased)
    row = bench.reader.newest_audit(2)[0]
    assert (row["action"], row["caller"], row["user_id"]) == ("erase user", f"uid:{os.getuid()}", None)
    assert json.loads(row["arguments"]) == {"user_digest": done["user_digest"]}


async def test_what_was_forgotten_is_told(place: PlayedOffice) -> None:
    """Not coins alone; a second time only that nothing was left."""
    code, out, _ = await place.town.ctl("user", "erase", "10", "--yes")
    assert code == 0
    first, second, _ = out.splitlines()
    assert first == "forgotten: profile, memories and claims are deleted, as far as there were any"
    assert second == "1 account closed, 88 coins back to the issuers, 1 reservation taken back"


async def test_others_keep_what_is_theirs(place: PlayedOffice) -> None:
    """Coins that a forgotten person gave stay given, and he may come back as somebody new."""
    await place.ctl("user", "erase", "10", "--yes")
    client = place.bench.client()
    assert (await client.call("economy.balance", {}, actor=GRACE)).structured_content["balance"] == 132
    assert (await client.call("economy.balance", {}, actor=ADA)).structured_content["balance"] == 100
    assert (await place.ctl("ledger", "verify"))[0] == 0
    client.close()


async def test_a_person_is_forgotten_in_one_group_only(place: PlayedOffice) -> None:
    """With --guild the other groups keep what they know; without --yes nothing happens at all."""
    assert (await place.ctl("user", "erase", "10"))[0] == 64
    await place.ctl("user", "erase", "10", "--guild", "2", "--yes")
    _, value, _ = await place.ctl("user", "export", "10")
    assert value["accounts"][0]["balance"] == 81


async def test_calls_of_the_same_moment_are_forgotten_as_well(place: PlayedOffice) -> None:
    """A call that is committed together with the erasure leaves nothing behind, whichever came first."""
    erasing = place.ctl("user", "erase", "10", "--yes")
    calls = [place.ctl("tools", "call", "economy.balance", *FOR_ADA) for _ in range(6)]
    await asyncio.gather(erasing, *calls)
    await place.ctl("user", "erase", "10", "--yes")
    for what in ("audit", "ledger"):
        assert (await place.ctl(what, "verify"))[0] == 0
    _, value, _ = await place.ctl("user", "export", "10")
    assert not any(value[name] for name in value.keys() - {"user_id", "guild_id"})


# --- the guide ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "title", "pick"),
    [
        ("audit verify", "verdict", lambda value: value),
        ("ledger verify", "verdict", lambda value: value),
        ("audit query", "audit record", lambda value: value["records"][0]),
        ("tools list", "tool", lambda value: value["tools"][0]),
        ("tools call economy.balance --guild 1 --user 10", "tool result", lambda value: value),
        ("tools call nothing", "tool error", lambda value: value["error"]),
        ("client add shop --scope *", "credential", lambda value: value),
        ("client list", "client", lambda value: value["clients"][0]),
        ("client revoke known", "client", lambda value: value),
        ("user export 10", "export", lambda value: value),
        ("user erase 10 --yes", "erasure", lambda value: value),
    ],
)
async def test_json_is_as_documented(
    short_tmp: Path, tmp_path: Path, arguments: str, title: str, pick: Callable[[Any], dict[str, Any]]
) -> None:
    """The guide's tables name exactly the keys that are printed."""
    section = GUIDE.split(f"### `{title}`\n", 1)[1].split("\n#", 1)[0]
    documented = set(re.findall(r"^\| `([A-Za-z0-9_]+)`", section, flags=re.MULTILINE))
    async with office(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as place:
        await place.ctl("client", "add", "known", "--scope", "*")
        await place.ctl("tools", "call", "economy.balance", *FOR_ADA)
        _, value, _ = await place.ctl(*arguments.split())
    assert set(pick(value)) == documented
