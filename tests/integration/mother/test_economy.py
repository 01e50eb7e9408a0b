"""Everything that can be done with coins, over real sockets, on every database."""

import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from droas_common.wire.calls import Actor, Json
from droas_mother.adapters.storage.verification import Verifier
from droas_mother.core.tools.tool_settings import EconomySettings, ToolSettings
from tests.support.bench_of_tools import ADA, GRACE, ToolBench, running

SETTINGS = EconomySettings(
    currencies=("coins", "gems"),
    guild_currencies={"2": ("stars",)},
    user_daily_limit=120,
    guild_daily_limit=200,
    award_limit=50,
    daily_amount=7,
)
Ask = Callable[..., Awaitable[Json]]


@pytest.fixture
async def bench(short_tmp: Path, database_url: str) -> AsyncIterator[ToolBench]:
    """Give a running gateway."""
    async with running(short_tmp, database_url, economy_settings=SETTINGS) as made:
        yield made


@pytest.fixture
async def ask(bench: ToolBench) -> AsyncIterator[Ask]:
    """Give a function that calls a tool with a fresh key and gives what it said."""
    client, numbers = bench.client(), itertools.count()

    async def call(name: str, actor: Actor = ADA, /, **arguments: Any) -> Json:
        result = await client.call(name, arguments, actor=actor, idempotency_key=f"k{next(numbers):04}")
        return result.structured_content

    yield call
    client.close()


async def test_an_award_comes_from_the_issuer(bench: ToolBench, ask: Ask) -> None:
    """New coins appear at a member, the issuing account carries them, and one award has its limit."""
    assert (await ask("economy.award", to_user_id="11", amount=50))["balance"] == 150
    assert (await ask("economy.award", to_user_id="11", amount=51))["refused"] == "invalid_amount"
    assert bench.reader.ledger_sum() == 0


async def test_the_days_coins_are_taken_once(ask: Ask) -> None:
    """A second time on the same day is refused in words; another member still has his."""
    assert (await ask("economy.daily"))["balance"] == 107
    assert (await ask("economy.daily"))["refused"] == "taken_today"
    assert (await ask("economy.daily", GRACE))["balance"] == 107


async def test_the_richest_and_the_past_are_told(ask: Ask) -> None:
    """The board shows members only, the highest first; the history is the asking member's."""
    await ask("economy.transfer", to_user_id="11", amount=30)
    board = await ask("economy.leaderboard", count=5)
    assert board["members"] == [{"user_id": "11", "balance": 130}, {"user_id": "10", "balance": 70}]
    history = await ask("economy.history", count=2)
    assert [(entry["amount"], entry["other"]) for entry in history["entries"]] == [
        (-30, "11"),
        (100, "issuer"),
    ]
    await ask("economy.reserve", amount=5)
    history = await ask("economy.history", GRACE, count=1)
    assert [(entry["amount"], entry["other"]) for entry in history["entries"]] == [(30, "10")]
    assert (await ask("economy.history", count=1))["entries"][0]["other"] == "escrow"


async def test_each_currency_is_a_purse_of_its_own(ask: Ask) -> None:
    """Gems are not coins; a group has the currencies that its settings name."""
    assert (await ask("economy.transfer", to_user_id="11", amount=40, currency="gems"))["balance"] == 60
    assert (await ask("economy.balance"))["balance"] == 100
    assert (await ask("economy.balance", currency="stars"))["refused"] == "unknown_currency"
    elsewhere = Actor(user_id="10", guild_id="2", message_id="5")
    assert (await ask("economy.balance", elsewhere))["currency"] == "stars"


async def test_a_day_has_its_limit(ask: Ask) -> None:
    """A member gives away so much a day, and so does the whole group."""
    assert "refused" not in await ask("economy.transfer", to_user_id="11", amount=90)
    await ask("economy.award", to_user_id="10", amount=50)
    assert (await ask("economy.transfer", to_user_id="11", amount=40))["refused"] == "daily_limit"
    refused = await ask("economy.transfer", GRACE, to_user_id="10", amount=70)
    assert (refused["refused"], "this group may give away 60" in refused["message"]) == ("daily_limit", True)


async def test_what_comes_back_was_not_given_away(ask: Ask) -> None:
    """Coins that were set aside count for the day's limit as long as they are."""
    hold = await ask("economy.reserve", amount=90)
    assert (await ask("economy.transfer", to_user_id="11", amount=10))["balance"] == 0
    await ask("economy.award", to_user_id="10", amount=50)
    assert (await ask("economy.transfer", to_user_id="11", amount=30))["refused"] == "daily_limit"
    await ask("economy.void", hold_id=hold["hold_id"])
    assert (await ask("economy.transfer", to_user_id="11", amount=90))["balance"] == 50
    assert (await ask("economy.transfer", to_user_id="11", amount=21))["refused"] == "daily_limit"


async def test_only_who_set_coins_aside_can_say_what_becomes_of_them(ask: Ask) -> None:
    """The same bot speaks for all members; another one's coins are as unknown to it as if they were not there."""
    hold = await ask("economy.reserve", amount=80)
    for tool, arguments in (("commit", {"to_user_id": "11"}), ("void", {})):
        refused = await ask(f"economy.{tool}", GRACE, hold_id=hold["hold_id"], **arguments)
        assert refused["refused"] == "unknown_hold"
    assert (await ask("economy.void", hold_id=hold["hold_id"]))["state"] == "voided"


async def test_to_ask_for_a_balance_opens_no_account(bench: ToolBench, ask: Ask) -> None:
    """Reading changes nothing: no entry, no place on the board; what he would be opened with is told."""
    assert (await ask("economy.balance", user_id="4711"))["balance"] == 100
    assert (await ask("economy.leaderboard"))["members"] == []
    assert Verifier(bench.engine).ledger().rows == 0
    await ask("economy.transfer", to_user_id="11", amount=1)
    assert (await ask("economy.balance", user_id="11"))["balance"] == 101


async def test_models_are_told_patterns_that_every_service_knows(bench: ToolBench) -> None:
    """They begin with ^ and end with $, and look neither ahead nor behind."""
    client = bench.client()
    tools = await client.list_tools()
    client.close()
    patterns = re.findall(r'"pattern":"(.*?)"[,}]', msgspec.json.encode(tools).decode())
    assert len(patterns) > 5
    assert not [one for one in patterns if one[0] != "^" or one[-1] != "$" or "(?" in one or "\\" in one]


async def test_coins_that_are_set_aside_go_one_way_only(bench: ToolBench, ask: Ask) -> None:
    """They are committed or voided once, by who has set them aside, and meanwhile nobody can spend them."""
    hold = await ask("economy.reserve", amount=80)
    assert (hold["balance"], hold["state"]) == (20, "open")
    assert (await ask("economy.transfer", to_user_id="11", amount=30))["refused"] == "insufficient_funds"
    assert (await ask("economy.commit", hold_id=hold["hold_id"], to_user_id="11"))["state"] == "committed"
    assert (await ask("economy.void", hold_id=hold["hold_id"]))["refused"] == "settled"
    assert (await ask("economy.balance", GRACE))["balance"] == 180
    other = await ask("economy.reserve", amount=10)
    stranger = bench.client(bench.keys("stranger"))
    refused = await stranger.call(
        "economy.void", {"hold_id": other["hold_id"]}, actor=ADA, idempotency_key="s"
    )
    assert refused.structured_content["refused"] == "unknown_hold"
    assert (await ask("economy.void", hold_id=other["hold_id"]))["state"] == "voided"
    assert (await ask("economy.balance"))["balance"] == 20
    assert bench.reader.ledger_sum() == 0
    stranger.close()


async def test_what_bots_remember_can_be_forgotten(ask: Ask) -> None:
    """Notes and preferences are the member's own, bounded, and gone when he asks for it."""
    await ask("users.set_preference", name="language", value="de")
    for number in range(25):
        notes = await ask("users.remember", text=f"fact {number}")
    assert (len(notes["notes"]), notes["notes"][-1]) == (20, "fact 24")
    assert (await ask("users.notes", GRACE))["notes"] == []
    assert (await ask("users.forget"))["forgotten"] == 20
    assert (await ask("users.notes"))["notes"] == []


async def test_a_member_is_not_served_without_end(short_tmp: Path, tmp_path: Path) -> None:
    """Beyond his rate a member's calls are told when to come back, and written down."""
    rates = ToolSettings.model_validate({"tool_rates": {"economy.balance": {"per_s": 0.1, "burst": 2}}})
    async with running(short_tmp, f"sqlite:///{tmp_path / 'db'}", tool_settings=rates) as bench:
        client = bench.client()
        for _ in range(2):
            await client.call("economy.balance", {}, actor=ADA)
        with pytest.raises(Exception, match="too often") as refused:
            await client.call("economy.balance", {}, actor=ADA)
        assert getattr(refused.value, "retry_after_s", 0) > 1
        assert (await client.call("economy.balance", {}, actor=GRACE)).structured_content["balance"] == 100
        assert [row["outcome"] for row in bench.reader.newest_audit(2)] == ["limited", "ok"]
        client.close()
