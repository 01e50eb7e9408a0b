"""What everything else stands on: folder, keys, sockets, log, store, and the tool gateway."""

import time
from typing import TYPE_CHECKING

import zmq
from sqlalchemy import Engine

from droas_common.errors import ConfigurationError
from droas_common.logs import log, redactor, set_level, start_logging, stderr_sink
from droas_common.settings import Endpoints
from droas_common.wire.calls import Actor
from droas_common.wire.records import LogRecord
from droas_mother.adapters.bus.health_channel import HealthChannel
from droas_mother.adapters.bus.keyring import KeyRing
from droas_mother.adapters.bus.log_intake import LogIntake
from droas_mother.adapters.bus.publisher import Publisher
from droas_mother.adapters.bus.tool_socket import ToolSocket
from droas_mother.adapters.log_file import rotating_lines
from droas_mother.adapters.metrics import Metrics
from droas_mother.adapters.processes.runtime_folder import RuntimeFolder
from droas_mother.adapters.storage.database import Database
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.adapters.storage.reader import Reader
from droas_mother.core.reloading.config_plan import FIRST_REVISION, secrets_of
from droas_mother.core.settings import Configuration
from droas_mother.flows.protection.witness import Witness
from droas_mother.flows.records.audit_feed import AuditFeed
from droas_mother.flows.tools.call_gate import CallGate
from droas_mother.flows.tools.known_results import KnownResults
from droas_mother.flows.tools.services import economy, users
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.flows.tools.tool_gateway import ToolGateway

if TYPE_CHECKING:
    from droas_mother.adapters.result_cache import RedisCache


class Ground:
    """Opens folder, sockets, log and store; must be used on the loop that the mother will run on.

    Args:
        configuration: what she is to do.
        revision: the number of that configuration.

    Raises:
        ConfigurationError: a folder, a path or the database's address cannot be used.
        OutsideError: the database cannot be reached.
    """

    sees: bool
    """Whether the protecting bot is connected, so that the mother sees what members write."""

    def __init__(self, configuration: Configuration, revision: int = FIRST_REVISION) -> None:
        self.configuration = configuration
        self.revision = revision
        self.settings = configuration.mother
        self.metrics = Metrics()
        self.folder = RuntimeFolder(self.settings.runtime_dir, self.settings.data_dir)
        self.folder.prepare()
        self.endpoints = self.folder.endpoints()
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.keyring = KeyRing(self.context)
        self.keyring.start()
        self._open_bus(self.endpoints)
        self._start_logging()
        self._open_store()
        self._open_gateway(self.endpoints)

    def end_context(self) -> None:
        """Admit nobody any longer, and close what is still open."""
        self.keyring.stop()
        self.context.destroy(linger=200)

    def hold(self, configuration: Configuration) -> None:
        """Go by this configuration from now on, as far as it concerns tools, coins and logs."""
        before, settings = self.settings, configuration.mother
        self.configuration, self.settings = configuration, settings
        set_level(settings.log.level)
        self._gate.hold_to(settings.tools)
        if settings.economy != before.economy:
            self._economy.settings = settings.economy
            self.desk.open_with(settings.economy.opening_balance)
        self.witness.keep_s = settings.tools.provenance_s

    def refused(self) -> dict[str, int]:
        """Give what each socket has refused since the start, and how many keys were not admitted."""
        return {
            "tools": self.tool_socket.refused_frames + self.gateway.figures.unread,
            "health": self.health.refused_frames,
            "logs": self.logs.refused_frames,
            "events": self.publisher.refused_subscriptions,
            "keys": self.keyring.refused,
        }

    def _open_bus(self, endpoints: Endpoints) -> None:
        self.health = HealthChannel(self.context, endpoints.health, self.keyring)
        self.logs = LogIntake(self.context, endpoints.logs, self.keyring, self._write_record)
        self.publisher = Publisher(self.context, endpoints.events, self.keyring)

    def _start_logging(self) -> None:
        self._sinks = [stderr_sink()]
        if self.settings.log.file is not None:
            self._sinks.append(rotating_lines(self.settings.log.file))
        redactor.learn(secrets_of(self.configuration))
        start_logging([*self._sinks, self._keep_record], level=self.settings.log.level)
        for problem in self.configuration.problems:
            if problem.bot is not None:
                log.error("bot_not_configured", bot=problem.bot, problem=problem.headline)
            else:
                log.error("configuration_faulty", problem=problem.headline)

    def _open_store(self) -> None:
        secret = self.settings.storage.url
        own = self.folder.data / "droas.db"
        url = secret.get_secret_value() if secret else f"sqlite:///{own}"
        name = (
            "the database of storage.url" if secret else f"the database {own}"
        )  # an address may hold secrets
        self.engine = open_engine(url, name=name, before_migrating=self._back_up)
        self.reader = Reader(self.engine)
        self.audit_feed = AuditFeed(self.reader)

    def _back_up(self, engine: Engine, revision: str) -> None:
        from droas_mother.adapters.storage.backup import keep_before_migrating  # noqa: PLC0415 - after upgrades only

        kept = keep_before_migrating(engine, self.folder.backups, revision)
        log.info("database_backed_up", schema=revision, file=str(kept))

    def _open_gateway(self, endpoints: Endpoints) -> None:
        self.cache = self._open_cache()
        self.witness = Witness(self.settings.tools.provenance_s)
        self.sees = False
        self._economy = economy.Economy(self.settings.economy)
        self._gate = CallGate(self.settings.tools, self._proves)
        self.desk = ToolDesk(
            [*economy.tools(self._economy), *users.tools(self.witness.roles)],
            gate=self._gate,
            redactor=redactor,
            opening_balance=self.settings.economy.opening_balance,
            known=KnownResults(self.cache) if self.cache is not None else None,
        )
        self.tool_socket = ToolSocket(self.context, endpoints.tools, self.keyring)
        self.gateway = ToolGateway(
            self.tool_socket,
            Database(self.engine),
            self.desk,
            observe=self.metrics.calls.note,
            on_audit=self.audit_feed.ring,
            max_waiting=self.settings.tools.max_waiting,
        )

    def _open_cache(self) -> "RedisCache | None":
        wanted = self.settings.tools.cache
        if wanted is None:
            return None
        try:
            from droas_mother.adapters.result_cache import RedisCache  # noqa: PLC0415 - an extra
        except ImportError:
            words = "tools.cache: needs a library that is not installed: pip install 'droas[redis]'"
            raise ConfigurationError(words) from None
        return RedisCache(wanted.url.get_secret_value(), wanted.ttl_s)

    def end_store(self) -> None:
        """Let go of the database, and of the cache."""
        self.engine.dispose()
        if self.cache is not None:
            self.cache.close()

    def _proves(self, actor: Actor) -> bool | None:
        return self.witness.confirms(actor, now_s=time.monotonic()) if self.sees else None

    def _keep_record(self, record: LogRecord) -> None:
        """Keep what the mother logs about a bot beside what the bot logs, for `droasctl logs`."""
        bot = str(record.fields.get("bot", ""))
        if bot in self.configuration.bots:
            self.logs.keep(bot, record)

    def _write_record(self, record: LogRecord) -> None:
        for sink in self._sinks:
            sink(record)
