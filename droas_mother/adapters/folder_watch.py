"""Whether a configuration folder has changed: inotify through watchdog, and a signature for a slow look.

Folders are watched, not files: editors and Kubernetes replace files, and a watch of a replaced file is blind.
Every folder that holds a link by which a file is reached is watched too: `configs/droas.yaml` may lead
through `configs/..data` to a folder that is swapped for another one.

Source: inotify(7); Kubernetes' AtomicWriter (kubernetes/pkg/volume/util/atomic_writer.go).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

_MAX_FOLDERS = 64
_MAX_ENTRIES = 4_000
_MAX_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""

_DEPTH = 2
"""The folder, `bots/`, and a bot's own folder in it."""

Signature = tuple[tuple[Any, ...], ...]


class FolderWatch:
    """Watches one folder; its methods block a little, so they are called in a thread.

    Args:
        folder: what is watched.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._observer: BaseObserver | None = None
        self._handler: Any = None
        self._filter: list[Any] = []
        self._watches: dict[tuple[str, int], ObservedWatch] = {}

    def start(self, on_change: Callable[[], None]) -> None:
        """Begin to watch; `on_change` is called by a thread, once a change."""
        # The mother does not wait for this import when she starts.
        from watchdog import events  # noqa: PLC0415
        from watchdog.observers import Observer  # noqa: PLC0415

        class Handler(events.FileSystemEventHandler):
            def on_any_event(self, _event: events.FileSystemEvent) -> None:
                on_change()

        # Not FileModified: a file that is still being written is of no use, and a burst of writes costs enough.
        self._filter = [
            events.FileClosedEvent,
            events.FileMovedEvent,
            events.FileCreatedEvent,
            events.FileDeletedEvent,
            events.DirMovedEvent,
            events.DirCreatedEvent,
            events.DirDeletedEvent,
        ]
        self._handler = Handler()
        self._observer = Observer()
        self._observer.start()
        self.follow()

    def follow(self) -> None:
        """Watch what belongs to the folder now; folders come, go, and are swapped."""
        if self._observer is None:
            return
        wanted = {key: path for path in _folders(self._folder) if (key := _key(path)) is not None}
        for key in self._watches.keys() - wanted.keys():
            with suppress(KeyError, OSError):
                self._observer.unschedule(self._watches.pop(key))
        for key in wanted.keys() - self._watches.keys():
            with suppress(OSError):  # it has just gone, or there are no watches left: the slow look serves
                self._watches[key] = self._observer.schedule(
                    self._handler, str(wanted[key]), recursive=False, event_filter=self._filter
                )

    def signature(self) -> Signature:
        """Give something that differs when anything in the folder has changed, permissions too."""
        return tuple(_entries(self._folder))

    def stop(self) -> None:
        """Watch no longer."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=5)
            self._observer = None


def _key(path: Path) -> tuple[str, int] | None:
    try:
        return str(path), path.stat().st_ino
    except OSError:
        return None


def _folders(folder: Path) -> set[Path]:
    """Give the folders in which a change can concern this one."""
    found: set[Path] = set()
    _collect(folder.absolute(), _DEPTH, found)
    return found


def _collect(path: Path, depth: int, found: set[Path]) -> None:
    found.update(_link_folders(path))
    # Not Path.is_dir(), is_symlink(): they raise where a link leads to what is forbidden.
    if not os.path.isdir(path) or len(found) >= _MAX_FOLDERS:  # noqa: PTH112 - as above
        return
    real = Path(os.path.realpath(path))
    found.add(real)
    for entry in _scan(real):
        if os.path.islink(entry.path):  # noqa: PTH114 - as above
            found.update(_link_folders(Path(entry.path)))
        if depth and not entry.name.startswith(".") and _is_folder(entry):
            _collect(Path(entry.path), depth - 1, found)


def _link_folders(path: Path) -> Iterator[Path]:
    """Give the folders of all links by which a path is reached."""
    at, parts, links = Path("/"), list(path.parts[1:]), 0
    while parts and links < _MAX_LINKS:
        part = parts.pop(0)
        if part == "..":
            at = at.parent
            continue
        step = at / part
        if not os.path.islink(step):  # noqa: PTH114 - as above
            at = step
            continue
        links += 1
        yield at
        try:
            target = step.readlink()
        except OSError:
            return
        at = Path("/") if target.is_absolute() else at
        parts = [*(target.parts[1:] if target.is_absolute() else target.parts), *parts]


def _entries(folder: Path) -> Iterator[tuple[Any, ...]]:
    number = 0
    for found in sorted(_folders(folder)):
        for entry in sorted(_scan(found), key=lambda one: one.name):
            number += 1
            if number > _MAX_ENTRIES:
                return
            try:
                status = entry.stat()
            except OSError as error:
                yield entry.path, error.errno
                continue
            yield entry.path, status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
