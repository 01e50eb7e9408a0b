"""The children: where their processes come from, who keeps them, who watches them."""

import time

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_common.logs import log
from droas_common.settings import BotSettings, ChildSettings
from droas_common.wire.topics import config_topic
from droas_mother.adapters.probes import Probes
from droas_mother.adapters.processes.population import Birth, Population
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.bootstrap.ground import Ground
from droas_mother.core.reloading.config_plan import hot_settings, restart_digest
from droas_mother.core.supervision.identify_budget import WINDOW_S
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.flows.supervision.bot_keeper import BotKeeper
from droas_mother.flows.supervision.event_feed import EventFeed
from droas_mother.flows.supervision.identify_desk import IdentifyDesk
from droas_mother.flows.supervision.monitoring import Monitoring
from droas_mother.flows.supervision.supervisor import Supervisor


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
            supervision.identifies_per_day,
            ground.reader.identifies(since_us),
            lambda identify: ground.gateway.note(identifies=(identify,)),
            apart_s=supervision.identify_spacing_s,
        )
        self.events = EventFeed()
        self._population = Population(
            spawner=spawner,
            keys=ground.keyring,
            lock_dir=ground.folder.locks,
            settings_for=self._child_settings,
            digest_of=lambda bot: restart_digest(bot, ground.settings),
            forget=ground.health.forget,
        )
        self.supervisor = Supervisor(
            ground.configuration.bots,
            unwanted=ground.reader.unwanted(),
            supervision=supervision,
            children=self._population,
            health=ground.health,
            budget=self.identifies,
            on_change=self._note_change,
            revision=ground.revision,
        )
        self.monitoring = Monitoring(
            self.supervisor, Probes(), interval_s=supervision.probe_interval_s, on_sample=self._sample
        )

    async def take_over(self) -> None:
        """Find the children of an earlier mother, and only then let them find this one."""
        await self.supervisor.take_over()
        self._ground.folder.light_beacon(self._ground.keyring.server_public_key)

    def publish_settings(self) -> None:
        """Publish what every bot can take over while it runs, for those who ask."""
        for name in self._ground.configuration.bots:
            self.publish(name)

    def publish(self, name: BotName) -> None:
        """Publish what one bot can take over."""
        keeper = self.supervisor.keepers[name]
        hot = hot_settings(keeper.settings, self._ground.settings, keeper.bot.revision)
        self._ground.publisher.publish(config_topic(name), "settings", hot, state=hot)

    def give(self, name: BotName, settings: BotSettings, revision: int, *, renewal: str = "") -> None:
        """Give a bot other settings; with words why, only a new process takes them over."""
        self.supervisor.keepers[name].reconfigure(settings, revision, renewal=renewal)
        self._population.entitle(name, settings)
        self.publish(name)

    def add(self, name: BotName, settings: BotSettings, revision: int) -> None:
        """Keep one more bot."""
        self.supervisor.add(name, settings, revision)
        self.publish(name)

    def keep_by(self, supervision: SupervisionSettings) -> None:
        """Keep all bots by other rules from now on."""
        self.supervisor.keep_by(supervision)
        self.identifies.limit = supervision.identifies_per_day
        self.identifies.apart_s = supervision.identify_spacing_s
        self.monitoring.interval_s = supervision.probe_interval_s

    def _child_settings(self, bot: BotSettings, birth: Birth) -> ChildSettings:
        ground, supervision = self._ground, self._ground.settings.supervision
        return ChildSettings(
            name=birth.name,
            incarnation=birth.incarnation,
            bot=bot,
            discord=ground.settings.discord,
            endpoints=ground.endpoints,
            keys=birth.keys,
            lock_path=str(birth.lock_path),
            stacks_path=str(birth.lock_path.with_suffix(".stacks")),
            beacon_path=str(ground.folder.beacon),
            digest=restart_digest(bot, ground.settings),
            live_restore=supervision.live_restore,
            orphan_lease_s=supervision.lease_s,
            heartbeat_interval_s=supervision.heartbeat_interval_s,
            drain_grace_s=supervision.drain_grace_s,
            log_level=ground.settings.log.level,
            config_revision=self.supervisor.keepers[birth.name].bot.revision,
            identify_allowance=self.identifies.remaining(bot.discord_token),
            identify_after_s=self.identifies.spacing_s(bot.discord_token),
        )

    def _note_change(self, keeper: BotKeeper) -> None:
        self._ground.metrics.note_bot(keeper.bot)
        self.events.note_change(keeper)

    def _sample(self) -> None:
        """Bring the gauges up to date, and see that the children can see this mother."""
        self._keep_beacon()
        self._ground.metrics.sample_mother(
            lag_s=self.monitoring.lag_s,
            failed_commits=self._ground.gateway.figures.failed_commits,
            refused=self._ground.refused(),
        )
        self._ground.metrics.keep_bots(self.supervisor.keepers)
        for keeper in self.supervisor.keepers.values():
            life = keeper.bot.life
            if life is not None:
                self._ground.metrics.sample_bot(keeper.name, life.usage, life.beat)

    def _keep_beacon(self) -> None:
        try:
            self._ground.folder.keep_beacon()
        except OutsideError as error:
            log.error("beacon_not_lit", why=str(error))
