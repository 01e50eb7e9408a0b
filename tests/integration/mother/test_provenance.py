"""A bot may do what its configuration lists, and only for members who have really spoken."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import HttpUrl, SecretStr

from droas_common.ids import BotName, Snowflake
from droas_common.settings import BotSettings, LlmSettings
from droas_common.tool_client import ToolCallError, ToolUnavailableError
from droas_common.wire.calls import Actor
from droas_mother.adapters.processes.population import _principal
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.flows.protection.witness import Seen, Witness
from tests.support.bench_of_tools import ADA, ToolBench, running

KEEP_S = 600.0
SECRETS = {
    "discord_token": SecretStr("a-token-of-nobody"),
    "llm_config": LlmSettings(base_url=HttpUrl("http://127.0.0.1:9/v1"), api_key=SecretStr("none")),
}


@pytest.fixture
def witness() -> Witness:
    """Give a mother's memory, in which Ada has written message 3 and Grace message 4, and Ada long ago 5."""
    made, now_s = Witness(KEEP_S), time.monotonic()
    for message, user, at_s in (("3", "10", now_s), ("4", "11", now_s), ("5", "10", now_s - KEEP_S - 1)):
        seen = Seen(guild_id=Snowflake("1"), user_id=Snowflake(user), at_s=at_s)
        made.see(Snowflake(message), seen, ())
    return made


@pytest.fixture
async def bench(short_tmp: Path, database_url: str, witness: Witness) -> AsyncIterator[ToolBench]:
    """Give a running gateway that asks the witness."""

    def proves(actor: Actor) -> bool:
        return witness.confirms(actor, now_s=time.monotonic())

    async with running(short_tmp, database_url, proves=proves) as made:
        yield made


@pytest.mark.parametrize(
    "actor",
    [
        Actor(user_id="10", guild_id="1", message_id="9"),
        Actor(user_id="10", guild_id="1", message_id="4"),
        Actor(user_id="10", guild_id="2", message_id="3"),
        Actor(user_id="10", guild_id="1", message_id="5"),
        Actor(user_id="10", guild_id="1"),
    ],
    ids=["never seen", "of somebody else", "in another group", "long ago", "none at all"],
)
async def test_what_the_mother_has_not_seen_proves_nothing(bench: ToolBench, actor: Actor) -> None:
    """A bot's change for such an actor is refused as unproven and audited; its key may be used again."""
    client = bench.client()
    transfer = {"to_user_id": "11", "amount": 30}
    with pytest.raises(ToolUnavailableError, match="has not seen") as refused:
        await client.call("economy.transfer", transfer, actor=actor, idempotency_key="k")
    assert refused.value.retry_after_s == 0.25
    (row,) = bench.reader.newest_audit(10)
    assert (row["outcome"], row["message_id"], row["key"]) == ("denied", actor.message_id, None)
    assert '"unproven"' in row["result"]
    done = await client.call("economy.transfer", transfer, actor=ADA, idempotency_key="k")
    assert done.structured_content["balance"] == 70
    client.close()


async def test_reading_needs_no_proof_and_clients_none_at_all(bench: ToolBench) -> None:
    """A balance is told for anybody; an external client answers for its actors itself."""
    ghost = Actor(user_id="10", guild_id="1", message_id="9")
    client = bench.client()
    assert (await client.call("economy.balance", {}, actor=ghost)).structured_content["balance"] == 100
    client.close()
    shop = Principal(kind=PrincipalKind.CLIENT, name="shop", tools=("*",))
    client = bench.client(bench.keyring.issue(shop))
    done = await client.call("economy.daily", {}, actor=ghost, idempotency_key="k")
    assert not done.is_error
    client.close()


async def test_a_bot_may_only_read_unless_its_configuration_says_more(bench: ToolBench) -> None:
    """The default is two tools that change nothing; what is listed is added, and nothing else."""
    for more, may in (
        ({}, {"economy.balance", "users.profile"}),
        ({"tools": ("users.notes",)}, {"users.notes"}),
    ):
        settings = BotSettings.model_validate({**SECRETS, **more})
        keys = bench.keyring.issue(_principal(BotName("helper"), settings, 1))
        client = bench.client(keys)
        assert {tool.name for tool in await client.list_tools()} == may
        with pytest.raises(ToolCallError) as refused:
            await client.call(
                "economy.transfer", {"to_user_id": "11", "amount": 1}, actor=ADA, idempotency_key="k"
            )
        assert refused.value.kind == "denied"
        client.close()
