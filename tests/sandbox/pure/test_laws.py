"""Laws of the parts that only think: permissions, buckets, intents, ids, mentions."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_sandbox import permissions
from droas_sandbox.clock import SandboxClock, Snowflakes, iso, moment_of, parse_iso
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.fault_options import KINDS
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.identify import Shard
from droas_sandbox.intents import KNOWN, MESSAGE_CONTENT, Viewer, emptied, sees_content, wanted
from droas_sandbox.rate_limits import Limit, RateLimits
from droas_sandbox.world.mentions import resolve

BITS = st.integers(0, permissions.ALL)
OVERWRITE = st.builds(lambda allow, deny: {"allow": str(allow), "deny": str(deny)}, BITS, BITS)


# --- permissions ----------------------------------------------------------------


@given(BITS, st.lists(BITS))
def test_more_roles_never_take_permissions_away(everyone: int, roles: list[int]) -> None:
    """The base is a union, and the owner has all."""
    base = permissions.base(everyone, roles, owner=False)
    assert base & everyone == everyone
    assert all(base & role == role for role in roles)
    assert permissions.base(everyone, roles, owner=True) == permissions.ALL


@given(BITS, OVERWRITE, OVERWRITE, OVERWRITE)
def test_overwrites_apply_from_everyone_to_the_member(
    base: int, everyone: dict[str, str], role: dict[str, str], own: dict[str, str]
) -> None:
    """The member's own overwrite has the last word; without VIEW_CHANNEL nothing is left."""
    base &= ~permissions.ADMINISTRATOR
    overwrites = [{"id": "1", **everyone}, {"id": "2", **role}, {"id": "3", **own}]
    left = permissions.in_channel(base, overwrites, guild_id="1", role_ids=["2"], user_id="3")
    if not left:
        return
    assert left & permissions.VIEW_CHANNEL
    assert left & int(own["allow"]) == int(own["allow"])
    assert not left & int(own["deny"]) & ~int(own["allow"])


@given(st.lists(OVERWRITE, min_size=1))
def test_administrators_do_not_mind_overwrites(overwrites: list[dict[str, str]]) -> None:
    """ADMINISTRATOR is everything, everywhere."""
    listed = [{"id": str(number), **one} for number, one in enumerate(overwrites)]
    base = permissions.ADMINISTRATOR
    left = permissions.in_channel(base, listed, guild_id="0", role_ids=[], user_id="9")
    assert left == permissions.ALL


def test_one_roles_allowance_beats_another_roles_denial() -> None:
    """All roles' denials come before all roles' allowances."""
    bit = permissions.SEND_MESSAGES
    overwrites = [
        {"id": "2", "allow": str(bit), "deny": "0"},
        {"id": "3", "allow": "0", "deny": str(bit)},
    ]
    base = permissions.VIEW_CHANNEL
    for order in (["2", "3"], ["3", "2"]):
        left = permissions.in_channel(base, overwrites, guild_id="1", role_ids=order, user_id="9")
        assert left == base | bit


def test_names_numbers_and_texts_are_permissions() -> None:
    """World files may say it as they like."""
    assert permissions.parse(["kick_members", "BAN_MEMBERS"]) == 6
    assert permissions.parse("6") == permissions.parse(6) == 6
    with pytest.raises(KeyError):
        permissions.parse(["fly"])


# --- rate limits ----------------------------------------------------------------


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60).map(sorted), st.integers(1, 6))
def test_a_window_never_lets_more_through_than_its_limit(moments: list[float], most: int) -> None:
    """Whatever the arrivals, requests of one window stay within the limit, and a refusal says how long."""
    limits = RateLimits({"r": Limit(most, 5.0)})
    opened, passed = None, 0
    for now in moments:
        if opened is None or now >= opened + 5.0:
            opened, passed = now, 0
        grant = limits.ask("r", "c", "bot", now=now)
        passed += grant.allowed
        assert passed <= most
        assert grant.allowed or grant.remaining == 0
        assert 0 <= grant.reset_after_s <= 5.0 + 1e-9


@given(st.lists(st.floats(0, 3), max_size=80).map(sorted))
def test_no_second_has_more_than_the_global_limit(moments: list[float]) -> None:
    """A sliding second, and waiting as told always helps."""
    limits, passed = RateLimits(), []
    for now in moments:
        wait_s = limits.ask_global("bot", now=now, per_second=10)
        assert 0 <= wait_s <= 1
        if not wait_s:
            passed.append(now)
    assert all(sum(at <= one < at + 1.0 for one in passed) <= 10 for at in passed)


# --- ids, moments, shards -------------------------------------------------------


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=200))
def test_ids_always_rise(steps: list[float]) -> None:
    """Whatever the clock does."""
    clock = SandboxClock()
    snowflakes = Snowflakes(clock)
    made = []
    for step in steps:
        clock.offset_s += step
        made.append(int(snowflakes.new()))
    assert made == sorted(set(made))


def test_ten_thousand_ids_of_one_moment_are_different() -> None:
    """The increment carries over into the next millisecond."""
    clock = SandboxClock()
    clock.now = lambda: 1_800_000_000.0  # type: ignore[method-assign]
    snowflakes = Snowflakes(clock)
    made = [int(snowflakes.new()) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert abs(moment_of(str(made[0])) - 1_800_000_000.0) < 0.01


@given(st.floats(1_500_000_000, 4_000_000_000))
def test_moments_survive_being_written(at: float) -> None:
    """ISO 8601 with microseconds and offset."""
    assert abs((parse_iso(iso(at)) or 0) - at) < 1e-5
    assert iso(at).endswith("+00:00")


@given(st.integers(0, 2**63), st.integers(1, 16))
def test_every_group_has_exactly_one_shard(guild_id: int, count: int) -> None:
    """And what has no group goes to the first."""
    serving = [index for index in range(count) if Shard(index, count).serves(str(guild_id))]
    assert serving == [(guild_id >> 22) % count]
    assert [index for index in range(count) if Shard(index, count).serves(None)] == [0]


# --- intents --------------------------------------------------------------------


@given(st.integers(0, KNOWN), st.booleans())
def test_more_intents_never_silence_an_event(intents: int, in_guild: bool) -> None:
    """An event that is heard with some intents is heard with all."""
    for name in ("MESSAGE_CREATE", "GUILD_BAN_ADD", "TYPING_START", "GUILD_MEMBER_ADD", "INTERACTION_CREATE"):
        few = Viewer(bot_id="1", intents=intents, permissions=permissions.ALL)
        many = Viewer(bot_id="1", intents=KNOWN, permissions=permissions.ALL)
        assert wanted(name, {}, few, in_guild=in_guild) <= wanted(name, {}, many, in_guild=in_guild)


@given(st.dictionaries(st.sampled_from(["content", "embeds", "attachments", "id", "poll"]), st.text()))
def test_emptying_twice_is_emptying_once(message: dict[str, str]) -> None:
    """Nothing is left to take, and what stays is untouched."""
    once = emptied(message)
    assert emptied(once) == once
    assert once["content"] == ""
    assert once.get("id") == message.get("id")
    assert "poll" not in once


def test_a_reply_is_emptied_with_what_it_answers() -> None:
    """The message replied to may not leak."""
    seen = emptied({"content": "a", "referenced_message": {"content": "b"}})
    assert seen["referenced_message"]["content"] == ""


def test_content_is_for_the_intent_or_the_parties() -> None:
    """The four exceptions that a message itself shows."""
    blind = Viewer(bot_id="1", intents=0, permissions=0)
    seeing = Viewer(bot_id="1", intents=MESSAGE_CONTENT, permissions=0)
    stranger = {"author": {"id": "2"}, "mentions": []}
    assert not sees_content(stranger, blind, in_guild=True)
    assert sees_content(stranger, seeing, in_guild=True)
    assert sees_content(stranger, blind, in_guild=False)
    assert sees_content({"author": {"id": "1"}}, blind, in_guild=True)
    assert sees_content({"author": {"id": "2"}, "mentions": [{"id": "1"}]}, blind, in_guild=True)


# --- mentions, errors, faults ---------------------------------------------------


@given(st.text(), st.lists(st.integers(1, 50).map(str), max_size=5))
def test_only_those_named_in_the_text_are_pinged(text: str, listed: list[str]) -> None:
    """A list alone pings nobody."""
    found = resolve(text, {"users": listed}, replied_to=None, defaults=frozenset({"users"}))
    assert set(found.users) <= set(listed)
    assert all(f"<@{user_id}>" in text or f"<@!{user_id}>" in text for user_id in found.users)
    assert not found.everyone


def test_errors_mirror_the_request() -> None:
    """The tree has the field's path as its keys; the code decides status and words."""
    error = invalid("embeds.0.title", "CODE", "words")
    assert error.body()["errors"] == {
        "embeds": {"0": {"title": {"_errors": [{"code": "CODE", "message": "words"}]}}}
    }
    assert (error.status, error.code) == (400, 50035)
    assert DiscordError(50013).body() == {"message": "Missing Permissions", "code": 50013}


@given(st.integers(1, 5))
def test_a_fault_strikes_as_often_as_it_was_told(times: int) -> None:
    """Then it is gone."""
    faults = Faults(SandboxClock())
    faults.add("delay", {"times": times, "match": {"route": "^/a", "bot_id": "1"}})
    assert faults.take("delay", route="/b", bot_id="1") is None
    assert faults.take("html", route="/a", bot_id="1") is None
    struck = [faults.take("delay", route="/a/x", bot_id="1") is not None for _ in range(times + 2)]
    assert struck == [True] * times + [False, False]
    assert faults.list() == []


def test_every_fault_is_in_the_documentation() -> None:
    """The table of faults names every kind with its options, and no other."""
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
    rows = [
        line.split(" | ") for line in page.partition("| kind |")[2].splitlines() if line.startswith("| `")
    ]
    told = {kind: row[-1] for row in rows for kind in re.findall(r"`(\w+)`", row[0])}
    assert told.keys() == KINDS.keys()
    for kind, options in KINDS.items():
        assert set(options) <= set(re.findall(r"`(\w+)`", told[kind])), kind
