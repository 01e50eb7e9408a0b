"""A configuration that was put into force: its files as they lay on the disk, who did it, when, what changed.

The files are raw: placeholders are not resolved, encrypted values are still encrypted.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_diff import Change

AT_START = "start"
BY_WATCHER = "file watcher"


class RevisionNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a revision."""

    revision: Annotated[int, Meta(description="counts up from 1, over restarts of the mother")]
    at: Annotated[float, Meta(description="unix seconds")]
    who: Annotated[str, Meta(description='"file watcher", "start", or the user that asked: uid:1000')]
    digest: Annotated[str, Meta(description="names the content of the files")]
    disk_digest: Annotated[
        str, Meta(description="of the files on the disk at that time; another one after a rollback")
    ] = ""
    words: Annotated[str, Meta(description="what came of it, and why")] = ""
    in_force: Annotated[
        bool, Meta(description="whether it was given to all; false for one that was taken back")
    ] = True
    changes: Annotated[list[Change], Meta(description="what changed, secrets masked")] = []


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A revision with its files."""

    note: RevisionNote
    root: str
    files: dict[str, bytes]

    @property
    def tree(self) -> Tree:
        """Give its files."""
        return Tree(root=self.root, files=self.files)


_decoder = msgspec.json.Decoder(Revision)


def written(revision: Revision) -> bytes:
    """Give a revision as bytes."""
    return msgspec.json.encode(revision)


def read(raw: bytes) -> Revision:
    """Give a revision of its bytes; raises msgspec.DecodeError."""
    return _decoder.decode(raw)
