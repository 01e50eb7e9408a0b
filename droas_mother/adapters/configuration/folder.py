"""A configuration folder read into memory: bounded, and as it was at one moment."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from droas_mother.core.configuration.layout import FOLDERS, is_left_behind, owner_of
from droas_mother.core.configuration.tree import Tree

MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 1000
MAX_TREE_BYTES = 32 * 1024 * 1024
_TRIES = 5

_Signature = tuple[tuple[str, int, int, int], ...]


def read_tree(folder: Path) -> Tree:
    """Read the files of a configuration folder; what cannot be read is named in the tree, nothing is raised.

    Symbolic links are followed, as Kubernetes lays its volumes by them. When files change during the reading
    it is begun anew, a few times.
    """
    for _ in range(_TRIES - 1):
        before = _signature(folder)
        tree = _read(folder)
        if _signature(folder) == before:
            return tree
    return _read(folder)


def _read(folder: Path) -> Tree:
    files: dict[str, bytes] = {}
    unreadable: dict[str, str] = {}
    total = 0
    for number, path in enumerate(_paths(folder)):
        if number >= MAX_FILES or total > MAX_TREE_BYTES:
            unreadable[path] = f"the folder has more than {MAX_FILES} files or {MAX_TREE_BYTES >> 20} MiB"
            break
        try:
            files[path] = _read_file(folder / path)
            total += len(files[path])
        except _NotReadError as error:
            unreadable[path] = str(error)
        except OSError as error:
            unreadable[path] = f"cannot be read: {os.strerror(error.errno or 0)}"
    return Tree(root=str(folder), files=files, unreadable=unreadable)


class _NotReadError(Exception):
    """Why a file is not read."""


def _read_file(path: Path) -> bytes:
    # A named pipe would wait for its writer for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _NotReadError("this is not a regular file")
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        size = max(status.st_size, len(raw))
        raise _NotReadError(f"the file has {size} bytes, more than the {MAX_FILE_BYTES} allowed")
    return raw


def _paths(folder: Path) -> Iterator[str]:
    """Give the paths of the files that are somebody's, in order."""
    yield from _owned(folder, "")
    for name in FOLDERS:
        yield from _owned(folder, f"{name}/")
        for inner in _folders(folder / name):
            yield from _owned(folder, f"{name}/{inner}/")


def _owned(folder: Path, below: str) -> Iterator[str]:
    for name in _names(folder / below):
        if owner_of(below + name) is not None and not (folder / below / name).is_dir():
            yield below + name


def _folders(folder: Path) -> list[str]:
    return [name for name in _names(folder) if not is_left_behind(name) and (folder / name).is_dir()]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))[: MAX_FILES * 2]  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []


def _signature(folder: Path) -> _Signature:
    found = []
    for path in _paths(folder):
        try:
            status = (folder / path).stat()
        except OSError:
            found.append((path, 0, 0, 0))
        else:
            found.append((path, status.st_ino, status.st_mtime_ns, status.st_size))
        if len(found) > MAX_FILES:
            break
    return tuple(found)
