"""The checks of an IDENTIFY as a pure table, and the bounds of what is kept."""

from typing import Any

import pytest

from droas_sandbox.clock import SandboxClock
from droas_sandbox.gateway.identify import Allowance, Close, InvalidSession, Spent, check
from droas_sandbox.intents import PRIVILEGED
from droas_sandbox.settings import SandboxSettings
from droas_sandbox.world import talk
from droas_sandbox.world.state import Start
from droas_sandbox.world.world import World


def _allowance(**more: Any) -> Allowance:
    given: dict[str, Any] = {
        "privileged": PRIVILEGED,
        "starts": [],
        "guild_ids": [],
        "max_concurrency": 1,
        "window_s": 5.0,
        "per_day": 1000,
        **more,
    }
    return Allowance(**given)


@pytest.mark.parametrize(
    ("data", "allowance", "code"),
    [
        ({"intents": 1, "shard": [1, 1]}, {}, 4010),
        ({"intents": 1}, {"guild_ids": [str(n << 22) for n in range(2501)]}, 4011),
        ({"intents": 1 << 40}, {}, 4013),
        ({"intents": 2}, {"privileged": 0}, 4014),
        ({"intents": 1 << 40, "shard": [5, 1]}, {"privileged": 0}, 4010),
        ({"intents": 1 << 40 | 2}, {"privileged": 0}, 4013),
    ],
)
def test_the_first_fault_decides(data: Any, allowance: Any, code: int) -> None:
    """Shard before size, size before unknown intents, those before privileged ones."""
    verdict = check(data, _allowance(**allowance), 1000.0)
    assert isinstance(verdict, Close)
    assert verdict.code == code


def test_a_large_bot_may_come_in_shards() -> None:
    """2501 groups over two shards are fine."""
    ids = [str(number << 22) for number in range(2501)]
    assert check({"intents": 1, "shard": [0, 2]}, _allowance(guild_ids=ids), 0.0) is None


def test_pace_counts_accepted_starts_and_the_day_counts_all() -> None:
    """A refused identify does not push the next one further away, but it is spent."""
    refused = [Start(999.0, 0, accepted=False)] * 3
    assert check({"intents": 1}, _allowance(starts=refused), 1000.0) is None
    assert isinstance(check({"intents": 1}, _allowance(starts=refused, per_day=3), 1000.0), Spent)
    accepted = [Start(999.0, 0, accepted=True)]
    assert isinstance(check({"intents": 1}, _allowance(starts=accepted), 1000.0), InvalidSession)
    assert check({"intents": 1}, _allowance(starts=accepted), 1004.0) is None


def test_a_channel_keeps_only_its_newest_messages() -> None:
    """The history is bounded; what is gone is the oldest."""
    world = World(SandboxSettings(messages_kept=10), SandboxClock())
    owner = world.add_user("owner")
    channel = world.add_channel(world.add_guild("g", owner["id"]), "c")
    for number in range(25):
        talk.say(world, channel["id"], owner, {"content": str(number), "nonce": number})
    kept = [message.data["content"] for message in world.messages[channel["id"]].values()]
    assert kept == [str(number) for number in range(15, 25)]
