"""A change that some bots try: who they are, how they were, how they are."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from droas_common.ids import BotName
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_plan import Plan
from droas_mother.core.reloading.revisions import RevisionNote
from droas_mother.core.reloading.rollout import Sight, Verdict, judge
from droas_mother.core.settings import Configuration
from droas_mother.core.supervision.bot import Bot
from droas_mother.core.supervision.lifecycle import State
from droas_mother.flows.supervision.bot_keeper import BotKeeper

Keepers = Mapping[BotName, BotKeeper]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A configuration that shall be put into force.

    Args:
        note: its revision.
        tree: its files.
        wanted: what they say.
        target: what runs when it is in force.
        steps: what must be done.
        rollback: whether these are files of an earlier revision, not those on the disk.
    """

    note: RevisionNote
    tree: Tree
    wanted: Configuration
    target: Configuration
    steps: Plan
    rollback: bool = False

    @property
    def changes_something(self) -> bool:
        """Whether any setting differs from what runs."""
        return bool(self.steps.changes)


@dataclass(slots=True)
class _Before:
    """What was counted of one process of a bot when the watching began."""

    incarnation: int
    answered: int
    failed: int
    crashes: int
    unready_since: float | None = None


@dataclass(slots=True, kw_only=True)
class Canary:
    """One change under observation; moments are seconds of the monotonic clock.

    Args:
        proposal: the change.
        canaries: who tries it.
        observe_s: for how long.
    """

    proposal: Proposal
    canaries: frozenset[BotName]
    observe_s: float
    began_at: float = field(default_factory=time.monotonic)
    began_unix_s: float = field(default_factory=time.time)
    _before: dict[BotName, _Before] = field(default_factory=dict)

    @property
    def left_s(self) -> float:
        """Give the seconds until it is over."""
        return max(0.0, self.began_at + self.observe_s - time.monotonic())

    def watch(self, keepers: Keepers) -> Verdict:
        """Look at all bots and judge."""
        now = time.monotonic()
        sights = {name: self._sight(keeper.bot, now) for name, keeper in keepers.items() if keeper.bot.wanted}
        return judge(
            [sights.get(name) or _gone(name) for name in sorted(self.canaries)],
            [one for name, one in sights.items() if name not in self.canaries],
            elapsed_s=now - self.began_at,
            observe_s=self.observe_s,
        )

    def _sight(self, bot: Bot, now: float) -> Sight:
        beat = bot.life.beat if bot.life else None
        answered, failed = (beat.answered, beat.failed) if beat else (0, 0)
        before = self._before.setdefault(
            bot.name, _Before(bot.incarnation, answered, failed, bot.row.crashes)
        )
        if before.incarnation != bot.incarnation:  # a fresh process counts from 0
            before.incarnation, before.answered, before.failed = bot.incarnation, 0, 0
        before.crashes = min(before.crashes, bot.row.crashes)
        ready = bot.state is State.READY
        before.unready_since = None if ready else before.unready_since or now
        return Sight(
            name=bot.name,
            confirmed=beat is not None and beat.config_revision == bot.revision,
            ready=ready,
            unready_s=0.0 if before.unready_since is None else now - before.unready_since,
            crashes=bot.row.crashes - before.crashes + (bot.state is State.FAILED),
            why=bot.reason or (beat.detail if beat else ""),
            answered=max(0, answered - before.answered),
            failed=max(0, failed - before.failed),
            model_ok=beat.model_ok if beat else None,
        )


def choose(touched: Iterable[BotName], keepers: Keepers, most: int) -> frozenset[BotName]:
    """Give the bots that try a change: of those for which something changes, the first that are ready."""
    ready = [name for name in sorted(touched) if name in keepers and keepers[name].bot.state is State.READY]
    return frozenset(ready[:most])


def _gone(name: BotName) -> Sight:
    return Sight(name=name, confirmed=True, ready=False, crashes=0, unready_s=60.0, why="it was stopped")
