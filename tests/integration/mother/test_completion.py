"""Completion scripts, run in the shells that they are for."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.admin import DROASCTL, PlayedTown, played_town
from tests.support.terminal import Terminal


@pytest_asyncio.fixture
async def town(short_tmp: Path) -> AsyncIterator[PlayedTown]:
    """Give an interface before two bots."""
    async with played_town(short_tmp, "bot_01", "other") as made:
        yield made


def needs(shell: str) -> pytest.MarkDecorator:
    """Skip where a shell is not installed."""
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


async def run(shell: str, *arguments: str, script: str, runtime: Path) -> list[str]:
    """Run a program in a shell; gives the lines that it writes."""
    process = await asyncio.create_subprocess_exec(
        shell,
        *arguments,
        script,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PATH": f"{DROASCTL.parent}:{os.environ['PATH']}",
            "DROAS_RUNTIME_DIR": str(runtime),
        },
    )
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    return out.decode().splitlines()


async def in_bash(line: str, runtime: Path) -> list[str]:
    """Complete the end of a line in a real bash, by the function that the script registers."""
    script = f"""
        source <(droasctl completion bash)
        read -r -a COMP_WORDS <<< {line!r}
        [[ {line!r} == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        function=$(complete -p droasctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        $function
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    found = await run("bash", "--norc", "-c", script=script, runtime=runtime)
    return [one for one in found if one]


@needs("bash")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("droasctl sta", ["status", "start"]),
        ("droasctl stop ", ["bot_01", "other"]),
        ("droasctl stop b", ["bot_01"]),
        ("droasctl logs -n 5 o", ["other"]),
        ("droasctl stop bot_01 ", []),
        ("droasctl restart --no", ["--no-wait"]),
        ("droasctl restart --timeout ", []),
        ("droasctl audit --kind t", ["tool"]),
        ("droasctl completion ", ["bash", "zsh", "fish"]),
        ("droasctl --soc", ["--socket"]),
        ("droasctl list ", []),
        ("droasctl bogus ", []),
        ("droasctl client ", ["add", "list", "revoke"]),
        ("droasctl client add --sc", ["--scope"]),
        ("droasctl client add shop --scope x --r", ["--rate"]),
        ("droasctl client list --t", []),
        ("droasctl client add --scope ", []),
    ],
)
async def test_bash_completes(town: PlayedTown, line: str, words: list[str]) -> None:
    """Commands, options, their values, and the names of the bots that there are."""
    assert await in_bash(line, town.socket.parent) == words


@needs("bash")
async def test_bash_asks_the_mother_that_is_named(town: PlayedTown, short_tmp: Path) -> None:
    """`--socket` on the line decides whose bots are completed."""
    nowhere = short_tmp / "nowhere"
    assert await in_bash(f"droasctl --socket {town.socket} stop o", nowhere) == ["other"]


@needs("bash")
async def test_bash_is_silent_without_a_mother(short_tmp: Path) -> None:
    """Names are left out, nothing is complained of, the rest is completed."""
    assert await in_bash("droasctl stop ", short_tmp) == []
    assert await in_bash("droasctl stop --a", short_tmp) == ["--all"]


@needs("zsh")
async def test_zsh_takes_the_script(town: PlayedTown) -> None:
    """It loads as a completion of its command."""
    script = (
        "autoload -Uz compinit; compinit -u -D; source <(droasctl completion zsh); echo $_comps[droasctl]"
    )
    assert await run("zsh", "-f", "-c", script=script, runtime=town.socket.parent) == ["_droasctl"]


@needs("zsh")
async def test_zsh_completes(town: PlayedTown) -> None:
    """A Tab at the prompt fills in the name of the only bot that fits, asked of the mother that is named."""
    path = f"{DROASCTL.parent}:{os.environ['PATH']}"
    async with Terminal("zsh", "-f", PATH=path, DROAS_RUNTIME_DIR="/nowhere", TERM="dumb") as screen:
        screen.write(
            "autoload -Uz compinit; compinit -u -D; source <(droasctl completion zsh); echo loa''ded\n"
        )
        await screen.until("loaded")
        screen.write(f"droasctl --socket {town.socket} stop o\t")
        await screen.until("ther")


@needs("fish")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("droasctl sto", ["stop"]),
        ("droasctl stop b", ["bot_01"]),
        ("droasctl audit --kind t", ["tool"]),
        ("droasctl restart --al", ["--all"]),
    ],
)
async def test_fish_completes(town: PlayedTown, line: str, words: list[str]) -> None:
    """Commands, options, their values, and the names of the bots that there are."""
    script = f"droasctl completion fish | source; complete -C {line!r}"
    found = await run("fish", "--no-config", "-c", script=script, runtime=town.socket.parent)
    assert [one.partition("\t")[0] for one in found] == words
