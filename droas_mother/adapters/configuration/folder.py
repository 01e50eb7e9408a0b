"""A configuration folder read into memory: bounded, and as it was at one moment.

What cannot be read is no reason to take it for absent: bots would be stopped because the mother may not look.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from droas_common.ids import BOT_NAME_PATTERN
from droas_mother.core.configuration.layout import FOLDERS, is_left_behind, owner_of
from droas_mother.core.configuration.tree import Tree

MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 1000
MAX_TREE_BYTES = 32 * 1024 * 1024
_TRIES = 5
_OF_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH

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
    exposed: dict[str, int] = {}
    total = 0
    for number, path in enumerate(_paths(folder, unreadable)):
        if number >= MAX_FILES or total > MAX_TREE_BYTES:
            unreadable[_told(path)] = (
                f"the folder has more than {MAX_FILES} files or {MAX_TREE_BYTES >> 20} MiB"
            )
            break
        told = _told(path)
        try:
            files[told], mode = _read_file(folder, path)
            total += len(files[told])
            if mode & _OF_OTHERS:
                exposed[told] = mode
        except _NotReadError as error:
            unreadable[told] = str(error)
        except OSError as error:
            unreadable[told] = _why(error)
    return Tree(
        root=_told(str(folder)),
        files=files,
        unreadable=unreadable,
        overlooked=tuple(_overlooked(folder)),
        exposed=exposed,
    )


def _overlooked(folder: Path) -> Iterator[str]:
    """Give the files in our folders that are nobody's."""
    for below in (f"{name}/" for name in FOLDERS):
        for name in _names(folder, below, {}):
            path = below + name
            if owner_of(path) is None and not is_left_behind(name) and not _is_folder(folder / path):
                yield _told(path)


def _told(path: str) -> str:
    """Give a path as text that can be printed and kept, whatever bytes it has."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _why(error: OSError) -> str:
    return f"cannot be read: {os.strerror(error.errno or 0)}"


class _NotReadError(Exception):
    """Why a file is not read."""


def _read_file(folder: Path, path: str) -> tuple[bytes, int]:
    """Give what a file holds, and its mode."""
    if _told(path) != path:
        raise _NotReadError("the name of this file is not UTF-8")
    # A named pipe would wait for its writer for ever.
    descriptor = os.open(folder / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _NotReadError("this is not a regular file")
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        size = max(status.st_size, len(raw))
        raise _NotReadError(f"the file has {size} bytes, more than the {MAX_FILE_BYTES} allowed")
    return raw, stat.S_IMODE(status.st_mode)


def _paths(folder: Path, unreadable: dict[str, str]) -> Iterator[str]:
    """Give the paths of the files that are somebody's, in order, and note folders that cannot be read."""
    for below in ("", *(f"{name}/" for name in FOLDERS)):
        names = _names(folder, below, unreadable)
        yield from _owned(folder, below, names)
        if not below:
            continue
        for name in names:
            if not is_left_behind(name) and _is_folder(folder / below / name):
                inner = f"{below}{name}/"
                # What is nobody's, as lost+found, may be closed.
                noted = unreadable if _is_somebodys(inner) else {}
                yield from _owned(folder, inner, _names(folder, inner, noted))


def _is_somebodys(below: str) -> bool:
    owner = owner_of(f"{below}a.yaml")
    return owner is not None and re.match(BOT_NAME_PATTERN, owner.name) is not None


def _owned(folder: Path, below: str, names: list[str]) -> Iterator[str]:
    for name in names:
        if owner_of(below + name) is not None and not _is_folder(folder / below / name):
            yield below + name


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir() raises where a link leads to what is forbidden


def _names(folder: Path, below: str, unreadable: dict[str, str]) -> list[str]:
    try:
        return sorted(os.listdir(folder / below))[: MAX_FILES * 2]  # noqa: PTH208 - names are all that is wanted
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        unreadable[_told(below.rstrip("/") or ".")] = _why(error)
        return []


def _signature(folder: Path) -> _Signature:
    found = []
    for path in _paths(folder, {}):
        try:
            status = (folder / path).stat()
        except OSError:
            found.append((path, 0, 0, 0))
        else:
            found.append((path, status.st_ino, status.st_mtime_ns, status.st_size))
        if len(found) > MAX_FILES:
            break
    return tuple(found)
