"""The children as the supervisor sees them: spawned with fresh keys or taken over, buried without a trace."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from droas_common.ids import BotName
from droas_common.logs import log
from droas_common.settings import BotSettings, ChildSettings, CurveKeys
from droas_mother.adapters.processes.adoption import find, may_go_on
from droas_mother.adapters.processes.bot_lock import BotLock
from droas_mother.adapters.processes.child_process import ChildProcess
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.adapters.processes.token_holders import TokenHolders
from droas_mother.core.tools.authorization import Principal, PrincipalKind

_STRANGER_GRACE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a new life is given beside its bot's settings.

    Args:
        name: the bot.
        incarnation: which life of it.
        keys: its CURVE keys.
        lock_path: the lock that it holds.
    """

    name: BotName
    incarnation: int
    keys: CurveKeys
    lock_path: Path


class KeyIssuer(Protocol):
    """Where a child's keys come from."""

    def issue(self, principal: Principal) -> CurveKeys:
        """Make fresh keys and admit them."""
        ...

    def admit(self, public_key: str, principal: Principal) -> None:
        """Admit a key that an earlier mother has issued."""
        ...

    def revoke(self, public_key: str) -> None:
        """Admit this key no longer."""
        ...


class Population:
    """Starts, takes over and buries children.

    Args:
        spawner: makes processes.
        keys: issues each life its own keys.
        lock_dir: folder of the bots' locks.
        settings_for: completes what a child is started with.
        digest_of: names the settings of a bot that only a restart changes.
        forget: told of every life that has ended.
    """

    def __init__(
        self,
        *,
        spawner: Spawner,
        keys: KeyIssuer,
        lock_dir: Path,
        settings_for: Callable[[BotSettings, Birth], ChildSettings],
        digest_of: Callable[[BotSettings], str],
        forget: Callable[[str, int], None],
    ) -> None:
        self._spawner = spawner
        self._keys = keys
        self._lock_dir = lock_dir
        self._settings_for = settings_for
        self._digest_of = digest_of
        self._forget = forget
        self._public_keys: dict[tuple[BotName, int], str] = {}
        self._tokens = TokenHolders()

    async def spawn(self, name: BotName, settings: BotSettings, incarnation: int) -> ChildProcess:
        """Start one life of a bot, after ending whoever else still is this bot; raises OutsideError.

        Its token may just be another bot's; that one ends first.
        """
        await self._tokens.wait(settings.discord_token, name)
        self._tokens.hold(settings.discord_token, (name, incarnation))
        try:
            return await self._spawn(name, settings, incarnation)
        except BaseException:
            self._tokens.free((name, incarnation))
            raise

    async def _spawn(self, name: BotName, settings: BotSettings, incarnation: int) -> ChildProcess:
        lock_path = self._lock_path(name)
        evicted = await BotLock(lock_path).evict_holder()
        if evicted is not None:
            log.warning("stale_child_evicted", bot=name, pid=evicted)
        keys = self._keys.issue(_principal(name, settings, incarnation))
        self._public_keys[name, incarnation] = keys.public_key
        birth = Birth(name=name, incarnation=incarnation, keys=keys, lock_path=lock_path)
        try:
            return await self._spawner.spawn(self._settings_for(settings, birth))
        except BaseException:
            self._revoke(name, incarnation)
            raise

    async def adopt(self, name: BotName, settings: BotSettings) -> tuple[ChildProcess, int] | None:
        """Find a living process of an earlier mother that may go on; gives it and its incarnation.

        One that runs other settings is left to `spawn`, which ends it.
        """
        found = find(self._lock_path(name))
        if found is None:
            return None
        child, record = found
        child.watch(asyncio.get_running_loop())
        if not may_go_on(record, digest=self._digest_of(settings)):
            log.info(
                "child_not_adopted", bot=name, pid=child.pid, why="it runs other settings or another release"
            )
            child.release()
            return None
        self._keys.admit(record.public_key, _principal(name, settings, record.incarnation))
        self._public_keys[name, record.incarnation] = record.public_key
        self._tokens.hold(settings.discord_token, (name, record.incarnation))
        return child, record.incarnation

    def entitle(self, name: BotName, settings: BotSettings) -> None:
        """Let the living processes of a bot call what its settings say, from the next call on."""
        for (bot, incarnation), public_key in self._public_keys.items():
            if bot == name:
                self._keys.admit(public_key, _principal(name, settings, incarnation))

    async def end_strangers(self, wanted: frozenset[BotName]) -> None:
        """End the living processes of all other bots than these, in good order and side by side."""
        paths = [path for path in self._lock_dir.glob("*.lock") if path.stem not in wanted]
        await asyncio.gather(*(self._end_stranger(path) for path in paths))

    def bury(self, name: BotName, incarnation: int, child: ChildProcess) -> None:
        """Revoke an ended life's keys and close what was held of it."""
        self._revoke(name, incarnation)
        self._tokens.free((name, incarnation))
        self._forget(name, incarnation)
        child.release()

    async def _end_stranger(self, path: Path) -> None:
        found = find(path)
        if found is None:
            return
        child, _ = found
        child.watch(asyncio.get_running_loop())
        log.warning(
            "stranger_ended", bot=path.stem, pid=child.pid, why="it is stopped, or configured no longer"
        )
        child.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STRANGER_GRACE_S):
                await child.ended.wait()
        except TimeoutError:
            child.kill()
        child.release()

    def _lock_path(self, name: BotName) -> Path:
        return self._lock_dir / f"{name}.lock"

    def _revoke(self, name: BotName, incarnation: int) -> None:
        public_key = self._public_keys.pop((name, incarnation), None)
        if public_key is not None:
            self._keys.revoke(public_key)


def _principal(name: BotName, settings: BotSettings, incarnation: int) -> Principal:
    return Principal(kind=PrincipalKind.BOT, name=name, incarnation=incarnation, tools=settings.tools)
