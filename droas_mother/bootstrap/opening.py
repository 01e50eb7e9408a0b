"""What a mother starts with: the files on the disk, or the last configuration that was good."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from droas_common.errors import OutsideError
from droas_common.logs import log
from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.interpretation import examine, interpret
from droas_mother.adapters.revision_store import RevisionStore
from droas_mother.core.config_opening import Choice, Interpreted, Source, choose
from droas_mother.core.configuration.layout import MOTHER_FILE
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.revisions import AT_START, Revision, RevisionNote
from droas_mother.core.settings import Configuration
from droas_mother.flows.config_standing import Standing

_DATA_DIR = "data"
_PARTLY = "started without the bots whose files were faulty"
_DATA_DIR_LINE = re.compile(rb"^data_dir:[ \t]*[\"']?([^\"'#\n${}]+?)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)


class FolderFiles:
    """The files of one configuration folder.

    Args:
        folder: holds `droas.yaml` and `bots/`.
        overrides: settings of the mother as `name=value`, above everything else.
    """

    def __init__(self, folder: Path, overrides: Sequence[str] = ()) -> None:
        self.folder = folder
        self._overrides = tuple(overrides)

    def read(self) -> Tree:
        """Read them."""
        return read_tree(self.folder)

    def interpret(self, tree: Tree) -> Interpreted:
        """Say what they mean."""
        try:
            found = examine(tree, os.environ, self._overrides)
        except Exception as error:  # noqa: BLE001 - border of the files: whatever they hold, what runs goes on
            log.opt(exception=error).error("files_not_understood")
            return Interpreted(configuration=None, problems=(f"{tree.root}: {type(error).__name__}",))
        return Interpreted(
            configuration=found.configuration, problems=tuple(one.headline for one in found.diagnoses)
        )

    def insist(self, tree: Tree) -> None:
        """Say every fault as for a person at a terminal; raises FaultyConfigurationError."""
        interpret(tree, os.environ, self._overrides)

    def data_dir(self, tree: Tree, found: Interpreted) -> Path:
        """Give the data folder, as well as it can be told when the mother's file is faulty."""
        if found.configuration is not None:
            return found.configuration.mother.data_dir
        for override in self._overrides:
            name, _, value = override.partition("=")
            if name == "data_dir":
                return Path(value)
        line = _DATA_DIR_LINE.search(tree.files.get(MOTHER_FILE, b""))
        said = line[1].decode(errors="replace").strip() if line else _DATA_DIR
        return Path(os.environ.get("DROAS_DATA_DIR", said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a mother starts with.

    Args:
        standing: what runs, and how the files stand to it.
        files: where they come from.
        store: keeps revisions.
        fresh: whether this revision must still be kept, and its number be used up.
    """

    standing: Standing
    files: FolderFiles
    store: RevisionStore
    fresh: bool


def open_configuration(folder: Path, overrides: Sequence[str] = ()) -> Opening:
    """Find what to start with.

    Raises:
        FaultyConfigurationError: the files cannot be used, and there is no earlier configuration.
    """
    files = FolderFiles(folder, overrides)
    tree = files.read()
    disk = files.interpret(tree)
    store = RevisionStore(files.data_dir(tree, disk).absolute() / "config")
    newest, good = _kept(store)
    choice = choose(
        disk, tree.digest, good=good.note if good else None, newest=newest.note if newest else None
    )
    kept = files.interpret(good.tree) if good is not None and choice.source is Source.KEPT else None
    last = newest.note.revision if newest is not None else 0
    if kept is not None and good is not None and kept.configuration is not None:
        standing = _of_kept(good, kept.configuration, choice, disk, tree)
        standing.last_revision = last
        return Opening(standing=standing, files=files, store=store, fresh=False)
    if disk.configuration is None:
        files.insist(tree)
        raise AssertionError
    known = good.note if good is not None and not choice.fresh and kept is None else None
    standing = _of_disk(disk.configuration, known, max(choice.revision, last + 1), disk, tree)
    standing.last_revision = max(last, standing.note.revision)
    return Opening(standing=standing, files=files, store=store, fresh=known is None)


def _kept(store: RevisionStore) -> tuple[Revision | None, Revision | None]:
    """Give the newest revision, and the newest that was in force; none when the folder cannot be read."""
    try:
        newest = store.newest()
        return newest, newest if newest is None or newest.note.in_force else store.newest(in_force=True)
    except OutsideError:
        return None, None


def _of_kept(
    good: Revision, configuration: Configuration, choice: Choice, disk: Interpreted, tree: Tree
) -> Standing:
    standing = Standing(
        note=good.note,
        tree=good.tree,
        configuration=configuration,
        wanted=configuration,
        disk_digest=tree.digest,
        held=choice.held,
    )
    if not disk.usable:
        standing.refuse(tree.digest, disk, at=time.time())
    return standing


def _of_disk(
    configuration: Configuration, known: RevisionNote | None, revision: int, disk: Interpreted, tree: Tree
) -> Standing:
    fresh = RevisionNote(
        revision=revision,
        at=time.time(),
        who=AT_START,
        digest=tree.digest,
        disk_digest=tree.digest,
        words="" if disk.usable else _PARTLY,
        in_force=disk.usable,
    )
    standing = Standing(
        note=known or fresh,
        tree=tree,
        configuration=configuration,
        wanted=configuration,
        disk_digest=tree.digest,
    )
    if disk.problems:
        standing.refuse(tree.digest, disk, at=time.time())
    return standing
