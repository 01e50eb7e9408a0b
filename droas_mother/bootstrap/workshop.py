"""Builds a mother: all rooms, and the order in which they are opened and closed."""

import asyncio
import os
import time
from functools import partial

from droas_common.errors import ConfigurationError
from droas_common.logs import log
from droas_mother.adapters.http.server import HttpServer
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.adapters.systemd import Notifier
from droas_mother.bootstrap.bots import Bots
from droas_mother.bootstrap.ground import Ground
from droas_mother.bootstrap.live_settings import LiveSettings
from droas_mother.bootstrap.office import Office
from droas_mother.bootstrap.opening import Opening
from droas_mother.bootstrap.protection import Protection
from droas_mother.bootstrap.reloading import Reloading
from droas_mother.flows.admin_desk import AdminDesk, Condition, Feeds, Limits, Rooms
from droas_mother.flows.log_feed import LogFeed
from droas_mother.flows.mother import Mother, Part
from droas_mother.flows.records.store_watch import StoreWatch
from droas_mother.flows.supervision.monitoring import MAX_LAG_S

_MIN_WATCHDOG_S = 0.5


class Workshop:
    """Builds a mother from a configuration; must be used on the loop that she will run on.

    Args:
        opening: what she starts with.
        spawner: where processes come from; its forkserver may be warming up already.

    Raises:
        ConfigurationError: the configuration cannot be carried out here.
        OutsideError: the database cannot be reached.
    """

    def __init__(self, opening: Opening, spawner: Spawner) -> None:
        configuration = self._configuration = opening.standing.configuration
        self._spawner = spawner
        self._notifier = Notifier()
        self._ground = Ground(configuration, opening.standing.note.revision)
        self._bots = Bots(self._ground, spawner)
        self._protection = Protection(self._ground, self._bots)
        self._office = Office(self._ground)
        carrier = LiveSettings(self._ground, self._bots, self._protection, self._office)
        self._reloading = Reloading(self._ground, self._bots, carrier, opening)
        self._http = HttpServer(
            self._desk(),
            socket_path=self._ground.folder.admin_socket,
            host=configuration.mother.http.host,
            port=configuration.mother.http.port,
        )

    def build(self) -> Mother:
        """Give the mother, not yet started."""
        parts = [*self._ground_parts(), *self._bot_parts(), *self._protection_parts(), *self._top_parts()]
        self._mother = Mother(parts, on_started=self._started, on_stopping=self._stopping)
        return self._mother

    def _desk(self) -> AdminDesk:
        return AdminDesk(
            supervisor=self._bots.supervisor,
            audit=self._ground.gateway,
            rooms=Rooms(
                counter=self._office.counter,
                clients=self._office.clients,
                records=self._office.records,
                config=self._reloading.desk,
            ),
            feeds=Feeds(events=self._bots.events, logs=LogFeed(self._ground.logs)),
            figures=self._bots.monitoring,
            limits=Limits(
                supervision=lambda: self._ground.settings.supervision,
                identifies=self._bots.identifies.report,
            ),
            condition=Condition(
                problems=lambda: tuple(one.headline for one in self._ground.configuration.problems),
                checks=self._checks,
                protection=lambda: self._protection.state,
                protection_why=lambda: self._protection.why,
                store=lambda: self._ground.gateway.figures.fault,
            ),
            metrics_text=self._ground.metrics.text,
        )

    def _ground_parts(self) -> list[Part]:
        ground = self._ground
        return [
            Part(name="folder", stop=ground.folder.release),
            Part(name="keys", stop=ground.end_context),
            Part(name="store", stop=ground.end_store),
            Part(name="gateway", start=ground.gateway.start, stop=ground.gateway.stop),
            Part(name="logs", start=ground.logs.start, stop=ground.logs.close),
            Part(name="events", start=self._start_events, stop=ground.publisher.close),
            Part(
                name="health",
                start=lambda: ground.health.start(self._reloading.hear),
                stop=ground.health.close,
            ),
        ]

    def _bot_parts(self) -> list[Part]:
        return [Part(name="admin", start=self._start_http, stop=self._http.stop)]

    def _protection_parts(self) -> list[Part]:
        bot, executor = self._protection.control_bot, self._protection.executor
        if bot is None or executor is None:
            return []
        return [
            Part(name="executor", run=executor.run),
            Part(name="control-bot", run=self._protection.run, stop=bot.close, vital=False),
        ]

    def _top_parts(self) -> list[Part]:
        parts = [
            self._reloading.first_part(),
            Part(name="takeover", start=self._bots.take_over),
            Part(name="spawner", start=self._spawner.warm_up, stop=self._spawner.close),
            Part(name="supervisor", run=self._bots.supervisor.run, stop=self._stop_bots),
            Part(name="monitoring", run=self._bots.monitoring.run),
            Part(name="housekeeping", run=self._office.housekeeping.run),
            Part(name="store-watch", run=StoreWatch(self._ground.gateway).run),
            *self._reloading.last_parts(),
        ]
        watchdog_s = self._notifier.watchdog_interval_s
        if watchdog_s is not None:
            parts.append(Part(name="watchdog", run=partial(self._watchdog, max(watchdog_s, _MIN_WATCHDOG_S))))
        return parts

    async def _stop_bots(self) -> None:
        if not self._mother.handing_over:
            await self._bots.supervisor.stop_all()

    def _start_events(self) -> None:
        self._ground.publisher.start()
        self._bots.publish_settings()

    async def _start_http(self) -> None:
        http = self._configuration.mother.http
        try:
            await self._http.start()
        except OSError as error:
            raise ConfigurationError(
                f"http.port: {http.host}:{http.port} cannot be used "
                f"({os.strerror(error.errno or 0)}); choose another port, or 0 for a free one"
            ) from error

    def _started(self) -> None:
        self._notifier.tell("READY=1", f"STATUS={len(self._configuration.bots)} bots")
        log.info(
            "mother_started",
            pid=os.getpid(),
            bots=len(self._configuration.bots),
            http_port=self._http.port,
            admin=str(self._ground.folder.admin_socket),
        )
        if not self._configuration.bots:
            log.warning("no_bots", why="bots/ has no file that can be used; every bot needs one of its own")

    def _stopping(self) -> None:
        if self._mother.handing_over:
            self._notifier.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        else:
            self._notifier.tell("STOPPING=1")
        log.info("mother_stopping", handing_over=self._mother.handing_over)

    async def _watchdog(self, interval_s: float) -> None:
        """Tell the service manager from the loop itself that all is well; silence when it is not."""
        while True:
            if not self._checks():
                self._notifier.tell("WATCHDOG=1")
            await asyncio.sleep(interval_s)

    def _checks(self) -> list[str]:
        wrong = []
        if not self._ground.gateway.alive:
            wrong.append("the tool gateway has ended")
        lag_s = self._bots.monitoring.lag_s
        if lag_s > MAX_LAG_S:
            wrong.append(f"the event loop is {lag_s:.1f} s late")
        return wrong
