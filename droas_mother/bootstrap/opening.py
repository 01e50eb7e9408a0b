"""What a mother starts with: the files on the disk, or the last configuration that was good."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from droas_common.errors import DefectError
from droas_mother.adapters.configuration.folder_files import FolderFiles
from droas_mother.adapters.revision_store import RevisionStore
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_opening import Choice, Interpreted, Source, choose
from droas_mother.core.reloading.revisions import AT_START, Revision, RevisionNote
from droas_mother.core.settings import Configuration
from droas_mother.flows.reloading.config_standing import Standing

_PARTLY = "started without the bots whose files were faulty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a mother starts with.

    Args:
        standing: what runs, and how the files stand to it.
        files: where they come from.
        store: keeps revisions.
        fresh: whether this revision must still be kept, and its number be used up.
        warnings: what people should know although it is no fault.
    """

    standing: Standing
    files: FolderFiles
    store: RevisionStore
    fresh: bool
    warnings: tuple[str, ...] = ()


def open_configuration(folder: Path, overrides: Sequence[str] = ()) -> Opening:
    """Find what to start with.

    Raises:
        ConfigurationError: there is no such folder; what was good is for faulty files, not for another place.
        OutsideError: earlier revisions cannot be looked at; without them a number would be given again.
        FaultyConfigurationError: the files cannot be used, and there is no earlier configuration.
    """
    files = FolderFiles(folder, overrides)
    files.insist_on_folder()
    tree = files.read()
    disk = files.interpret(tree)
    store = RevisionStore(files.data_dir(tree, disk).absolute() / "config")
    newest, good, last, warnings = _kept(store)
    warnings = (*disk.warnings, *warnings)
    choice = choose(
        disk,
        tree.digest,
        good=good.note if good else None,
        newest=newest.note if newest else None,
        last_revision=last,
    )
    kept = files.interpret(good.tree) if good is not None and choice.source is Source.KEPT else None
    if kept is not None and good is not None and kept.configuration is not None:
        standing = _of_kept(good, kept.configuration, choice, disk, tree)
        standing.last_revision = last
        return Opening(standing=standing, files=files, store=store, fresh=False, warnings=warnings)
    if disk.configuration is None:
        files.insist(tree)
        raise DefectError("files without a fault give no configuration")
    known = good.note if good is not None and not choice.fresh and kept is None else None
    standing = _of_disk(disk.configuration, known, max(choice.revision, last + 1), disk, tree)
    standing.last_revision = max(last, standing.note.revision)
    return Opening(standing=standing, files=files, store=store, fresh=known is None, warnings=warnings)


def _kept(store: RevisionStore) -> tuple[Revision | None, Revision | None, int, tuple[str, ...]]:
    """Give the newest revision, the newest that was in force, the highest number, and what cannot be read."""
    store.make_room()
    last, kept = store.last(), max(store.numbers(), default=0)
    newest = store.newest()
    good = newest if newest is None or newest.note.in_force else store.newest(in_force=True)
    lost = kept and (newest is None or newest.note.revision < kept)
    words = f"{store.folder}: revision {kept} is damaged, or its key is lost"
    return newest, good, last, (words,) if lost else ()


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
