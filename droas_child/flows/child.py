"""A bot's day: register, learn the state, connect, answer, report, and leave in good order."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from droas_child.core.crashes import crash_of
from droas_child.flows.intake import Intake
from droas_child.flows.news import News
from droas_child.ports import Mother
from droas_common.connection_limits import IdentifyBudgetError
from droas_common.errors import ConfigurationError, DroasError, OutsideError, RequestError
from droas_common.ids import Snowflake
from droas_common.logs import log, redactor
from droas_common.wire.calls import Json
from droas_common.wire.heartbeats import (
    FromMother,
    GatewayState,
    Goodbye,
    Guilds,
    Heartbeat,
    Register,
    StartLimit,
)

_WELCOME_S, _REGISTER_S = 5.0, 0.25
_SYNC_S = 2.0

_HAND_OVER_S = 15.0
"""So long one mother may take to follow another in her process; what was told meanwhile, nobody may have heard."""

_KEPT_IDENTIFIES = 16
"""More than Discord takes of one token in the time of a hand-over."""


class Connection(Protocol):
    """The bot's connection to Discord."""

    @property
    def latency_ms(self) -> float | None:
        """Round trip of Discord's heartbeat."""
        ...

    @property
    def ack_age_s(self) -> float | None:
        """Seconds since Discord acknowledged one."""
        ...

    async def run(self) -> None:
        """Stay connected until closed; raises RequestError when Discord refuses for good, or IdentifyBudgetError."""
        ...

    async def close(self) -> None:
        """Leave with code 1000."""
        ...


class Watch(Protocol):
    """Something that is watched beside: the mother, the model."""

    async def run(self) -> None:
        """Watch until cancelled, or until there is nothing more to see."""
        ...


class Child:
    """One bot.

    Args:
        mother: the way to her.
        connection: the way to Discord.
        intake: questions.
        news: what she publishes.
        watches: what is watched beside.
        preloaded: whether this process was forked from a preloaded one.
        heartbeat_interval_s: seconds between heartbeats.
        drain_grace_s: seconds for answers in flight when stopping.
    """

    def __init__(
        self,
        *,
        mother: Mother,
        connection: Connection,
        intake: Intake,
        news: News,
        watches: Sequence[Watch],
        preloaded: bool,
        heartbeat_interval_s: float,
        drain_grace_s: float,
    ) -> None:
        self._mother = mother
        self._connection = connection
        self._intake = intake
        self._news = news
        self._watches = watches
        self._preloaded = preloaded
        self._interval_s = heartbeat_interval_s
        self._drain_grace_s = drain_grace_s
        self._welcome = asyncio.Event()
        self._word_came = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._gateway = GatewayState.CONNECTING
        self._detail = ""
        self._sequence = 0
        self._identifies = 0
        self._identified_at: deque[float] = deque(maxlen=_KEPT_IDENTIFIES)
        self._alone = False
        self._guilds: frozenset[Snowflake] = frozenset()
        self._lag_ms = 0.0
        self._refusal: RequestError | IdentifyBudgetError | None = None
        self._farewell = ""
        self._told_revision = news.revision

    def hear(self, word: FromMother) -> None:
        """Take in a word of the mother."""
        self._interval_s = word.heartbeat_interval_s
        self._welcome.set()
        self._word_came.set()

    def ask_stop(self, why: str = "asked to stop") -> None:
        """Leave in good order; may be called from a signal handler."""
        self._farewell = self._farewell or why
        self._stop_asked.set()
        self._word_came.set()

    def note_gateway(self, state: GatewayState, words: str) -> None:
        """Note how the bot stands with Discord, and tell the mother at once."""
        changed = state is not self._gateway
        self._gateway, self._detail = state, words
        if changed and self._welcome.is_set():
            level = "WARNING" if state in (GatewayState.LOST, GatewayState.REFUSED) else "INFO"
            log.log(level, "gateway", state=state.value, words=words)
            self._beat()

    def note_identify(self) -> None:
        """Tell the mother of an IDENTIFY before it is sent, so that she counts it whatever follows."""
        self._identifies += 1
        self._identified_at.append(asyncio.get_running_loop().time())
        self._beat()

    def note_guilds(self, guild_ids: frozenset[Snowflake]) -> None:
        """Note which groups the bot is in, follow their protection, and tell the mother."""
        self._guilds = guild_ids
        self._news.follow_guilds(guild_ids)
        self._mother.tell(Guilds(guild_ids=sorted(guild_ids)))

    def note_limit(self, limit: StartLimit) -> None:
        """Tell the mother what Discord says of this bot's IDENTIFYs."""
        self._mother.tell(limit)

    def note_settings(self, hot: Json) -> None:
        """Take over what concerns the bot itself, and confirm its configuration at once."""
        interval_s = hot.get("heartbeat_interval_s")
        if isinstance(interval_s, int | float) and interval_s > 0:
            self._interval_s = float(interval_s)
        grace_s = hot.get("drain_grace_s")
        if isinstance(grace_s, int | float) and grace_s >= 0 and not self._stop_asked.is_set():
            self._drain_grace_s = float(grace_s)
        if self._news.revision != self._told_revision:
            asyncio.get_running_loop().call_soon(self._confirm)

    def _confirm(self) -> None:
        """Beat once for all that was taken over in one turn of the loop."""
        if self._news.revision != self._told_revision:
            self._beat()

    def note_alone(self) -> None:
        """The mother is gone; what she would have been told from here on is counted apart."""
        self._identifies = 0
        self._alone = True

    def meet(self) -> None:
        """Register with a new mother, and tell her everything that she cannot know."""
        if not self._alone:  # she took over so soon that the end of the one before was not seen
            now = asyncio.get_running_loop().time()
            self._identifies = sum(now - at < _HAND_OVER_S for at in self._identified_at)
        self._alone = False
        self._mother.tell(Register(pid=os.getpid(), preloaded=self._preloaded))
        self._mother.tell(Guilds(guild_ids=sorted(self._guilds)))
        self._news.ask_state()
        self._beat()

    async def run(self) -> None:
        """Live until asked to stop.

        Raises:
            OutsideError: the mother does not welcome this bot, or Discord must not be asked again today.
            ConfigurationError: Discord refuses it for good.
        """
        try:
            await self._run()
        except DroasError as error:
            self._mother.tell(Goodbye(reason=str(error), fatal=isinstance(error, ConfigurationError)))
            raise
        except Exception as error:
            crash = crash_of(error)
            self._mother.tell(Goodbye(reason=redactor.text(crash.words), fingerprint=crash.fingerprint))
            raise

    async def _run(self) -> None:
        if not self._preloaded:
            log.warning("not_preloaded")
        await self._register()
        if not self._stop_asked.is_set():
            await self._live()
        if isinstance(self._refusal, RequestError):
            self._beat()
            raise ConfigurationError(str(self._refusal)) from self._refusal
        if self._refusal is not None:
            raise self._refusal
        self._mother.tell(Goodbye(reason=self._farewell))

    async def _live(self) -> None:
        """Do everything at once until asked to stop, then stop one thing after the other."""
        self._news.start()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._report(), name="report"),
                group.create_task(self._keep_synced(), name="sync"),
                group.create_task(self._intake.run(), name="intake"),
                group.create_task(self._stay_connected(), name="discord"),
                *(group.create_task(watch.run(), name=type(watch).__name__) for watch in self._watches),
            ]
            await self._stop_asked.wait()
            await self._intake.drain(self._drain_grace_s)
            await self._connection.close()
            for task in tasks:
                task.cancel()

    async def _register(self) -> None:
        """Say who this is until the mother answers; a word that comes before she has noted the start is lost."""
        try:
            async with asyncio.timeout(_WELCOME_S):
                while not self._word_came.is_set():
                    self._mother.tell(Register(pid=os.getpid(), preloaded=self._preloaded))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_REGISTER_S):
                            await self._word_came.wait()
        except TimeoutError:
            raise OutsideError(f"the mother did not welcome this bot within {_WELCOME_S:g} s") from None

    async def _stay_connected(self) -> None:
        """Connect when it is known what holds; a mother who does not tell is asked on, meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SYNC_S):
                await self._news.wait_synced()
        try:
            await self._connection.run()
        except (RequestError, IdentifyBudgetError) as refusal:
            self._refusal = refusal
            self._stop_asked.set()

    async def _report(self) -> None:
        """Beat from the loop itself: a blocked loop falls silent, and its lag is seen."""
        while True:
            self._beat()
            due = time.monotonic() + self._interval_s
            await asyncio.sleep(self._interval_s)
            self._lag_ms = max(0.0, (time.monotonic() - due) * 1000)

    async def _keep_synced(self) -> None:
        """Ask again for a state that did not come."""
        while True:
            await asyncio.sleep(_SYNC_S)
            if not self._news.synced:
                self._news.ask_state()

    def _beat(self) -> None:
        self._sequence += 1
        self._told_revision = self._news.revision
        self._mother.tell(
            Heartbeat(
                sequence=self._sequence,
                loop_lag_ms=round(self._lag_ms, 2),
                gateway=self._gateway,
                gateway_latency_ms=self._connection.latency_ms,
                gateway_ack_age_s=self._connection.ack_age_s,
                config_revision=self._news.revision,
                answered=self._intake.answered,
                failed=self._intake.failed,
                in_flight=self._intake.in_flight,
                identifies=self._identifies,
                model_ok=self._intake.model_ok,
                detail=self._detail,
            )
        )
