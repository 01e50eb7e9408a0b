"""New files and folders, whose they are, and that they outlive a power cut.

What root makes belongs to the folder's user, so that the mother can open it.
"""

import os
from contextlib import suppress
from pathlib import Path

from droas_common.errors import CannotCreateError


def new_file(path: Path) -> int:
    """Make a file, mode 0600, for the user whose folder it is in; gives it open for writing; raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    give(handle, path.parent)
    return handle


def make_folder(folder: Path) -> None:
    """Make a folder, mode 0700, where it is missing, for the user whose parent it is in; raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        give(handle, folder.parent)
    finally:
        os.close(handle)


def check_folder(path: Path) -> None:
    """Refuse a file whose folder is not there: a mistyped path makes none; raises CannotCreateError."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise CannotCreateError(f"{path}: there is no folder {folder}; make it first, or name another file")


def give(handle: int, like: Path) -> None:
    """Give an open file to the owner of another; raises OSError."""
    status = like.stat()
    with suppress(PermissionError):  # only root gives files away
        os.fchown(handle, status.st_uid, status.st_gid)


def sync(path: Path) -> None:
    """Have a file, or a folder's names, on the disk; raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
