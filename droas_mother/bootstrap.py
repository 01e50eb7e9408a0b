"""Names every adapter once and joins them to the flows."""

import asyncio
import os
from functools import partial
from pathlib import Path

import zmq

from droas_common.discord_connection import DiscordConnection
from droas_common.errors import ConfigurationError
from droas_common.ids import BotName
from droas_common.logs import log, redactor, start_logging, stderr_sink
from droas_common.settings import BotSettings, ChildSettings, CurveKeys, Endpoints
from droas_common.wire.heartbeats import GatewayState
from droas_common.wire.records import LogRecord
from droas_common.wire.topics import config_topic
from droas_mother.adapters import discord as discord_door
from droas_mother.adapters.bus.health_channel import HealthChannel
from droas_mother.adapters.bus.keyring import KeyRing
from droas_mother.adapters.bus.log_intake import LogIntake
from droas_mother.adapters.bus.publisher import Publisher
from droas_mother.adapters.bus.tool_socket import ToolSocket
from droas_mother.adapters.http import HttpServer
from droas_mother.adapters.log_file import rotating_lines
from droas_mother.adapters.metrics import Metrics
from droas_mother.adapters.probes import Probes
from droas_mother.adapters.processes.population import Population
from droas_mother.adapters.processes.runtime_folder import RuntimeFolder
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.adapters.storage.database import Database
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.adapters.storage.reader import Reader
from droas_mother.adapters.systemd import Notifier
from droas_mother.core.config_plan import hot_settings, secrets_of
from droas_mother.core.facts import MessageFacts
from droas_mother.core.settings import Configuration
from droas_mother.flows.action_executor import ActionExecutor
from droas_mother.flows.admin_desk import AdminDesk, Condition
from droas_mother.flows.inspector import Inspector
from droas_mother.flows.monitoring import MAX_LAG_S, Monitoring
from droas_mother.flows.mother import Mother, Part
from droas_mother.flows.services import economy, users
from droas_mother.flows.supervisor import Supervisor
from droas_mother.flows.tool_desk import ToolDesk
from droas_mother.flows.tool_gateway import ToolGateway

_MIN_WATCHDOG_S = 0.5


class Workshop:
    """Builds a mother from a configuration; must be used on the loop that she will run on.

    Args:
        configuration: what she is to do.
        spawner: where processes come from; its forkserver may be warming up already.
    """

    def __init__(self, configuration: Configuration, spawner: Spawner) -> None:
        self.configuration = configuration
        self.settings = configuration.mother
        self.spawner = spawner
        self.folder = RuntimeFolder(self.settings.runtime_dir, self.settings.data_dir)
        self.metrics = Metrics()
        self.notifier = Notifier()
        self.protection = "off"

    def build(self) -> Mother:
        """Give the mother, not yet started; raises ConfigurationError and OutsideError."""
        self.folder.prepare()
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.keyring = KeyRing(context)
        self.keyring.start()
        endpoints = self.folder.endpoints()
        self._open_bus(context, endpoints)
        self._start_logging()
        self._open_store()
        self._open_gateway(context, endpoints)
        self._open_supervision(endpoints)
        self._open_protection()
        self._open_admin()
        return Mother(self._parts(context), on_started=self._started, on_stopping=self._stopping)

    def _start_logging(self) -> None:
        sinks = [stderr_sink()]
        if self.settings.log.file is not None:
            sinks.append(rotating_lines(self.settings.log.file))
        self.sinks = sinks
        redactor.learn(secrets_of(self.configuration))
        start_logging([*sinks, self._keep_record], level=self.settings.log.level)
        for problem in self.configuration.problems:
            log.error("bot_not_configured", problem=problem)

    def _open_bus(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoints: Endpoints) -> None:
        self.health = HealthChannel(context, endpoints.health, self.keyring)
        self.logs = LogIntake(context, endpoints.logs, self.keyring, self._write_record)
        self.publisher = Publisher(context, endpoints.events, self.keyring)

    def _open_store(self) -> None:
        secret = self.settings.storage.url
        url = secret.get_secret_value() if secret else f"sqlite:///{self.folder.data / 'droas.db'}"
        self.engine = open_engine(url)
        self.reader = Reader(self.engine)

    def _open_gateway(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoints: Endpoints) -> None:
        desk = ToolDesk(
            [*economy.tools(self.settings.economy), *users.tools()],
            redactor=redactor,
            opening_balance=self.settings.economy.opening_balance,
        )
        self.tool_socket = ToolSocket(context, endpoints.tools, self.keyring)
        self.gateway = ToolGateway(
            self.tool_socket,
            Database(self.engine),
            desk,
            observe=lambda principal, seconds: self.metrics.note_call(principal.caller, seconds),
        )

    def _open_supervision(self, endpoints: Endpoints) -> None:
        population = Population(
            spawner=self.spawner,
            keys=self.keyring,
            lock_dir=self.folder.locks,
            settings_for=partial(self._child_settings, endpoints),
            forget=self.health.forget,
        )
        self.supervisor = Supervisor(
            self.configuration.bots,
            unwanted=self.reader.unwanted(),
            supervision=self.settings.supervision,
            children=population,
            health=self.health,
            on_change=lambda keeper: self.metrics.note_state(keeper.name, keeper.state),
        )
        self.monitoring = Monitoring(
            self.supervisor,
            Probes(),
            interval_s=self.settings.supervision.probe_interval_s,
            on_sample=self._sample,
        )

    def _child_settings(
        self, endpoints: Endpoints, name: BotName, bot: BotSettings, keys: CurveKeys, lock_path: Path
    ) -> ChildSettings:
        supervision = self.settings.supervision
        return ChildSettings(
            name=name,
            bot=bot,
            discord=self.settings.discord,
            endpoints=endpoints,
            keys=keys,
            lock_path=str(lock_path),
            stacks_path=str(lock_path.with_suffix(".stacks")),
            heartbeat_interval_s=supervision.heartbeat_interval_s,
            # The child must be done before the mother loses patience.
            drain_grace_s=supervision.stop_grace_s * 0.7,
            log_level=self.settings.log.level,
        )

    def _open_protection(self) -> None:
        protection = self.settings.protection
        self.inspector = Inspector(
            protection, level_of=lambda guild_id: self.supervisor.level_of(guild_id, protection.level)
        )
        watcher = discord_door.Watcher(self._inspect, frozenset(protection.exempt_roles))
        token = self.settings.control_bot.discord_token
        self.control_bot: DiscordConnection | None = None
        if token is None:
            log.warning("groups_not_protected", why="control_bot.discord_token is not set")
            self.executor = None
            return
        self.control_bot = discord_door.connect(
            token=token, settings=self.settings.discord, watcher=watcher, on_state=self._control_bot_changed
        )
        self.executor = ActionExecutor(
            discord_door.DiscordModerator(self.control_bot),
            self.publisher,
            self.gateway,
            on_done=lambda verdict, outcome, seconds: self.metrics.note_action(
                verdict.decision.rule, outcome, seconds
            ),
        )

    def _open_admin(self) -> None:
        desk = AdminDesk(
            supervisor=self.supervisor,
            audit=self.gateway,
            reader=self.reader,
            logs=self.logs,
            figures=self.monitoring,
            condition=Condition(
                problems=self.configuration.problems, checks=self._checks, protection=lambda: self.protection
            ),
            metrics_text=self.metrics.text,
        )
        self.http = HttpServer(
            desk,
            socket_path=self.folder.admin_socket,
            host=self.settings.http.host,
            port=self.settings.http.port,
        )

    def _parts(self, context: "zmq.Context[zmq.Socket[bytes]]") -> list[Part]:
        """Give all parts from the ground up."""
        parts = [
            Part(name="folder", stop=self.folder.release),
            Part(name="keys", stop=lambda: _end_context(context, self.keyring)),
            Part(name="store", stop=self.engine.dispose),
            Part(name="gateway", start=self.gateway.start, stop=self.gateway.stop),
            Part(name="logs", start=self.logs.start, stop=self.logs.close),
            Part(name="events", start=self._start_events, stop=self.publisher.close),
            Part(
                name="health",
                start=lambda: self.health.start(self.supervisor.hear),
                stop=self.health.close,
            ),
            Part(name="admin", start=self._start_http, stop=self.http.stop),
            Part(name="spawner", start=self.spawner.warm_up, stop=self.spawner.close),
        ]
        if self.control_bot is not None and self.executor is not None:
            parts.append(Part(name="executor", run=self.executor.run))
            parts.append(
                Part(name="control-bot", run=self.control_bot.run, stop=self.control_bot.close, vital=False)
            )
        parts.append(Part(name="supervisor", run=self.supervisor.run, stop=self.supervisor.stop_all))
        parts.append(Part(name="monitoring", run=self.monitoring.run))
        watchdog_s = self.notifier.watchdog_interval_s
        if watchdog_s is not None:
            parts.append(Part(name="watchdog", run=partial(self._watchdog, max(watchdog_s, _MIN_WATCHDOG_S))))
        return parts

    def _start_events(self) -> None:
        self.publisher.start()
        for name, bot in self.configuration.bots.items():
            hot = hot_settings(bot)
            self.publisher.publish(config_topic(name), "settings", hot, state=hot)

    async def _start_http(self) -> None:
        try:
            await self.http.start()
        except OSError as error:
            raise ConfigurationError(
                f"http.port: {self.settings.http.host}:{self.settings.http.port} cannot be used "
                f"({os.strerror(error.errno or 0)}); choose another port, or 0 for a free one"
            ) from error

    def _started(self) -> None:
        self.notifier.tell("READY=1", f"STATUS={len(self.configuration.bots)} bots")
        log.info(
            "mother_started",
            pid=os.getpid(),
            bots=len(self.configuration.bots),
            http_port=self.http.port,
            admin=str(self.folder.admin_socket),
        )

    def _stopping(self) -> None:
        self.notifier.tell("STOPPING=1")
        log.info("mother_stopping")

    async def _watchdog(self, interval_s: float) -> None:
        """Tell the service manager from the loop itself that all is well; silence when it is not."""
        while True:
            if not self._checks():
                self.notifier.tell("WATCHDOG=1")
            await asyncio.sleep(interval_s)

    def _checks(self) -> list[str]:
        wrong = []
        if not self.gateway.alive:
            wrong.append("the tool gateway has ended")
        if self.monitoring.lag_s > MAX_LAG_S:
            wrong.append(f"the event loop is {self.monitoring.lag_s:.1f} s late")
        return wrong

    def _inspect(self, facts: MessageFacts) -> None:
        verdict = self.inspector.inspect(facts)
        if verdict is not None and self.executor is not None:
            self.executor.submit(verdict)

    def _control_bot_changed(self, state: GatewayState, words: str) -> None:
        self.protection = state.value
        log.info("protection", state=state.value, words=words)

    def _sample(self) -> None:
        """Bring the gauges up to date."""
        self.metrics.sample_mother(
            lag_s=self.monitoring.lag_s,
            failed_commits=self.gateway.figures.failed_commits,
            inspected=self.inspector.inspected,
            refused={
                "tools": self.tool_socket.refused_frames,
                "health": self.health.refused_frames,
                "logs": self.logs.refused_frames,
                "events": self.publisher.refused_subscriptions,
            },
        )
        for keeper in self.supervisor.keepers.values():
            if keeper.life is not None:
                self.metrics.sample_bot(
                    keeper.name, self.monitoring.usage(keeper.life.child.pid), keeper.life.beat
                )

    def _keep_record(self, record: LogRecord) -> None:
        """Keep what the mother logs about a bot beside what the bot logs, for `droasctl logs`."""
        bot = str(record.fields.get("bot", ""))
        if bot in self.configuration.bots:
            self.logs.keep(bot, record)

    def _write_record(self, record: LogRecord) -> None:
        for sink in self.sinks:
            sink(record)


def _end_context(context: "zmq.Context[zmq.Socket[bytes]]", keyring: KeyRing) -> None:
    keyring.stop()
    context.destroy(linger=200)
