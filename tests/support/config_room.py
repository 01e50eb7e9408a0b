"""The configuration as the admin interface sees it: real files, real revisions, bots that take over at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_common.wire.heartbeats import GatewayState, Heartbeat
from droas_mother.bootstrap.opening import Opening, open_configuration
from droas_mother.core.bookkeeping.records import AuditRecord
from droas_mother.core.reloading.config_plan import Plan
from droas_mother.core.settings import Configuration
from droas_mother.core.supervision.bot import Bot, Life
from droas_mother.core.supervision.lifecycle import State
from droas_mother.flows.reloading.config_desk import ConfigDesk
from droas_mother.flows.reloading.config_enforcer import ConfigEnforcer, World
from droas_mother.flows.reloading.config_keeper import ConfigKeeper
from droas_mother.flows.reloading.confirmations import Confirmations

MOTHER_FILE = "allow_plain_secrets: true\ndata_dir: {data}\n{more}\n"
BOT_FILE = """bot_config:
  discord_token: {token}
  llm_config: {{base_url: "http://127.0.0.1:1/v1", api_key: "{key}"}}
  system_prompt: {prompt}
"""


class ReadyBot:
    """A bot that is ready and confirms at once."""

    def __init__(self, name: BotName) -> None:
        beat = Heartbeat(sequence=1, loop_lag_ms=0.1, gateway=GatewayState.READY)
        life = Life(incarnation=1, pid=1, started_at=0.0, register_by=0.0, registered=True, beat=beat)
        self.name = name
        self.confirms = True
        self.bot = Bot(name=name, state=State.READY, life=life, incarnation=1)

    def take(self, revision: int, now: float = 0.0) -> None:
        """Get a revision."""
        self.bot = replace(self.bot, revision=revision, revision_at=now)
        if self.confirms and self.bot.life is not None:
            self.beat(config_revision=revision)

    def beat(self, **what: Any) -> None:
        """Say something in a heartbeat."""
        life = self.bot.life
        assert life is not None
        assert life.beat is not None
        self.bot = replace(self.bot, life=replace(life, beat=msgspec.structs.replace(life.beat, **what)))


@dataclass
class ConfigRoom:
    """A folder of files and what follows it."""

    folder: Path
    keepers: dict[BotName, Any] = field(default_factory=dict)
    given: list[tuple[str, int, frozenset[BotName]]] = field(default_factory=list)
    audited: list[AuditRecord] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    applied_s: list[float] = field(default_factory=list)
    disk_is_full: bool = False
    opening: Opening = field(init=False)
    keeper: ConfigKeeper = field(init=False)
    enforcer: ConfigEnforcer = field(init=False)
    desk: ConfigDesk = field(init=False)

    def open(self, keepers: Mapping[BotName, Any] | None = None) -> None:
        """Begin as a mother does who starts now."""
        self.opening = open_configuration(self.configs)
        standing, stands_for = self.opening.standing, self.played
        if keepers is None:
            self.keepers = {name: ReadyBot(name) for name in standing.configuration.bots}
            for bot in self.keepers.values():
                bot.take(standing.note.revision)
        else:
            self.keepers = dict(keepers)
        world = World(
            shelf=self.opening.store,
            carrier=stands_for,
            keepers=lambda: self.keepers,
            audit=stands_for,
            tell=lambda kind, words: self.told.append((kind, words)),
        )
        confirmations = Confirmations(lambda: self.keepers, self.applied_s.append)
        self.enforcer = ConfigEnforcer(standing, world, confirmations)
        self.keeper = ConfigKeeper(self.enforcer, self.opening.files, self.opening.store, world.tell)
        self.desk = ConfigDesk(self.keeper, self.opening.store, self.keepers)

    @property
    def configs(self) -> Path:
        """Give the folder of the files."""
        return self.folder / "configs"

    @property
    def played(self) -> Any:
        """Give what stands for carrier and audit."""
        return self

    def write_mother(self, more: str = "") -> None:
        """Write droas.yaml."""
        self.configs.mkdir(parents=True, exist_ok=True)
        text = MOTHER_FILE.format(data=self.folder / "data", more=more)
        (self.configs / "droas.yaml").write_text(text)

    def write_bot(self, name: str, prompt: str = "be kind", *, token: str = "", key: str = "a-key") -> None:
        """Write a bot's file."""
        (self.configs / "bots").mkdir(parents=True, exist_ok=True)
        text = BOT_FILE.format(prompt=prompt, token=token or f"token-of-{name}-and-of-nobody-else", key=key)
        (self.configs / "bots" / f"{name}.yaml").write_text(text)

    # --- the carrier and the audit ------------------------------------------------

    def give_all(
        self, steps: Plan, target: Configuration, revision: int, *, done: frozenset[BotName] = frozenset()
    ) -> None:
        """Bring everybody to a configuration."""
        self.given.append(("all", revision, frozenset(target.bots) - done))
        for name in steps.stop:
            del self.keepers[name]
        for name in steps.start:
            self.keepers[name] = ReadyBot(name)
        for name in target.bots.keys() & self.keepers.keys():
            self._take(name, revision)

    def give(self, steps: Plan, target: Configuration, revision: int, *, to: frozenset[BotName]) -> None:
        """Bring these to a configuration."""
        self.given.append(("some", revision, to))
        for name in to:
            self._take(name, revision)

    def repeat(self, name: BotName) -> None:
        """Say it once more."""
        self.given.append(("again", self.keepers[name].bot.revision, frozenset({name})))

    async def write(self, *records: AuditRecord, **_more: Any) -> None:
        """Write decisions down."""
        if self.disk_is_full:
            raise OutsideError("the disk is full")
        self.audited += records

    def _take(self, name: BotName, revision: int) -> None:
        bot = self.keepers[name]
        if isinstance(bot, ReadyBot):
            bot.take(revision)
        else:
            life = bot.bot.life
            if life is not None and life.beat is not None:
                life = replace(life, beat=msgspec.structs.replace(life.beat, config_revision=revision))
            bot.bot = replace(bot.bot, revision=revision, life=life)


def config_room(folder: Path, *bots: str) -> ConfigRoom:
    """Write files for these bots and open them."""
    room = ConfigRoom(folder)
    room.write_mother()
    for name in bots:
        room.write_bot(name)
    room.open()
    return room
