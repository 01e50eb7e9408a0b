"""What reloading asks of the world: files, what tells of their changes, what keeps revisions, what carries out."""

from collections.abc import Callable
from typing import Any, Protocol

from droas_common.ids import BotName
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_opening import Interpreted
from droas_mother.core.reloading.config_plan import Plan
from droas_mother.core.reloading.revisions import Revision
from droas_mother.core.settings import Configuration


class ConfigFiles(Protocol):
    """The configuration's files; every method blocks, so it is called in a thread."""

    def read(self) -> Tree:
        """Read them."""
        ...

    def interpret(self, tree: Tree) -> Interpreted:
        """Say what they mean; raises nothing."""
        ...


class FileWatch(Protocol):
    """Tells of changed files; every method blocks a little, so it is called in a thread."""

    def start(self, on_change: Callable[[], None]) -> None:
        """Begin to watch; another thread calls `on_change`."""
        ...

    def follow(self) -> None:
        """Watch what belongs to the configuration now."""
        ...

    def signature(self) -> Any:
        """Give something that differs when a file has changed."""
        ...

    def stop(self) -> None:
        """Watch no longer."""
        ...


class RevisionShelf(Protocol):
    """Keeps revisions; every method blocks, so it is called in a thread; all raise OutsideError."""

    def keep(self, revision: Revision) -> None:
        """Keep one."""
        ...

    def numbers(self) -> list[int]:
        """Give the numbers of all that are kept, rising."""
        ...

    def load(self, number: int) -> Revision | None:
        """Give one; None when it is not kept."""
        ...


class Carrier(Protocol):
    """Carries plans out."""

    def give_all(
        self, steps: Plan, target: Configuration, revision: int, *, done: frozenset[BotName] = frozenset()
    ) -> None:
        """Bring the mother and all bots to a configuration, but for those that have it already."""
        ...

    def give(self, steps: Plan, target: Configuration, revision: int, *, to: frozenset[BotName]) -> None:
        """Bring these running bots to a configuration, and nothing else."""
        ...

    def repeat(self, name: BotName) -> None:
        """Publish a bot's settings once more."""
        ...
