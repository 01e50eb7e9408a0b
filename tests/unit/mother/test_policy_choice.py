"""Named policies: what they say, which holds where, and how several go together."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl, SecretStr

from droas_common.ids import Snowflake
from droas_common.settings import BotSettings, LlmSettings, ProtectionLevel
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.core.protection.normalisation import normalise
from droas_mother.core.protection.policy import POLICIES, Policy, together
from droas_mother.core.protection.policy_choice import PolicyChoice
from droas_mother.core.protection.policy_settings import PolicySettings
from droas_mother.core.settings import ProtectionSettings
from droas_mother.flows.protection.inspector import Inspector

POLICY = st.builds(
    Policy,
    flood_messages=st.integers(2, 9),
    flood_window_s=st.integers(1, 9),
    duplicate_messages=st.integers(2, 9),
    mentions=st.integers(1, 9),
    invites_allowed=st.booleans(),
    time_out_s=st.integers(0, 9),
    invite_time_out_s=st.integers(0, 9),
    keyword_time_out_s=st.integers(0, 9),
)
LLM = LlmSettings(base_url=HttpUrl("http://127.0.0.1:1"), api_key=SecretStr("none"))


def bot(level: str = "low", policy: str | None = None) -> BotSettings:
    """Give a bot's settings."""
    return BotSettings(
        discord_token=SecretStr("t"),
        llm_config=LLM,
        protection_level=ProtectionLevel(level),
        protection_policy=policy,
    )


@given(POLICY, POLICY, POLICY)
def test_the_strictest_threshold_of_each_kind_holds(one: Policy, two: Policy, three: Policy) -> None:
    """In whatever order and however often bots come: associative, commutative, idempotent."""
    assert together([one, two]) == together([two, one])
    assert together([together([one, two]), three]) == together([one, together([two, three])])
    assert together([one, one]) == one
    both = together([one, two])
    assert both.mentions <= min(one.mentions, two.mentions)
    assert both.time_out_s >= max(one.time_out_s, two.time_out_s)
    assert not (both.invites_allowed and not one.invites_allowed)


def test_a_policy_takes_the_rest_from_its_level() -> None:
    """Only what it says is different, and an empty one is its level."""
    policy = PolicySettings(based_on=ProtectionLevel.HIGH, mentions=9, time_out_s=0).policy()
    high = POLICIES[ProtectionLevel.HIGH]
    assert (policy.mentions, policy.time_out_s, policy.flood_messages) == (9, 0, high.flood_messages)
    for level in ProtectionLevel:
        assert PolicySettings(based_on=level).policy() == POLICIES[level]


def test_a_groups_own_policy_stands_above_its_bots_and_theirs_above_the_rest() -> None:
    """And a name stands in place of a level."""
    strict = PolicySettings(mentions=1).policy()
    events = PolicySettings(mentions=50).policy()
    settings = ProtectionSettings(
        level=ProtectionLevel.HIGH, policy="events", guild_policies={"811": "strict"}
    )
    choice = PolicyChoice(settings=settings, named={"strict": strict, "events": events})
    assert choice.of("811", [bot(policy="events")]) == strict
    assert choice.of("1", [bot(policy="events")]) == events
    assert (
        choice.of("1", [bot(policy="events"), bot("high")]).mentions
        == POLICIES[ProtectionLevel.HIGH].mentions
    )
    assert choice.of("1", []) == events
    assert (
        PolicyChoice(settings=ProtectionSettings(), named={}).of("1", []) == POLICIES[ProtectionLevel.MEDIUM]
    )


def test_a_policy_says_where_it_comes_from() -> None:
    """The audit names what judged: the group's own policy, those of its bots, or that of groups without any."""
    settings = ProtectionSettings(level=ProtectionLevel.HIGH, guild_policies={"811": "strict"})
    choice = PolicyChoice(settings=settings, named={"strict": PolicySettings(mentions=1).policy()})
    assert choice.name_of("811", [bot("low")]) == "strict"
    assert choice.name_of("1", [bot("low", policy="strict")]) == "strict"
    assert choice.name_of("1", [bot("low", policy="strict"), bot("low"), bot("low")]) == "low+strict"
    assert choice.name_of("1", [bot("low", policy="gone")]) == "low"
    assert choice.name_of("1", []) == "high"


def test_messages_are_judged_by_the_groups_policy() -> None:
    """Two mentions are spam where a policy says so, and nowhere else."""
    policies = {"811": PolicySettings(mentions=2).policy()}
    inspector = Inspector(
        ProtectionSettings(),
        policy_of=lambda guild: policies.get(guild, POLICIES[ProtectionLevel.LOW]),
        name_of=lambda guild: "strict" if guild in policies else "low",
    )
    for guild, judged in (("811", True), ("812", False)):
        facts = MessageFacts(
            guild_id=Snowflake(guild),
            channel_id=Snowflake("2"),
            message_id=Snowflake("3"),
            author_id=Snowflake("9"),
            author_name="eve",
            at_s=0,
            text=normalise("hello"),
            mentioned_users=frozenset({Snowflake("1"), Snowflake("2")}),
        )
        verdict = inspector.inspect(facts)
        assert (verdict is not None) == judged
        assert verdict is None or verdict.policy == "strict"
