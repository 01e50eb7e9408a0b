"""What the mother publishes is followed without gaps, and what cannot be used changes nothing."""

from typing import Any

import pytest

from droas_child.flows.news import News
from droas_common.ids import BotName, Snowflake
from droas_common.wire.frames import encode
from droas_common.wire.topics import Event, Snapshot, TopicState, config_topic, protection_topic

BOT = BotName("bot_01")
CONFIG = config_topic(BOT)
GUILD = protection_topic(Snowflake("10"))


class FakeBus:
    """Remembers what is followed."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def subscribe(self, topic: str) -> None:
        """Follow."""
        self.topics.append(topic)

    def unsubscribe(self, topic: str) -> None:
        """Leave."""
        self.topics.remove(topic)

    @property
    def sync(self) -> str:
        """The topic on which the state was asked for last."""
        return next(topic for topic in self.topics if topic.startswith("~sync/"))


class FakeIntake:
    """Remembers what was taken away."""

    def __init__(self) -> None:
        self.gone: list[tuple[str, ...]] = []

    def remove(self, message_id: Snowflake) -> None:
        """Note it."""
        self.gone.append((message_id,))

    def remove_member(self, guild_id: Snowflake, user_id: Snowflake) -> None:
        """Note it."""
        self.gone.append((guild_id, user_id))


class Desk:
    """News with its fakes."""

    def __init__(self, settings: Any) -> None:
        self.bus, self.intake = FakeBus(), FakeIntake()
        self.told: list[dict[str, Any]] = []
        self.news = News(
            BOT,
            settings,
            revision=3,
            intake=lambda: self.intake,  # type: ignore[arg-type,return-value]  # a fake with the two methods used
            subscriptions=self.bus,
            on_settings=self.told.append,
        )

    def event(self, topic: str, sequence: int, kind: str = "settings", **data: Any) -> None:
        """Let an event arrive."""
        self.news.hear([topic.encode(), encode(Event(sequence=sequence, kind=kind, data=data))])

    def snapshot(self, **topics: tuple[int, dict[str, Any]]) -> None:
        """Let the state arrive that was asked for: `config` and `guild`."""
        names = {"config": CONFIG, "guild": GUILD}
        states = {
            names[name]: TopicState(sequence=sequence, state=state)
            for name, (sequence, state) in topics.items()
        }
        self.news.hear([self.bus.sync.encode(), encode(Snapshot(topics=states))])


@pytest.fixture
def desk(settings: Any) -> Desk:
    """News that follow configuration and one group, and know where these stand."""
    made = Desk(settings)
    made.news.start()
    made.news.follow_guilds(frozenset({Snowflake("10")}))
    made.snapshot(config=(5, {}), guild=(2, {"removed": ["77"]}))
    return made


def test_the_state_comes_with_the_snapshot(desk: Desk) -> None:
    """What was removed before the bot came is known; the revision is that of its start."""
    assert desk.news.synced
    assert desk.intake.gone == [("77",)]
    assert desk.news.revision == 3


def test_hot_settings_apply(desk: Desk) -> None:
    """The next answer has the new persona, and the heartbeat the new revision."""
    model = {"model": "small", "temperature": 0.5, "api_key": "another"}
    before = desk.news.settings.llm_config
    desk.event(CONFIG, 6, revision=4, system_prompt="be short", max_parallel_answers=2, llm_config=model)
    after = desk.news.settings.llm_config
    assert (after.model, after.temperature, after.api_key) == ("small", 0.5, before.api_key)
    assert (desk.news.settings.system_prompt, desk.news.settings.max_parallel_answers) == ("be short", 2)
    assert desk.news.revision == 4
    assert [one["revision"] for one in desk.told] == [4]


@pytest.mark.parametrize(
    "bad",
    [
        {"history_messages": -1},
        {"llm_config": {"temperature": 9}},
        {"protection_level": "extreme"},
        {"system_prompt": 5},
    ],
)
def test_settings_that_cannot_be_used_change_nothing(desk: Desk, bad: dict[str, Any]) -> None:
    """Half a change is worse than none."""
    before = desk.news.settings
    desk.event(CONFIG, 6, revision=4, max_tool_rounds=1, **bad)
    assert (desk.news.settings, desk.news.revision, desk.told) == (before, 3, [])


def test_only_hot_settings_are_taken_over(desk: Desk) -> None:
    """A token never changes in a running bot."""
    desk.event(CONFIG, 6, discord_token="another", revision=4)
    assert desk.news.settings.discord_token.get_secret_value() == "token-of-a-bot"


def test_protection_drops_messages_and_members(desk: Desk) -> None:
    """Removed messages go by their id, removed people by group and id."""
    desk.intake.gone.clear()
    desk.event(GUILD, 3, "message_removed", message_id="88", user_id="7")
    desk.event(GUILD, 4, "member_timed_out", user_id="7")
    desk.event(GUILD, 5, "something_new")
    assert desk.intake.gone == [("88",), ("10", "7")]
    assert desk.news.synced


@pytest.mark.parametrize("sequence", [8, 1], ids=["a gap", "counted anew"])
def test_a_jump_asks_for_the_state(desk: Desk, sequence: int) -> None:
    """What was lost is asked for, with a fresh nonce, and the event itself still counts."""
    asked = desk.bus.sync
    desk.event(CONFIG, sequence, revision=9, system_prompt="new")
    assert desk.news.settings.system_prompt == "new"
    assert not desk.news.synced
    assert desk.bus.sync != asked
    desk.snapshot(config=(sequence, {"revision": 9}), guild=(2, {}))
    assert desk.news.synced


def test_an_old_snapshot_is_not_taken(desk: Desk) -> None:
    """Only the answer to the last question counts."""
    old = desk.bus.sync
    desk.news.ask_state()
    desk.news.hear([old.encode(), encode(Snapshot(topics={}))])
    assert not desk.news.synced


def test_removals_count_before_the_state_is_known(settings: Any) -> None:
    """To drop work early does no harm, to drop it late does."""
    desk = Desk(settings)
    desk.news.follow_guilds(frozenset({Snowflake("10")}))
    desk.event(GUILD, 9, "message_removed", message_id="88")
    assert desk.intake.gone == [("88",)]


def test_left_groups_are_followed_no_longer(desk: Desk) -> None:
    """Topics follow the groups that the bot is in."""
    desk.news.follow_guilds(frozenset({Snowflake("11")}))
    assert GUILD not in desk.bus.topics
    assert protection_topic(Snowflake("11")) in desk.bus.topics
    desk.intake.gone.clear()
    desk.event(GUILD, 3, "message_removed", message_id="88")
    assert desk.intake.gone == []


@pytest.mark.parametrize("frame", [b"", b"{", b"[]", b'{"sequence": "x", "kind": 1}', b"\xff"])
def test_bytes_that_are_no_event_are_survived(desk: Desk, frame: bytes) -> None:
    """Nothing that arrives ends the bot."""
    for topic in (CONFIG, GUILD, desk.bus.sync, "nonsense"):
        desk.news.hear([topic.encode(), frame])
    assert desk.news.synced
