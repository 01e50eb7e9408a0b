"""Files replaced as a whole: never half written, never over somebody else's change."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from droas_common.errors import CannotCreateError, ConfigurationError
from droas_mother.adapters.durable_files import give, sync


class ChangedError(ConfigurationError):
    """Somebody else has changed a file since it was read."""


def replace_file(path: Path, before: bytes | None, after: bytes, *, mode: int | None = None) -> None:
    """Put new content in the place of a file, at once and for good.

    A symbolic link stays one: what it leads to is replaced. Mode and owner stay as they were.

    Args:
        path: the file.
        before: what it must still hold; None when it must not be there yet.
        after: the new content.
        mode: of a new file; 0600 when it is not said.

    Raises:
        CannotCreateError: it is there, and must not be.
        ChangedError: it holds something else.
        ConfigurationError: it lies in a volume that Kubernetes owns.
        OSError: it cannot be written; names the file.
    """
    real = Path(os.path.realpath(path))
    if any(part.startswith("..") and len(part) > 2 for part in real.parts):
        raise ConfigurationError(
            f"{path} lies in a volume of Kubernetes; change its ConfigMap or Secret instead"
        )
    try:
        _replace(real, path, before, after, mode)
    except OSError as error:  # of a descriptor, or of the file that is to take its place
        error.filename = str(path)
        raise


def _replace(real: Path, path: Path, before: bytes | None, after: bytes, mode: int | None) -> None:
    with _locked(real.parent):
        _require(real, path, before)
        descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:100]}.")
        try:
            _fill(descriptor, after, like=real if before is not None else None, mode=mode or 0o600)
            _require(real, path, before)
            os.replace(name, real)  # noqa: PTH105 - beside mkstemp's name
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108 - as above
            raise
        sync(real.parent)


def _fill(descriptor: int, content: bytes, *, like: Path | None, mode: int) -> None:
    with open(descriptor, "wb") as file:
        file.write(content)
        if like is not None:
            _take_over(like, descriptor)
        else:
            os.fchmod(descriptor, mode)
        file.flush()
        os.fsync(descriptor)


def _take_over(real: Path, descriptor: int) -> None:
    os.fchmod(descriptor, real.stat().st_mode & 0o7777)
    give(descriptor, real)


def _require(real: Path, shown: Path, before: bytes | None) -> None:
    try:
        now = real.read_bytes()
    except FileNotFoundError:
        now = None
    if now == before:
        return
    if before is None:
        raise CannotCreateError(f"{shown}: is there already; remove it first, or choose another name")
    raise ChangedError(f"{shown}: somebody else has changed this file meanwhile; look at it and try again")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other commands of ours away from a folder; who does not ask for the lock is caught by content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
