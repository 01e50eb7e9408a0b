"""Discord's own auto moderation: rules, blocked messages, what the bot hears of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_sandbox.world.automod import find, pattern_of


def _rule(**more: Any) -> dict[str, Any]:
    return {
        "name": "words",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["bad*"], "allow_list": ["badminton"]},
        "actions": [{"type": 1}, {"type": 3, "metadata": {"duration_seconds": 60}}],
        "enabled": True,
        **more,
    }


async def test_rules_come_and_go(town: Any, rest: Any, plain_rest: Any, conforms: Any) -> None:
    """Made, read, changed, deleted, each with its audit entry; only with MANAGE_GUILD."""
    path = f"/guilds/{town.guild_id}/auto-moderation/rules"
    made = await rest("POST", path, _rule())
    conforms("KeywordRuleResponse", made.json)
    one = f"{path}/{made.json['id']}"
    assert (await rest("PATCH", one, {"enabled": False})).json["enabled"] is False
    assert [rule["id"] for rule in (await rest("GET", path)).json] == [made.json["id"]]
    assert (await plain_rest("GET", path)).code == 50013
    assert (await rest("DELETE", one)).status == 204
    assert (await rest("GET", one)).code == 10066
    assert [entry["action_type"] for entry in town.guild.audit] == [140, 141, 142]


async def test_a_blocked_message_never_exists(town: Any, rest: Any, control: Any) -> None:
    """The sender gets 400 with 200000, and is timed out when the rule says so."""
    await rest("POST", f"/guilds/{town.guild_id}/auto-moderation/rules", _rule())
    path = f"/channels/{town.channel_id}/messages"
    blocked = await control("POST", path, {"author_id": town.mallory_id, "content": "such BADness"})
    assert (blocked.status, blocked.code) == (400, 200000)
    assert (await control("GET", path)).json == []
    assert town.sandbox.world.timed_out(town.guild, town.mallory_id)
    fine = await control("POST", path, {"author_id": town.alice_id, "content": "badminton and not abad"})
    assert fine.status == 200
    boss = await control("POST", path, {"author_id": town.owner_id, "content": "bad"})
    assert boss.status == 200
    assert [entry["action_type"] for entry in town.guild.audit] == [140, 143, 145]


async def test_exempt_channels_and_roles(town: Any, rest: Any, control: Any) -> None:
    """Where the rule does not hold."""
    rule = _rule(exempt_channels=[int(town.channel_id)])
    await rest("POST", f"/guilds/{town.guild_id}/auto-moderation/rules", rule)
    body = {"author_id": town.mallory_id, "content": "bad"}
    assert (await control("POST", f"/channels/{town.channel_id}/messages", body)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        _rule(trigger_type=2),
        _rule(name=""),
        _rule(trigger_metadata={"keyword_filter": ["x" * 61]}),
        _rule(trigger_metadata={"regex_patterns": ["("]}),
        _rule(actions=[{"type": 9}]),
        _rule(actions=[{"type": 3, "metadata": {"duration_seconds": 2_419_201}}]),
        _rule(exempt_roles=["1"] * 21),
    ],
)
async def test_faulty_rules_are_refused(town: Any, rest: Any, body: Any) -> None:
    """Lengths, counts, choices."""
    answer = await rest("POST", f"/guilds/{town.guild_id}/auto-moderation/rules", body)
    assert (answer.status, answer.code) == (400, 50035)


async def test_six_keyword_rules_are_all(town: Any, rest: Any) -> None:
    """Each trigger has its maximum."""
    path = f"/guilds/{town.guild_id}/auto-moderation/rules"
    statuses = [(await rest("POST", path, _rule(name=str(number)))).status for number in range(7)]
    assert statuses == [200] * 6 + [400]


@pytest.mark.parametrize(
    ("keyword", "hits", "misses"),
    [
        ("cat", ["cat", "a CAT !", "cat"], ["cats", "scat", "c at"]),
        ("cat*", ["cats", "catalogue x"], ["scat"]),
        ("*cat", ["scat", "cat"], ["cats"]),
        ("*cat*", ["scatter"], ["c a t"]),
        ("the cat", ["see the cat"], ["see the cats"]),
    ],
)
def test_keywords_match_as_documented(keyword: str, hits: list[str], misses: list[str]) -> None:
    """Whole words, beginnings, ends, anywhere, without regard to case."""
    rule = {"trigger_type": 1, "trigger_metadata": {"keyword_filter": [keyword]}}
    assert all(find(rule, text) is not None for text in hits)
    assert all(find(rule, text) is None for text in misses)


@given(st.text(alphabet="ab*. (", min_size=1, max_size=8), st.text(max_size=30))
def test_any_keyword_is_a_valid_pattern(keyword: str, text: str) -> None:
    """Whatever people write into a rule, it can be searched for."""
    assert pattern_of(keyword)
    find({"trigger_type": 1, "trigger_metadata": {"keyword_filter": [keyword]}}, text)


def test_mention_spam_counts_different_mentions() -> None:
    """More than the limit, and the same one twice counts once."""
    rule = {"trigger_type": 5, "trigger_metadata": {"mention_total_limit": 2}}
    assert find(rule, "<@1> <@1> <@2>") is None
    assert find(rule, "<@1> <@&2> <@!3>") is not None
