"""The children as the supervisor sees them: spawned with fresh keys, buried without a trace."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from droas_common.ids import BotName
from droas_common.logs import log
from droas_common.settings import BotSettings, ChildSettings, CurveKeys
from droas_mother.adapters.processes.bot_lock import BotLock
from droas_mother.adapters.processes.spawning import ChildProcess, Spawner
from droas_mother.core.authorization import Principal, PrincipalKind

SettingsFor = Callable[[BotName, BotSettings, CurveKeys, Path], ChildSettings]


class KeyIssuer(Protocol):
    """Where a child's keys come from."""

    def issue(self, principal: Principal) -> CurveKeys:
        """Make fresh keys and admit them."""
        ...

    def revoke(self, public_key: str) -> None:
        """Admit this key no longer."""
        ...


class Population:
    """Starts and buries children.

    Args:
        spawner: makes processes.
        keys: issues each life its own keys.
        lock_dir: folder of the bots' locks.
        settings_for: completes what a child is started with.
        forget: told of every life that has ended.
    """

    def __init__(
        self,
        *,
        spawner: Spawner,
        keys: KeyIssuer,
        lock_dir: Path,
        settings_for: SettingsFor,
        forget: Callable[[str, int], None],
    ) -> None:
        self._spawner = spawner
        self._keys = keys
        self._lock_dir = lock_dir
        self._settings_for = settings_for
        self._forget = forget
        self._public_keys: dict[tuple[str, int], str] = {}

    async def spawn(self, name: BotName, settings: BotSettings, incarnation: int) -> ChildProcess:
        """Start one life of a bot, after ending whoever else still is this bot; raises OutsideError."""
        lock_path = self._lock_dir / f"{name}.lock"
        evicted = await BotLock(lock_path).evict_holder()
        if evicted is not None:
            log.warning("stale_child_evicted", bot=name, pid=evicted)
        principal = Principal(
            kind=PrincipalKind.BOT, name=name, incarnation=incarnation, tools=settings.tools
        )
        keys = self._keys.issue(principal)
        self._public_keys[name, incarnation] = keys.public_key
        child = self._settings_for(name, settings, keys, lock_path)
        try:
            return await self._spawner.spawn(child)
        except BaseException:
            self._revoke(name, incarnation)
            raise

    def bury(self, name: BotName, incarnation: int, child: ChildProcess) -> None:
        """Revoke an ended life's keys and close what was held of it."""
        self._revoke(name, incarnation)
        self._forget(name, incarnation)
        child.release()

    def _revoke(self, name: BotName, incarnation: int) -> None:
        public_key = self._public_keys.pop((name, incarnation), None)
        if public_key is not None:
            self._keys.revoke(public_key)
