"""A corpus of faulty configurations, one a kind of fault, each with the exact words that are said of it."""

import os
import time
from pathlib import Path

import pytest

from droas_mother.adapters.configuration.folder import MAX_FILE_BYTES, read_tree
from droas_mother.adapters.configuration.interpretation import examine
from droas_mother.core.configuration.tree import Tree

CORPUS = Path(__file__).parents[2] / "data" / "configuration" / "corpus"
CASES = sorted(path.name for path in CORPUS.iterdir())
SECRETS = {
    "HELPER_TOKEN": "canary-of-a-token",
    "OTHER_TOKEN": "canary-of-another",
    "LLM_API_KEY": "canary-of-a-key",
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_is_told_exactly(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, line, column, words, what was expected, the nearest name, the line with a caret: all as written."""
    monkeypatch.chdir(CORPUS / case)
    environment = dict(SECRETS)
    named = Path("environment")
    if named.exists():
        environment |= dict(line.split("=", 1) for line in named.read_text().splitlines())
    found = examine(read_tree(Path("configs")), environment)
    said = "".join(f"{one}\n" for one in found.diagnoses)
    assert said == Path("expected.txt").read_text()
    assert "canary" not in said


@pytest.mark.parametrize("case", CASES)
def test_every_fault_has_its_line(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a readable file is shown with its line, and the caret is under that line."""
    monkeypatch.chdir(CORPUS / case)
    for one in examine(read_tree(Path("configs")), SECRETS).diagnoses:
        if one.span.line and one.source:
            lines = str(one).splitlines()
            assert lines[2].index("^") <= len(lines[1])
            assert one.span.line <= len(Path(one.span.file).read_text(errors="replace").splitlines())


def test_a_whole_corpus_of_faults_is_told_at_once() -> None:
    """Every faulty bot of the corpus in one folder: each says what it says alone."""
    files = {"droas.yaml": b"max_bots: 100\n"}
    alone = 0
    for case in CASES:
        path = CORPUS / case / "configs" / "bots" / "helper.yaml"
        if path.exists() and {one.name for one in path.parents[1].iterdir()} == {"bots", "droas.yaml"}:
            files[f"bots/{case[:30]}.yaml"] = path.read_bytes()
    for name, raw in list(files.items())[1:]:
        single = examine(Tree(root="c", files={"droas.yaml": b"", name: raw}), SECRETS)
        alone += len(single.diagnoses)
    together = examine(Tree(root="c", files=files), SECRETS)
    shared = [one for one in together.diagnoses if "every bot needs its own" in one.words]
    assert len(together.diagnoses) - len(shared) == alone
    assert len(files) > 40


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    """Its size is told, and what is allowed."""
    (tmp_path / "droas.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (said,) = examine(read_tree(tmp_path), {}).diagnoses
    assert said.headline.endswith(
        f"the file has {MAX_FILE_BYTES + 1} bytes, more than the {MAX_FILE_BYTES} allowed"
    )


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A named pipe is not waited for, a dangling link is named, a folder is no file."""
    (tmp_path / "droas.yaml").write_text("")
    (tmp_path / "bots").mkdir()
    os.mkfifo(tmp_path / "bots" / "pipe.yaml")
    (tmp_path / "bots" / "gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "bots" / "folder.yaml").mkdir()
    said = {one.bot: one.words for one in examine(read_tree(tmp_path), {}).diagnoses}
    assert said == {
        "pipe": "this is not a regular file",
        "gone": "cannot be read: No such file or directory",
    }


def test_a_flood_of_values_is_not_read_to_its_end() -> None:
    """A file within the limit of bytes could keep a processor busy for long; it is given up in time."""
    text = "a:\n" + "- b\n" * 200_000
    started = time.process_time()
    (said, *_) = examine(Tree(root="c", files={"droas.yaml": text.encode()}), {}).diagnoses
    assert time.process_time() - started < 5
    assert said.headline == "c/droas.yaml:19999:3: more than 20000 keys and values"


def test_a_flood_of_faults_is_bounded() -> None:
    """Thousands of faults in one file are told as a hundred."""
    text = "bot_config:\n" + "".join(f"  k{number}: 1\n" for number in range(1000))
    found = examine(Tree(root="c", files={"droas.yaml": b"", "bots/helper.yaml": text.encode()}), {})
    assert len(found.diagnoses) == 100
