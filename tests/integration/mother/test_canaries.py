"""Canary secrets in every file and variable: none of them is found in anything that is printed or written."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from droas_mother.adapters.configuration.interpretation import examine
from droas_mother.adapters.configuration.secret_files import encrypted
from droas_mother.core.configuration.sops_values import Rule
from droas_mother.core.configuration.tree import Tree
from tests.integration.mother.test_sops import KEY, RECIPIENT
from tests.support.admin import DROASCTL

MOTHER = DROASCTL.parent / "droas-mother"

TEXTS = {
    "droas.yaml": """\
allow_plain_secrets: true
control_bot: {discord_token: "canary-protection"}
http: {port: 0}
storage:
  url: "sqlite:///canary-storage"  # where
protection: {keywords: [a, b]}
""",
    "bots/plain.yaml": """\
bot_config:
  discord_token: canary-plain-token
  llm_config:
    base_url: "http://user:canary-password@127.0.0.1:1/v1"
    api_key: 'canary-plain-key'
    max_tokens: 5
  system_prompt: "Be kind: always"
""",
    "bots/placed.yaml": """\
bot_config:
  discord_token: "${PLACED_TOKEN}"
  llm_config: {base_url: "${PLACED_URL}", api_key: "${FILED_KEY}"}
  system_prompt: "I know ${PLACED_WORDS}"
""",
    "bots/blocks.yaml": """\
bot_config:
  discord_token: >-
    canary-folded-token
  llm_config:
    base_url: http://127.0.0.1:1
    api_key: |
      canary-block-key
  history_messages: 3
""",
    "secrets.env": "FILED_KEY=canary-filed-key\nUNUSED_SECRET=canary-unused\n",
}
ENVIRONMENT = {
    "PLACED_TOKEN": "canary-placed-token",
    "PLACED_URL": "http://127.0.0.1:1/canary-placed-url",
    "PLACED_WORDS": "canary-placed-words",
    "DROAS_STORAGE__URL": "sqlite:////nowhere/canary-variable/droas.db",
    "SOPS_AGE_KEY": KEY,
}
ENCRYPTED = """\
bot_config:
  discord_token: canary-encrypted-token
  llm_config: {base_url: http://127.0.0.1:1/canary-encrypted-url, api_key: canary-encrypted-key}
"""


def files() -> dict[str, bytes]:
    """Give a whole configuration."""
    sealed = encrypted("sealed.yaml", ENCRYPTED, [RECIPIENT], Rule("encrypted_regex", "token|key|url"))
    return {**{path: text.encode() for path, text in TEXTS.items()}, "bots/sealed.yaml": sealed.encode()}


def hidden(said: str) -> bool:
    """Whether there is no canary in it; the identity is one as well."""
    return "canary-" not in said and KEY not in said


FILES = files()


def test_a_whole_configuration_hides_its_secrets() -> None:
    """It has no fault, and its values are masked wherever it is printed."""
    found = examine(Tree(root="c", files=FILES), ENVIRONMENT)
    assert found.diagnoses == ()
    assert found.configuration is not None
    tokens = [
        repr(bot.discord_token) + repr(bot.llm_config.api_key) for bot in found.configuration.bots.values()
    ]
    assert len(tokens) == 4
    assert hidden("".join(tokens))


@settings(deadline=None, max_examples=60)
@given(
    path=st.sampled_from(sorted(TEXTS)),
    at=st.floats(0, 1, exclude_max=True),
    change=st.sampled_from(["cut", "delete", *"[]{}:,-#&*!|>'\"%@`x1\t "]),
)
def test_no_broken_file_gives_a_secret_away(path: str, at: float, change: str) -> None:
    """A file cut anywhere, a character taken out or put in anywhere: faults are told, secrets are not."""
    text = TEXTS[path]
    offset = int(at * len(text))
    # A line broken within a key leaves half a name, of which nobody can know that it was a secret's.
    broken = {"cut": text[:offset], "delete": text[:offset] + text[offset + 1 :]}.get(
        change, text[:offset] + change + text[offset:]
    )
    if change == "delete" and text[offset] == "\n":
        return
    found = examine(Tree(root="c", files={**FILES, path: broken.encode()}), ENVIRONMENT)
    said = "".join(one.text() + json.dumps(one.as_json()) for one in found.diagnoses)
    assert hidden(said), said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the configuration on a disk."""
    for path, raw in FILES.items():
        (tmp_path / "c" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "c" / path).write_bytes(raw)
    return tmp_path


def run(folder: Path, program: Path, *arguments: str, faulty: bool = False) -> str:
    """Run a program on it; gives all that it prints."""
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={
            **os.environ,
            **ENVIRONMENT,
            "TMPDIR": str(folder),
            "DROAS_RUNTIME_DIR": str(folder / "run"),
            "DROAS_DATA_DIR": str(folder / "data"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode != 0) == faulty, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the files that are not the configuration's own."""
    for path in folder.rglob("*"):
        if (
            path.is_file()
            and str(path.relative_to(folder / "c" if path.is_relative_to(folder / "c") else folder))
            not in FILES
        ):
            yield str(path), path.read_text(errors="replace")


COMMANDS: dict[str, Callable[[Path], str]] = {
    "validate": lambda folder: run(folder, DROASCTL, "config", "validate", "c"),
    "show": lambda folder: run(folder, DROASCTL, "config", "show", "c", "--origin"),
    "show in JSON": lambda folder: run(folder, DROASCTL, "config", "show", "c", "--json"),
    "set": lambda folder: run(
        folder,
        DROASCTL,
        "config",
        "set",
        "--config",
        "c",
        "bots/plain.yaml",
        "bot_config.history_messages",
        "7",
    ),
    "a refused set": lambda folder: run(
        folder,
        DROASCTL,
        "config",
        "set",
        "--config",
        "c",
        "bots/plain.yaml",
        "bot_config.history_messages",
        "no",
        faulty=True,
    ),
    "a mother that cannot start": lambda folder: run(folder, MOTHER, "--config", "c", faulty=True),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_or_writes_a_secret(folder: Path, command: str) -> None:
    """Neither on its terminal, nor as JSON, nor into a file that it leaves behind."""
    assert hidden(COMMANDS[command](folder))
    for path, text in written(folder):
        assert hidden(text), path


def test_a_faulty_configuration_ends_a_mother_without_a_secret(folder: Path) -> None:
    """All faults of all files are in her last words, and none of the secrets beside them."""
    for path in (folder / "c" / "bots").iterdir():
        path.write_text(path.read_text() + "  colour: red\n")
    (folder / "c" / "droas.yaml").write_text(TEXTS["droas.yaml"] + "htp: 1\n")
    said = run(folder, MOTHER, "--config", "c", "--set", "http.port=many", faulty=True)
    assert hidden(said)
    for words in ("did you mean http?", "colour", "--set http.port"):
        assert words in said


def test_an_editor_sees_secrets_in_memory_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that it edits is gone afterwards, and was readable by nobody else."""
    editor = folder / "editor.sh"
    editor.write_text(
        '#!/bin/sh\nstat -c %a "$1" > mode\nsed -i s/canary-encrypted-token/canary-edited/ "$1"\necho "$1" > path\n'
    )
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    assert hidden(run(folder, DROASCTL, "secrets", "edit", "c/bots/sealed.yaml"))
    assert (folder / "mode").read_text() == "600\n"
    edited = Path((folder / "path").read_text().strip())
    assert not edited.exists()
    assert not edited.parent.exists()
    assert "canary" not in (folder / "c" / "bots" / "sealed.yaml").read_text()
