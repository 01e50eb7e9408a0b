"""A bot's day: it comes in order, tells how it is, and leaves in order."""

import asyncio
from typing import Any

import pytest

from droas_child.flows.child import Child
from droas_child.flows.intake import Intake
from droas_child.flows.news import News
from droas_common.discord_connection import FatalGatewayError
from droas_common.errors import ConfigurationError, OutsideError
from droas_common.ids import BotName
from droas_common.wire.frames import encode
from droas_common.wire.heartbeats import GatewayState, Goodbye, Heartbeat, Register, Welcome
from droas_common.wire.topics import Snapshot


class FakeMother:
    """Hears the child and follows its subscriptions."""

    def __init__(self) -> None:
        self.words: list[Any] = []
        self.syncs: list[tuple[float, str]] = []

    def tell(self, word: Any) -> None:
        """Hear a word."""
        self.words.append(word)

    def subscribe(self, topic: str) -> None:
        """Note when the state is asked for."""
        if topic.startswith("~sync/"):
            self.syncs.append((asyncio.get_running_loop().time(), topic))

    def unsubscribe(self, topic: str) -> None:
        """Let a topic go."""

    def heard(self, kind: type) -> list[Any]:
        """Give the words of one kind."""
        return [word for word in self.words if isinstance(word, kind)]


class FakeConnection:
    """A gateway that stays until it is closed."""

    latency_ms = 12.5
    ack_age_s = 1.0

    def __init__(self) -> None:
        self.began_at: float | None = None
        self.closed = asyncio.Event()
        self.refusing: Exception | None = None

    async def run(self) -> None:
        """Stay."""
        self.began_at = asyncio.get_running_loop().time()
        if self.refusing is not None:
            raise self.refusing
        await self.closed.wait()

    async def close(self) -> None:
        """Go."""
        self.closed.set()


class Day:
    """A child with its fakes."""

    def __init__(self, settings: Any, speaker: Any, *, preloaded: bool = True) -> None:
        self.mother, self.connection = FakeMother(), FakeConnection()
        intake = Intake(settings=lambda: settings, speaker=speaker, make_answer=lambda *_: None)  # type: ignore[arg-type]  # no question comes
        self.news = News(
            BotName("bot_01"), settings, revision=3, intake=lambda: intake, subscriptions=self.mother
        )
        self.child = Child(
            mother=self.mother,
            connection=self.connection,
            intake=intake,
            news=self.news,
            watches=[],
            preloaded=preloaded,
            heartbeat_interval_s=0.5,
            drain_grace_s=5,
        )

    def answer_sync(self) -> None:
        """Give the state that was asked for last."""
        self.news.hear([self.mother.syncs[-1][1].encode(), encode(Snapshot(topics={}))])


@pytest.fixture
def play(live: Any, settings: Any, speaker: Any) -> Any:
    """Give a function that plays a scene beside a running child."""

    def run(scene: Any, **more: Any) -> Day:
        async def whole() -> Day:
            day = Day(settings, speaker, **more)
            async with asyncio.TaskGroup() as group:
                group.create_task(day.child.run())
                await asyncio.sleep(0)
                await scene(day)
            return day

        day: Day = live(whole())
        return day

    return run


def test_it_registers_waits_for_the_welcome_and_for_the_state(play: Any) -> None:
    """The gateway comes last; heartbeats tell how it stands; the goodbye comes at the end."""

    async def scene(day: Day) -> None:
        assert [type(word) for word in day.mother.words] == [Register]
        await asyncio.sleep(1)
        assert len(day.mother.heard(Register)) > 1, "one may be lost"
        assert day.mother.syncs == []
        day.child.hear(Welcome(heartbeat_interval_s=0.25))
        await asyncio.sleep(0.1)
        assert day.connection.began_at is None
        day.answer_sync()
        await asyncio.sleep(0.1)
        assert day.connection.began_at is not None
        day.child.note_gateway(GatewayState.READY, "")
        await asyncio.sleep(1)
        day.child.ask_stop()

    day = play(scene)
    beats = day.mother.heard(Heartbeat)
    assert [beat.sequence for beat in beats] == list(range(1, len(beats) + 1))
    assert 5 <= len(beats) <= 7
    assert (beats[-1].gateway, beats[-1].gateway_latency_ms) == (GatewayState.READY, 12.5)
    assert beats[-1].config_revision == 3
    assert day.connection.closed.is_set()
    assert day.mother.words[-1] == Goodbye(reason="asked to stop")


def test_a_configuration_is_confirmed_at_once(play: Any) -> None:
    """One heartbeat for all that came in a turn of the loop, and the new pace of heartbeats from then on."""

    async def scene(day: Day) -> None:
        day.child.hear(Welcome(heartbeat_interval_s=60))
        await asyncio.sleep(0.1)
        before = len(day.mother.heard(Heartbeat))
        for revision in (4, 5, 6):
            day.news.revision = revision
            day.child.note_settings({"heartbeat_interval_s": 0.25})
        await asyncio.sleep(0)
        beats = day.mother.heard(Heartbeat)
        assert [beat.config_revision for beat in beats[before:]] == [6]
        day.child.note_settings({"heartbeat_interval_s": "often"})
        day.child.ask_stop()

    play(scene)


def test_a_state_that_does_not_come_is_asked_for_again(play: Any) -> None:
    """After two seconds, anew, while the bot goes to work with what it was started with."""

    async def scene(day: Day) -> None:
        day.child.hear(Welcome(heartbeat_interval_s=0.5))
        await asyncio.sleep(5)
        day.child.ask_stop()

    day = play(scene)
    assert len({topic for _, topic in day.mother.syncs}) == 3
    assert day.connection.began_at == pytest.approx(2.0, abs=0.1)


def test_without_a_welcome_it_leaves(play: Any) -> None:
    """A bot that nobody wants does not connect."""

    async def scene(_day: Day) -> None:
        await asyncio.sleep(0)

    with pytest.raises(ExceptionGroup) as caught:
        play(scene)
    assert caught.group_contains(OutsideError, match="did not welcome")


def test_a_stop_before_the_welcome_is_obeyed_at_once(play: Any) -> None:
    """Nobody waits five seconds for a child that has not begun."""

    async def scene(day: Day) -> None:
        day.child.ask_stop()
        await asyncio.sleep(0.1)
        assert day.mother.words[-1] == Goodbye(reason="asked to stop")

    assert play(scene).connection.began_at is None


def test_a_refusal_of_discord_is_fatal(play: Any) -> None:
    """The mother hears that only a new configuration helps, and the exit code says so too."""

    async def scene(day: Day) -> None:
        day.connection.refusing = FatalGatewayError("Discord refuses the token (4004)")
        day.child.hear(Welcome(heartbeat_interval_s=0.5))
        await asyncio.sleep(0)
        day.answer_sync()

    with pytest.raises(ExceptionGroup) as caught:
        play(scene)
    assert caught.group_contains(ConfigurationError, match="4004")


def test_a_change_of_the_gateway_is_told_at_once(play: Any) -> None:
    """The mother does not wait for the next heartbeat, and hears nothing twice."""

    async def scene(day: Day) -> None:
        day.child.hear(Welcome(heartbeat_interval_s=10))
        await asyncio.sleep(0.1)
        for _ in range(2):
            day.child.note_gateway(GatewayState.LOST, "the gateway connection was lost")
        beats = day.mother.heard(Heartbeat)
        assert [beat.gateway for beat in beats] == [GatewayState.CONNECTING, GatewayState.LOST]
        assert beats[-1].detail == "the gateway connection was lost"
        day.child.ask_stop()

    play(scene)


def test_an_error_that_nobody_caught_is_told_with_its_fingerprint(
    settings: Any, speaker: Any, live: Any
) -> None:
    """The mother learns what and where, so that the same one is known again."""

    async def scene() -> Day:
        day = Day(settings, speaker)
        day.connection.refusing = ValueError("nobody expected this")
        day.child.hear(Welcome(heartbeat_interval_s=0.25))
        with pytest.raises(ExceptionGroup):
            await day.child.run()
        return day

    (goodbye,) = live(scene()).mother.heard(Goodbye)
    assert goodbye.reason.startswith("ValueError: nobody expected this (")
    assert goodbye.fingerprint
    assert not goodbye.fatal


def test_what_an_earlier_mother_has_counted_is_not_told_to_her_successor(play: Any) -> None:
    """Of a hand-over only the newest IDENTIFYs are told again; after a time alone, those of that time."""
    told: list[int] = []

    async def scene(day: Day) -> None:
        day.child.hear(Welcome(heartbeat_interval_s=60))
        day.child.note_identify()
        await asyncio.sleep(100)
        day.child.note_identify()
        day.child.meet()
        told.append(day.mother.heard(Heartbeat)[-1].identifies)
        day.child.note_alone()
        for _ in range(3):
            await asyncio.sleep(20)
            day.child.note_identify()
        day.child.meet()
        told.append(day.mother.heard(Heartbeat)[-1].identifies)
        day.child.ask_stop()

    play(scene)
    assert told == [1, 3]
