"""A configuration folder as it was at one moment: the bytes of its files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of a folder, as they lay there.

    Args:
        root: the folder as it was named, for messages.
        files: bytes by path within the folder.
        unreadable: why a file could not be read, by path within the folder.
        overlooked: files that are nobody's, beside those that are somebody's; no part of the content.
        exposed: the modes of files that others than their owner may read or write; no part of the content.
    """

    root: str
    files: Mapping[str, bytes]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    overlooked: tuple[str, ...] = ()
    exposed: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Name the content: equal trees have equal digests, wherever they lie."""
        digest = hashlib.sha256()
        for path, raw in sorted(self.files.items()):
            digest.update(f"{len(path.encode())}:{len(raw)}:{path}".encode())
            digest.update(raw)
        for path in sorted(self.unreadable):
            digest.update(f"?{path}\0".encode())
        return digest.hexdigest()

    def shown(self, path: str) -> str:
        """Give a path as it is told to people."""
        if path == ".":
            return self.root or path
        return f"{self.root}/{path}" if self.root else path
