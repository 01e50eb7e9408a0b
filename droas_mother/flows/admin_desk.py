"""Answers to people and machines: what is running, how well, and commands."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import SecretStr

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_mother.core.answers.admin_answers import (
    BotList,
    BudgetReport,
    CommandAnswer,
    EventPage,
    Health,
    LogPage,
    MotherReport,
    Readiness,
    Refusal,
)
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome, Wish
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.flows.log_feed import LogFeed
from droas_mother.flows.records.records_desk import RecordsDesk
from droas_mother.flows.reloading.config_desk import ConfigDesk
from droas_mother.flows.supervision.bot_keeper import BotKeeper
from droas_mother.flows.supervision.bot_report import describe, details, life_of
from droas_mother.flows.supervision.event_feed import EventFeed
from droas_mother.flows.supervision.supervisor import Supervisor
from droas_mother.flows.tools.client_desk import ClientDesk
from droas_mother.flows.tools.tool_counter import ToolCounter
from droas_mother.ports import AuditLog, OwnFigures

Answer = tuple[int, Any]

_REACHED: dict[str, frozenset[State]] = {
    "start": frozenset({State.READY}),
    "restart": frozenset({State.READY}),
    "stop": frozenset({State.STOPPED}),
}
_ENDS_WAITING = frozenset({State.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the mother herself is.

    Args:
        problems: gives faults of the configuration that runs, in words.
        checks: gives what is wrong with her, in words; she is unwell while there is anything.
        protection: gives how her own bot stands with Discord, "off" when she has none.
        protection_why: gives why it is not ready, in words, where that is known.
        store: gives why nothing can be written down at the moment, "" when it can.
    """

    problems: Callable[[], tuple[str, ...]]
    checks: Callable[[], list[str]]
    protection: Callable[[], str]
    protection_why: Callable[[], str] = str
    store: Callable[[], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """What can be followed.

    Args:
        events: what happens to the bots.
        logs: their log lines.
    """

    events: EventFeed
    logs: LogFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the bots are held to.

    Args:
        supervision: gives how children are kept.
        identifies: gives how a token's day of IDENTIFYs stands.
    """

    supervision: Callable[[], SupervisionSettings]
    identifies: Callable[[SecretStr], BudgetReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Desks of their own.

    Args:
        counter: for tools.
        clients: for external clients.
        records: for audit, ledger and people.
        config: for the configuration.
    """

    counter: ToolCounter
    clients: ClientDesk
    records: RecordsDesk
    config: ConfigDesk


class AdminDesk:
    """Answers the admin interface.

    Args:
        supervisor: the bots.
        audit: writes commands down.
        rooms: desks of their own.
        feeds: what happens to the bots, and their logs.
        figures: how she herself was at the last look.
        limits: what the bots are held to.
        condition: how the mother herself is.
        metrics_text: gives the metrics.
    """

    def __init__(
        self,
        *,
        supervisor: Supervisor,
        audit: AuditLog,
        rooms: Rooms,
        feeds: Feeds,
        figures: OwnFigures,
        limits: Limits,
        condition: Condition,
        metrics_text: Callable[[], bytes],
    ) -> None:
        self._supervisor = supervisor
        self._audit = audit
        self.counter, self.clients, self.records = rooms.counter, rooms.clients, rooms.records
        self.config = rooms.config
        self._feeds = feeds
        self._figures = figures
        self._limits = limits
        self._condition = condition
        self._metrics_text = metrics_text
        self._started_at = time.monotonic()

    def health(self) -> Answer:
        """Say whether the mother is alive: 200, or 503 with what is wrong."""
        wrong = self._condition.checks()
        status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        return status, Health(
            status="unwell" if wrong else "ok",
            problems=wrong,
            pid=os.getpid(),
            uptime_s=self._uptime_s(),
            store=self._condition.store(),  # no reason to restart her: that makes no room on a disk
        )

    def ready(self) -> Answer:
        """Say whether every wanted bot and the protection are ready: 200, or 503 with those that are not."""
        waiting = {
            str(keeper.name): keeper.bot.state.value
            for keeper in self._supervisor.keepers.values()
            if keeper.bot.wanted and keeper.bot.state is not State.READY
        }
        protection = self._condition.protection()
        if protection not in ("off", "ready"):
            waiting["protection"] = self._condition.protection_why() or protection
        if fault := self._condition.store():
            waiting["store"] = fault
        wrong = self._condition.checks()
        problems = self._condition.problems()
        ok = not waiting and not wrong and not problems
        return (HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE), Readiness(
            ready=ok, waiting_for=waiting, problems=[*wrong, *problems]
        )

    def metrics(self) -> bytes:
        """Give the metrics in Prometheus's text format."""
        return self._metrics_text()

    def bots(self) -> Answer:
        """List the bots and the configuration's faults."""
        pid = os.getpid()
        usage = self._figures.own
        return HTTPStatus.OK, BotList(
            bots=[describe(keeper) for _, keeper in sorted(self._supervisor.keepers.items())],
            protection=self._condition.protection(),
            protection_why=self._condition.protection_why(),
            problems=list(self._condition.problems()),
            configuration=self.config.words(),
            store=self._condition.store(),
            mother_pid=pid,
            mother=MotherReport(
                pid=pid,
                uptime_s=self._uptime_s(),
                loop_lag_ms=round(self._figures.lag_s * 1000, 1),
                pss_mib=round(usage.pss_bytes / 2**20, 1) if usage else None,
                cpu_percent=usage.cpu_percent if usage else None,
            ),
        )

    def bot(self, name: str) -> Answer:
        """Tell everything about one bot."""
        keeper = self._supervisor.keepers.get(BotName(name))
        if keeper is None:
            return _unknown(name)
        return HTTPStatus.OK, details(
            keeper,
            identifies=self._limits.identifies(keeper.settings.discord_token),
            supervision=self._limits.supervision(),
        )

    def logs(self, name: str, count: int, *, follow: bool) -> Answer:
        """Give a bot's newest log records, oldest first, and with `follow` those that come."""
        bot = BotName(name)
        if bot not in self._supervisor.keepers:
            return _unknown(name)
        if follow:
            return HTTPStatus.OK, self._feeds.logs.follow(bot, count)
        return HTTPStatus.OK, LogPage(records=self._feeds.logs.newest(bot, count))

    def events(self, count: int, *, after: int | None, bot: str | None, follow: bool) -> Answer:
        """Give what happened, oldest first, and with `follow` what happens."""
        if bot is not None and BotName(bot) not in self._supervisor.keepers:
            return _unknown(bot)
        if follow:
            return HTTPStatus.OK, self._feeds.events.follow(count, after=after, bot=bot)
        return HTTPStatus.OK, EventPage(events=self._feeds.events.newest(count, after=after, bot=bot))

    def close_streams(self) -> None:
        """Tell those who follow that the mother stops."""
        self._feeds.events.close()
        self._feeds.logs.close()
        self.records.close_streams()

    async def command(self, name: str, verb: str, *, uid: int, wait_s: float) -> Answer:
        """Carry a command out; with `wait_s` answer when its state is reached, or not."""
        keeper = self._supervisor.keepers.get(BotName(name))
        if keeper is None:
            return _unknown(name)
        before = life_of(keeper)
        try:
            wish = Wish(bot=keeper.name, wanted=verb != "stop", at_us=time.time_ns() // 1000)
            await self._audit.write(_command_record(name, verb, uid), rows=(wish,))
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=f"{verb} {name} was not done: {error}")
        self._feeds.events.note_command(keeper.name, verb, uid)
        _carry_out(keeper, verb)
        reached = await self._wait(keeper, verb, before or 0, wait_s) if wait_s else None
        return HTTPStatus.OK, CommandAnswer(bot=describe(keeper), reached=reached, life_before=before)

    async def _wait(self, keeper: BotKeeper, verb: str, before: int, wait_s: float) -> bool:
        def settled() -> bool:
            if keeper.bot.state in _ENDS_WAITING and verb != "stop":
                return True
            if verb == "stop" and not keeper.at_rest:
                return False
            fresh = verb != "restart" or (life_of(keeper) or 0) > before
            return keeper.bot.state in _REACHED[verb] and fresh

        try:
            async with asyncio.timeout(wait_s):
                await self._supervisor.wait_until(settled)
        except TimeoutError:
            return False
        return keeper.bot.state in _REACHED[verb]

    def _uptime_s(self) -> float:
        return round(time.monotonic() - self._started_at, 1)


def _carry_out(keeper: BotKeeper, verb: str) -> None:
    if verb == "restart":
        keeper.restart()
    else:
        keeper.want(wanted=verb == "start")


def _unknown(name: str) -> Answer:
    return HTTPStatus.NOT_FOUND, Refusal(error=f"there is no bot named {name[:64]}")


def _command_record(name: str, verb: str, uid: int) -> AuditRecord:
    return AuditRecord(
        at_us=time.time_ns() // 1000,
        kind="command",
        caller=f"uid:{uid}",
        action=f"{verb} {name}",
        outcome=Outcome.OK,
    )
