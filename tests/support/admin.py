"""A real admin interface on a real socket, before bots that do at once as they are told."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import HttpUrl, SecretStr

from droas_common.errors import OutsideError
from droas_common.ids import BotName, Snowflake
from droas_common.settings import BotSettings, LlmSettings
from droas_common.wire.heartbeats import GatewayState, Heartbeat
from droas_common.wire.records import LogRecord
from droas_mother.adapters.http.server import HttpServer
from droas_mother.core.answers.admin_answers import BudgetReport
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.bookkeeping.records import AuditRecord
from droas_mother.core.supervision.bot import KEPT_EXITS, Bot, Life
from droas_mother.core.supervision.keeping import rules_of
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.restarts import Exit
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.core.supervision.usage import Usage
from droas_mother.flows.admin_desk import AdminDesk, Condition, Feeds, Limits, Rooms
from droas_mother.flows.log_feed import LogFeed
from droas_mother.flows.records.audit_feed import AuditFeed
from droas_mother.flows.records.records_desk import RecordsDesk
from droas_mother.flows.reloading.config_desk import ConfigDesk
from droas_mother.flows.supervision.event_feed import EventFeed
from droas_mother.flows.tools.client_desk import ClientDesk
from droas_mother.flows.tools.tool_counter import ToolCounter
from tests.support.config_room import config_room

DROASCTL = Path(sys.executable).parent / "droasctl"
SETTINGS = BotSettings(
    discord_token=SecretStr("a-token-of-nobody"),
    llm_config=LlmSettings(
        base_url=HttpUrl("http://user:password@127.0.0.1:9/v1?key=hidden"), api_key=SecretStr("none")
    ),
)


class PlayedBot:
    """What the interface sees of a bot; its states change when it is told, or when a test says so."""

    def __init__(self, name: str, town: "PlayedTown") -> None:
        self.settings = SETTINGS
        self.rules = rules_of(SupervisionSettings())
        self.bot = Bot(name=BotName(name), guilds=frozenset({Snowflake("100")}))
        self.cannot_start = False
        self.never_ends = False
        self._town = town

    @property
    def name(self) -> BotName:
        """Which bot."""
        return self.bot.name

    @property
    def at_rest(self) -> bool:
        """Whether it has no process."""
        return self.bot.life is None

    def go(self, state: State, *, reason: str = "", **more: Any) -> None:
        """Change the state and what else is named, and tell."""
        self.bot = replace(self.bot, state=state, reason=reason, **more)
        self._town.note(self)

    def begin(self) -> None:
        """Start a process, and become ready."""
        beat = Heartbeat(
            sequence=1, loop_lag_ms=0.4, gateway=GatewayState.READY, gateway_latency_ms=41.5, answered=3
        )
        usage = Usage(
            pss_bytes=12 * 2**20, uss_bytes=0, cpu_percent=1.5, open_files=30, threads=4, status="sleeping"
        )
        now, number = time.monotonic(), self.bot.incarnation + 1
        life = Life(
            incarnation=number,
            pid=os.getpid(),
            started_at=now,
            register_by=now,
            registered=True,
            last_beat_at=now + 3600,
            beat=beat,
            usage=usage,
        )
        self.go(State.STARTING, life=life, incarnation=number)
        if self.cannot_start:
            ended = Exit(code=78, lived_s=0.1, at_unix_s=time.time())
            self.go(State.FAILED, reason="the token is refused", life=None, exits=(ended,))
        else:
            self.go(State.READY)

    def end(self) -> None:
        """End the process in good order."""
        self.go(State.STOPPING)
        if not self.never_ends:
            ended = Exit(code=0, lived_s=2.0, at_unix_s=time.time(), stacks='File "stuck.py"')
            self.go(State.STOPPED, life=None, exits=(ended, *self.bot.exits)[:KEPT_EXITS])

    def want(self, *, wanted: bool) -> None:
        """Do as told, a moment later, as a real one would."""
        self.bot = replace(self.bot, wanted=wanted)
        if wanted != (self.bot.state is State.READY):
            asyncio.get_running_loop().call_soon(self.begin if wanted else self.end)

    def restart(self) -> None:
        """End and begin, a moment later."""
        self.bot = replace(self.bot, wanted=True)
        loop = asyncio.get_running_loop()
        loop.call_soon(self.end)
        loop.call_soon(lambda: None if self.never_ends else self.begin())


@dataclass
class PlayedTown:
    """An admin interface and what stands behind it."""

    socket: Path
    events: EventFeed = field(default_factory=EventFeed)
    keepers: dict[BotName, PlayedBot] = field(default_factory=dict)
    audited: list[AuditRecord] = field(default_factory=list)
    records: list[LogRecord] = field(default_factory=list)
    followers: list[Callable[[LogRecord], None]] = field(default_factory=list)
    disk_is_full: bool = False
    store_fault: str = ""
    lag_s: float = 0.0012
    own: Usage | None = None
    desk: Any = None
    server: Any = None

    def __getitem__(self, name: str) -> PlayedBot:
        """Give a bot."""
        return self.keepers[BotName(name)]

    def note(self, bot: Any) -> None:
        """Tell of a change."""
        self.events.note_change(bot)

    async def wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait until this holds."""
        while not reached():
            await asyncio.sleep(0)

    async def write(self, *records: AuditRecord, **_more: Any) -> None:
        """Write decisions down."""
        if self.disk_is_full:
            raise OutsideError("the disk is full")
        self.audited += records

    def find_audit(self, wanted: AuditQuery) -> list[dict[str, Any]]:
        """Give decisions as rows."""
        rows = [
            {"seq": number, **{key: getattr(one, key) for key in AuditRecord.__slots__}}
            for number, one in enumerate(self.audited, 1)
            if wanted.kind in (None, one.kind)
        ]
        return rows[-wanted.count :]

    def newest(self, bot: str, count: int) -> list[LogRecord]:
        """Give log records."""
        return self.records[-count:] if count else []

    def follow(self, bot: str, tell: Callable[[LogRecord], None]) -> Callable[[], None]:
        """Tell log records."""
        self.followers.append(tell)
        return lambda: self.followers.remove(tell)

    def log(self, event: str) -> None:
        """Log something."""
        self.records.append(LogRecord(at=time.time(), level="INFO", event=event, fields={"bot": "bot_01"}))
        for tell in self.followers:
            tell(self.records[-1])

    async def ctl(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run droasctl; gives its exit code and what it wrote."""
        process = await asyncio.create_subprocess_exec(
            DROASCTL,
            "--socket",
            str(self.socket),
            *arguments,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


@asynccontextmanager
async def played_town(
    folder: Path, *names: str, may_speak: Callable[[int], bool] | None = None, rooms: Rooms | None = None
) -> AsyncIterator[PlayedTown]:
    """Serve an admin interface before these bots, all ready, and before these rooms or empty ones."""
    town = PlayedTown(folder / "droas.sock")
    stands_for: Any = town
    town.keepers = {BotName(name): PlayedBot(name, town) for name in names}
    town.desk = AdminDesk(
        supervisor=stands_for,
        audit=stands_for,
        rooms=rooms or empty_rooms(folder, town),
        feeds=Feeds(events=town.events, logs=LogFeed(stands_for)),
        figures=stands_for,
        limits=Limits(
            supervision=SupervisionSettings,
            identifies=lambda _token: BudgetReport(spent=1, most=500, discord_remaining=None),
        ),
        condition=Condition(
            problems=tuple, checks=list, protection=lambda: "ready", store=lambda: town.store_fault
        ),
        metrics_text=lambda: b"droas_up 1\n",
    )
    more = {} if may_speak is None else {"may_speak": may_speak}
    town.server = HttpServer(town.desk, socket_path=town.socket, host="127.0.0.1", port=0, **more)
    await town.server.start()
    for bot in town.keepers.values():
        bot.begin()
    try:
        yield town
    finally:
        await town.server.stop()


def empty_rooms(folder: Path, town: PlayedTown, *, config: ConfigDesk | None = None) -> Rooms:
    """Give rooms in which there is nothing but what the town writes down."""
    stands_for: Any = town
    return Rooms(
        counter=ToolCounter(stands_for, stands_for),
        clients=ClientDesk(stands_for, stands_for, stands_for, endpoint="", beacon=""),
        records=RecordsDesk(AuditFeed(stands_for), stands_for, stands_for, stands_for),
        config=config or config_room(folder).desk,
    )


async def asked(town: PlayedTown, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Ask the interface with droasctl's own client."""
    from droas_mother.ctl.client import Client  # noqa: PLC0415 - only where it is wanted

    def ask() -> tuple[int, Any]:
        with Client(town.socket) as client:
            return client.ask(method, path, body=body)

    status, value = await asyncio.to_thread(ask)
    assert HTTPStatus(status)
    return status, value
