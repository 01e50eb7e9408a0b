"""Answers to people and machines: what is running, how well, and commands."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_common.wire.calls import Json
from droas_mother.core.keeping import condition
from droas_mother.core.lifecycle import State
from droas_mother.core.records import AuditRecord, Outcome, Wish
from droas_mother.flows.bot_keeper import BotKeeper
from droas_mother.flows.supervisor import Supervisor
from droas_mother.ports import AuditLog, AuditReader, LogShelf

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
        problems: faults of the configuration, in words.
        checks: gives what is wrong with her, in words; she is unwell while there is anything.
        protection: gives how her own bot stands with Discord, "off" when she has none.
    """

    problems: tuple[str, ...]
    checks: Callable[[], list[str]]
    protection: Callable[[], str]


class AdminDesk:
    """Answers the admin interface.

    Args:
        supervisor: the bots.
        audit: writes commands down.
        reader: reads the audit.
        logs: the newest log records.
        condition: how the mother herself is.
        metrics_text: gives the metrics.
    """

    def __init__(
        self,
        *,
        supervisor: Supervisor,
        audit: AuditLog,
        reader: AuditReader,
        logs: LogShelf,
        condition: Condition,
        metrics_text: Callable[[], bytes],
    ) -> None:
        self._supervisor = supervisor
        self._audit = audit
        self._reader = reader
        self._logs = logs
        self._condition = condition
        self._metrics_text = metrics_text
        self._started_at = time.monotonic()

    def health(self) -> Answer:
        """Say whether the mother is alive: 200, or 503 with what is wrong."""
        wrong = self._condition.checks()
        status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        return status, {
            "status": "unwell" if wrong else "ok",
            "problems": wrong,
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self._started_at, 1),
        }

    def ready(self) -> Answer:
        """Say whether every wanted bot and the protection are ready: 200, or 503 with those that are not."""
        waiting = {
            keeper.name: keeper.bot.state.value
            for keeper in self._supervisor.keepers.values()
            if keeper.bot.wanted and keeper.bot.state is not State.READY
        }
        protection = self._condition.protection()
        if protection not in ("off", "ready"):
            waiting[BotName("protection")] = protection
        wrong = self._condition.checks()
        ok = not waiting and not wrong and not self._condition.problems
        return (HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE), {
            "ready": ok,
            "waiting_for": waiting,
            "problems": [*wrong, *self._condition.problems],
        }

    def metrics(self) -> bytes:
        """Give the metrics in Prometheus's text format."""
        return self._metrics_text()

    def bots(self) -> Answer:
        """List the bots and the configuration's faults."""
        bots = [self._describe(keeper) for keeper in self._supervisor.keepers.values()]
        return HTTPStatus.OK, {
            "bots": bots,
            "protection": self._condition.protection(),
            "problems": list(self._condition.problems),
            "mother_pid": os.getpid(),
        }

    def bot(self, name: str) -> Answer:
        """Describe one bot."""
        keeper = self._supervisor.keepers.get(BotName(name))
        if keeper is None:
            return _unknown(name)
        stacks = next((exit_.stacks for exit_ in keeper.bot.exits if exit_.stacks), "")
        return HTTPStatus.OK, {**self._describe(keeper), "last_stacks": stacks}

    def logs(self, name: str, count: int) -> Answer:
        """Give a bot's newest log records, oldest first."""
        if BotName(name) not in self._supervisor.keepers:
            return _unknown(name)
        return HTTPStatus.OK, {"records": self._logs.newest(name, count)}

    async def audit(self, count: int, kind: str | None) -> Answer:
        """Give the newest decisions, oldest first."""
        try:
            rows = await asyncio.to_thread(self._reader.newest_audit, count, kind=kind)
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)}
        return HTTPStatus.OK, {"records": rows}

    async def command(self, name: str, verb: str, *, uid: int, wait_s: float) -> Answer:
        """Carry a command out; with `wait_s` answer when its state is reached, or not."""
        keeper = self._supervisor.keepers.get(BotName(name))
        if keeper is None:
            return _unknown(name)
        before = keeper.bot.incarnation
        try:
            wish = Wish(bot=keeper.name, wanted=verb != "stop", at_us=time.time_ns() // 1000)
            await self._audit.write(_command_record(name, verb, uid), rows=(wish,))
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{verb} {name} was not done: {error}"}
        _carry_out(keeper, verb)
        reached = await self._wait(keeper, verb, before, wait_s) if wait_s else None
        return HTTPStatus.OK, {"bot": self._describe(keeper), "reached": reached}

    async def _wait(self, keeper: BotKeeper, verb: str, before: int, wait_s: float) -> bool:
        def settled() -> bool:
            if keeper.bot.state in _ENDS_WAITING and verb != "stop":
                return True
            fresh = verb != "restart" or keeper.bot.incarnation > before
            return keeper.bot.state in _REACHED[verb] and fresh

        try:
            async with asyncio.timeout(wait_s):
                await self._supervisor.wait_until(settled)
        except TimeoutError:
            return False
        return keeper.bot.state in _REACHED[verb]

    def _describe(self, keeper: BotKeeper) -> Json:
        bot, now = keeper.bot, time.monotonic()
        life = bot.life
        beat, usage = (life.beat, life.usage) if life else (None, None)
        return {
            "name": bot.name,
            "state": bot.state.value,
            "wanted": bot.wanted,
            "pid": life.pid if life else None,
            "uptime_s": round(now - life.started_at, 1) if life else None,
            "restarts": bot.restarts,
            "crashes_in_a_row": bot.row.crashes,
            "last_exit": bot.exits[0].words if bot.exits else None,
            "next_start_unix_s": time.time() + bot.start_at - now if bot.start_at is not None else None,
            "reason": condition(bot, keeper.rules, now=now) or bot.reason,
            "gateway": beat.gateway.value if beat else None,
            "gateway_latency_ms": beat.gateway_latency_ms if beat else None,
            "loop_lag_ms": beat.loop_lag_ms if beat else None,
            "answered": beat.answered if beat else None,
            "failed": beat.failed if beat else None,
            "model_ok": beat.model_ok if beat else None,
            "config_revision": beat.config_revision if beat else None,
            "pss_mib": round(usage.pss_bytes / 2**20, 1) if usage else None,
            "cpu_percent": usage.cpu_percent if usage else None,
            "guilds": sorted(bot.guilds),
            "protection_level": keeper.settings.protection_level.value,
        }


def _carry_out(keeper: BotKeeper, verb: str) -> None:
    if verb == "restart":
        keeper.restart()
    else:
        keeper.want(wanted=verb == "start")


def _unknown(name: str) -> Answer:
    return HTTPStatus.NOT_FOUND, {"error": f"there is no bot named {name[:64]}"}


def _command_record(name: str, verb: str, uid: int) -> AuditRecord:
    return AuditRecord(
        at_us=time.time_ns() // 1000,
        kind="command",
        caller=f"uid:{uid}",
        action=f"{verb} {name}",
        outcome=Outcome.OK,
    )
