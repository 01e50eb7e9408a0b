"""Laws of the plan: it leads to what is wanted, and never restarts more than it must."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl, SecretStr

from droas_common.ids import BotName
from droas_common.settings import BotSettings, DiscordSettings, LlmSettings, ProtectionLevel
from droas_common.wire.calls import Json
from droas_mother.core.reloading.config_diff import Effect
from droas_mother.core.reloading.config_plan import Plan, after, hot_settings, pending, plan, restart_digest
from droas_mother.core.settings import Configuration, HttpSettings, LogSettings, MotherSettings
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.core.tools.tool_settings import EconomySettings

BOTS = st.builds(
    BotSettings,
    discord_token=st.sampled_from([SecretStr("token-one-of-nobody"), SecretStr("token-two-of-nobody")]),
    llm_config=st.builds(
        LlmSettings,
        base_url=st.sampled_from([HttpUrl("http://127.0.0.1:1/v1"), HttpUrl("http://127.0.0.1:2/v1")]),
        api_key=st.sampled_from([SecretStr("key-one-of-nobody"), SecretStr("key-two-of-nobody")]),
        model=st.sampled_from([None, "small"]),
        total_timeout_s=st.sampled_from([80.0, 90.0]),
    ),
    system_prompt=st.sampled_from(["Be kind.", "Be brief."]),
    protection_level=st.sampled_from(ProtectionLevel),
    tools=st.sampled_from([("economy.*",), ("users.profile",)]),
    max_parallel_answers=st.integers(1, 2),
)
MOTHERS = st.builds(
    MotherSettings,
    discord=st.builds(DiscordSettings, guild_ready_timeout_s=st.sampled_from([0.1, 0.2])),
    http=st.builds(HttpSettings, port=st.integers(8000, 8001)),
    log=st.builds(LogSettings, level=st.sampled_from(["INFO", "DEBUG"])),
    economy=st.builds(EconomySettings, daily_amount=st.integers(1, 2)),
    supervision=st.builds(
        SupervisionSettings,
        heartbeat_interval_s=st.sampled_from([0.5, 1.0]),
        live_restore=st.booleans(),
        orphan_lease_s=st.sampled_from([None, 5.0]),
    ),
)
CONFIGURATIONS = st.builds(
    Configuration,
    mother=MOTHERS,
    bots=st.dictionaries(st.sampled_from([BotName(name) for name in ("ada", "eve", "bob")]), BOTS),
)


@dataclass(frozen=True)
class Process:
    """A running bot: what it was started with, and what it has taken over."""

    digest: str
    hot: Json
    tools: tuple[str, ...]


def fresh(configuration: Configuration, name: BotName) -> Process:
    """Start a bot as this configuration says."""
    bot = configuration.bots[name]
    return Process(
        restart_digest(bot, configuration.mother), hot_settings(bot, configuration.mother), bot.tools
    )


def town_of(configuration: Configuration) -> dict[BotName, Process]:
    """Start all bots."""
    return {name: fresh(configuration, name) for name in configuration.bots}


def carry_out(
    town: dict[BotName, Process], steps: Plan, target: Configuration, leave_out: BotName | None = None
) -> dict[BotName, Process]:
    """Do what the plan says, but for one bot's restart."""
    done = {name: process for name, process in town.items() if name not in steps.stop}
    for name in steps.start | steps.restart - {leave_out}:
        done[name] = fresh(target, name)
    for name in steps.live | (steps.restart & {leave_out}):
        now = fresh(target, name)
        done[name] = Process(town[name].digest, now.hot, now.tools)
    return done


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_the_plan_leads_to_what_is_wanted(old: Configuration, new: Configuration) -> None:
    """Every bot runs afterwards as one that is freshly started with the new configuration."""
    target = after(old, new)
    assert carry_out(town_of(old), plan(old, new), target) == town_of(target)


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_no_bot_is_restarted_in_vain(old: Configuration, new: Configuration) -> None:
    """Leave one restart out, and that bot does not run as it should."""
    steps, target = plan(old, new), after(old, new)
    for name in steps.restart:
        assert carry_out(town_of(old), steps, target, leave_out=name) != town_of(target)
    for name in steps.live:
        assert town_of(old)[name] != town_of(target)[name]


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_what_runs_needs_no_plan(old: Configuration, new: Configuration) -> None:
    """After a plan nothing is left to be done; what waits for the mother waits still, and is named."""
    target = after(old, new)
    assert replace(plan(target, new), changes=()) == Plan()
    assert pending(target, new) == pending(old, new)
    assert after(target, new) == target
    assert plan(old, old) == Plan()


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_every_change_is_told_and_no_secret_with_it(old: Configuration, new: Configuration) -> None:
    """What differs is in the list, what is secret is not."""
    changes = plan(old, new).changes
    assert bool(changes) == (old.mother != new.mother or old.bots != new.bots)
    told = " ".join(f"{one.path} {one.before} {one.after}" for one in changes)
    assert "of-nobody" not in told
    restarts = {one.path.split(".")[1] for one in changes if one.effect is Effect.RESTART}
    assert restarts == {str(name) for name in plan(old, new).restart}
    waiting = {one.path for one in changes if one.effect is Effect.MOTHER_RESTART}
    assert bool(waiting) == bool(pending(old, new))
