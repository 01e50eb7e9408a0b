"""Revisions of the configuration on the disk, each a file, encrypted with age under a key of this folder.

Source: age-encryption.org/v1 (X25519, ChaCha20-Poly1305). The key is of mode 0600 and is made with the first
revision; whoever can read it is the mother's user, who can read the configuration as well. What encryption is
for: copies of the data folder that leave the machine without the key tell nothing.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from droas_common.errors import OutsideError
from droas_mother.adapters.durable_files import sync
from droas_mother.core.reloading.revisions import Revision, read, written

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

KEPT_REVISIONS = 50
KEPT_BYTES = 64 * 1024 * 1024
"""The newest are kept, within both bounds, and one at least."""

_NAME = re.compile(r"(\d{9})\.age")


class RevisionStore:
    """Keeps revisions; every method blocks, so it is called in a thread. All raise OutsideError.

    Args:
        folder: of the revisions and their key; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key_path = folder / "key"
        self._last_path = folder / "last"

    def keep(self, revision: Revision) -> None:
        """Keep a revision, in one step and for good, and forget the oldest ones."""
        import pyrage  # noqa: PLC0415 - only where something is kept: it costs a start and a MiB

        number = revision.note.revision
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._note(number)
            raw = pyrage.encrypt(written(revision), [self._identity(make=True).to_public()])
            _write(self.folder / f"{number:09}.age", raw)
            self._forget()
        except OSError as error:
            raise OutsideError(
                f"{self.folder}: revision {number} of the configuration cannot be kept ({error.strerror})"
            ) from error

    def newest(self, *, in_force: bool = False) -> Revision | None:
        """Give the newest revision that can be read (and was in force); None without one."""
        for number in reversed(self.numbers()):
            try:
                found = self.load(number)
            except OutsideError:
                continue  # of another key, or damaged: an older one is better than none
            if found is not None and (found.note.in_force or not in_force):
                return found
        return None

    def numbers(self) -> list[int]:
        """Give the numbers of all kept revisions, rising."""
        return sorted(number for number, _ in self._paths())

    def last(self) -> int:
        """Give the highest number that was ever used, kept or not; 0 without one."""
        return max(self._noted(), *self.numbers(), 0)

    def make_room(self) -> None:
        """Note the last number now, so that later ones can be noted in its place even on a full disk."""
        last = self.last()
        if last:
            with suppress(OSError):
                self._note(last)

    def _noted(self) -> int:
        try:
            return int(self._last_path.read_bytes())
        except (OSError, ValueError):
            return 0

    def _note(self, number: int) -> None:
        """Note a number as used, in place: a full disk has room for that, and none for the revision itself."""
        if number <= self._noted():
            return
        descriptor = os.open(self._last_path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, f"{number:09}\n".encode(), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def load(self, number: int) -> Revision | None:
        """Give a revision; None when it is not kept."""
        import pyrage  # noqa: PLC0415 - as above

        path = self.folder / f"{number:09}.age"
        try:
            raw = path.read_bytes()
            return read(pyrage.decrypt(raw, [self._identity()]))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutsideError(f"{path}: cannot be read ({error.strerror})") from error
        except (pyrage.DecryptError, msgspec.DecodeError) as error:
            raise OutsideError(f"{path}: is damaged, or was encrypted with another key") from error

    def _identity(self, *, make: bool = False) -> "Identity":
        from pyrage import IdentityError  # noqa: PLC0415 - as above
        from pyrage.x25519 import Identity  # noqa: PLC0415 - as above

        try:
            return Identity.from_str(self._key_path.read_text().strip())
        except FileNotFoundError as error:
            if not make:
                raise OutsideError(
                    f"{self._key_path}: is missing; without it no revision can be read"
                ) from error
            fresh = Identity.generate()
            _write(self._key_path, f"{fresh}\n".encode())
            return fresh
        except (IdentityError, UnicodeDecodeError) as error:
            raise OutsideError(f"{self._key_path}: is no key; move it away to begin anew") from error

    def _paths(self) -> Iterator[tuple[int, Path]]:
        try:
            entries = list(self.folder.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutsideError(f"{self.folder}: cannot be read ({error.strerror})") from error
        for path in entries:
            match = _NAME.fullmatch(path.name)
            if match:
                yield int(match[1]), path

    def _forget(self) -> None:
        total = 0
        for place, (_, path) in enumerate(sorted(self._paths(), reverse=True)):
            total += path.stat().st_size
            if place and (place >= KEPT_REVISIONS or total > KEPT_BYTES):
                path.unlink(missing_ok=True)


def _write(path: Path, raw: bytes) -> None:
    """Write a file so that it is there whole or not at all, and survives a power cut."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)
