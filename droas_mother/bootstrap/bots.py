"""The children: where their processes come from, who keeps them, who watches them."""

import time
from pathlib import Path

from droas_common.ids import BotName
from droas_common.settings import BotSettings, ChildSettings, CurveKeys
from droas_common.wire.topics import config_topic
from droas_mother.adapters.probes import Probes
from droas_mother.adapters.processes.population import Population
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.bootstrap.ground import Ground
from droas_mother.core.config_plan import hot_settings
from droas_mother.core.identify_budget import WINDOW_S
from droas_mother.flows.bot_keeper import BotKeeper
from droas_mother.flows.event_feed import EventFeed
from droas_mother.flows.identify_desk import IdentifyDesk
from droas_mother.flows.monitoring import Monitoring
from droas_mother.flows.supervisor import Supervisor


class Bots:
    """Joins the supervisor to its processes.

    Args:
        ground: what it stands on.
        spawner: where processes come from; its forkserver may be warming up already.
    """

    def __init__(self, ground: Ground, spawner: Spawner) -> None:
        self._ground = ground
        supervision = ground.settings.supervision
        since_us = int((time.time() - WINDOW_S) * 1e6)
        self.identifies = IdentifyDesk(
            supervision.identifies_per_day, ground.reader.identifies(since_us), ground.gateway.note
        )
        self.events = EventFeed()
        population = Population(
            spawner=spawner,
            keys=ground.keyring,
            lock_dir=ground.folder.locks,
            settings_for=self._child_settings,
            forget=ground.health.forget,
        )
        self.supervisor = Supervisor(
            ground.configuration.bots,
            unwanted=ground.reader.unwanted(),
            supervision=supervision,
            children=population,
            health=ground.health,
            budget=self.identifies,
            on_change=self._note_change,
        )
        self.monitoring = Monitoring(
            self.supervisor, Probes(), interval_s=supervision.probe_interval_s, on_sample=self._sample
        )

    def publish_settings(self) -> None:
        """Publish what every bot can take over while it runs, for those who ask."""
        for name, bot in self._ground.configuration.bots.items():
            hot = hot_settings(bot)
            self._ground.publisher.publish(config_topic(name), "settings", hot, state=hot)

    def _child_settings(
        self, name: BotName, bot: BotSettings, keys: CurveKeys, lock_path: Path
    ) -> ChildSettings:
        settings = self._ground.settings
        return ChildSettings(
            name=name,
            bot=bot,
            discord=settings.discord,
            endpoints=self._ground.endpoints,
            keys=keys,
            lock_path=str(lock_path),
            stacks_path=str(lock_path.with_suffix(".stacks")),
            heartbeat_interval_s=settings.supervision.heartbeat_interval_s,
            # The child must be done before the mother loses patience.
            drain_grace_s=settings.supervision.stop_grace_s * 0.7,
            log_level=settings.log.level,
            identify_allowance=self.identifies.remaining(bot.discord_token),
        )

    def _note_change(self, keeper: BotKeeper) -> None:
        self._ground.metrics.note_state(keeper.name, keeper.state)
        self.events.note_change(keeper)

    def _sample(self) -> None:
        """Bring the gauges up to date."""
        self._ground.metrics.sample_mother(
            lag_s=self.monitoring.lag_s,
            failed_commits=self._ground.gateway.figures.failed_commits,
            refused=self._ground.refused(),
        )
        for keeper in self.supervisor.keepers.values():
            if keeper.life is not None:
                usage = self.monitoring.usage(keeper.life.child.pid)
                self._ground.metrics.sample_bot(keeper.name, usage, keeper.life.beat)
