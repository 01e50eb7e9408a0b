"""Changes of a configuration folder are noticed, however they are made."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from droas_mother.adapters.folder_watch import FolderWatch

NOTICED_S = 3.0


class Watched:
    """A watched folder, reached through a link as a deployment has it: `current` to `release_1`."""

    def __init__(self, place: Path) -> None:
        self.place, self.folder = place, place / "current"
        for number in (1, 2):
            (place / f"release_{number}/bots").mkdir(parents=True)
            (place / f"release_{number}/bots/bot.yaml").write_text(str(number))
        self.folder.symlink_to("release_1")
        self.file = self.folder / "bots/bot.yaml"
        self.rung = threading.Event()
        self.watch = FolderWatch(self.folder)
        self.watch.start(self.rung.set)
        self.rung.clear()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Watch a folder."""
    made = Watched(tmp_path)
    yield made
    made.watch.stop()


def rename(one: Watched) -> None:
    """Put another file in its place."""
    fresh = one.file.with_suffix(".tmp")
    fresh.write_text("new")
    fresh.replace(one.file)


def delete_and_create(one: Watched) -> None:
    """Delete the file and write it anew."""
    one.file.unlink()
    one.file.write_text("new")


def swap(one: Watched) -> None:
    """Let the link lead to another folder."""
    (one.place / "next").symlink_to("release_2")
    (one.place / "next").rename(one.folder)


WAYS: list[Callable[[Watched], object]] = [
    lambda one: one.file.write_text("new"),
    rename,
    delete_and_create,
    swap,
    lambda one: one.file.unlink(),
    lambda one: (one.folder / "bots/another.yaml").write_text("new"),
]


@pytest.mark.parametrize("change", WAYS)
def test_every_way_of_writing_is_noticed(watched: Watched, change: Callable[[Watched], object]) -> None:
    """The system tells, and the signature differs for those to whom it does not."""
    before = watched.watch.signature()
    change(watched)
    assert watched.rung.wait(NOTICED_S)
    assert watched.watch.signature() != before


def test_permissions_and_swapped_folders_are_followed(watched: Watched) -> None:
    """The slow look sees permissions; after a swap it is the new folder that is watched."""
    before = watched.watch.signature()
    watched.file.chmod(0o600)
    watched.file.chmod(0o640)
    assert watched.watch.signature() != before
    swap(watched)
    assert watched.rung.wait(NOTICED_S)
    watched.watch.follow()
    watched.rung.clear()
    watched.file.write_text("newer")
    assert watched.rung.wait(NOTICED_S)


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    """It may come later."""
    watch, rung = FolderWatch(tmp_path / "configs"), threading.Event()
    watch.start(rung.set)
    empty = watch.signature()
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/droas.yaml").write_text("{}")
    assert watch.signature() != empty
    watch.follow()
    (tmp_path / "configs/droas.yaml").write_text("{}\n")
    assert rung.wait(NOTICED_S)
    watch.stop()


def test_a_link_to_what_cannot_be_reached_is_no_error(tmp_path: Path) -> None:
    """Of a file, and of the folder itself."""
    (tmp_path / "bots").mkdir()
    (tmp_path / "bots/bot.yaml").symlink_to("x" * 300)
    (tmp_path / "gone").symlink_to("y" * 300)
    assert FolderWatch(tmp_path).signature()
    assert FolderWatch(tmp_path / "gone").signature() is not None
