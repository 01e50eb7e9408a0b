"""The clients of docs/examples, as they stand there, against a real gateway."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.office import PlayedOffice, office

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs/examples"
NODE_FOLDER = ROOT / ".cache/examples"


@pytest.fixture(scope="session")
def node_client() -> Path:
    """Give the Node client with its packages beside it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copy(EXAMPLES / name, NODE_FOLDER / name)
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
    for command in (("npm", "ci", *quiet), ("node", "-e", 'import("zeromq").catch(() => process.exit(1))')):
        try:
            done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, check=False, timeout=45)
        except subprocess.TimeoutExpired:
            pytest.skip(
                f"the packages of the Node client cannot be had: `{command[0]} {command[1]}` does not end"
            )
        if done.returncode:
            pytest.skip(f"the packages of the Node client cannot be had: `{command[0]} {command[1]}` fails")
    return NODE_FOLDER / "client.mjs"


@pytest.fixture
async def place(short_tmp: Path, tmp_path: Path) -> AsyncIterator[PlayedOffice]:
    """Give a gateway at which one client was added."""
    async with office(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as made:
        out = str(short_tmp / "shop.json")
        await made.ctl("client", "add", "shop", "--scope", "economy.*", "--guild", "1", "--out", out)
        yield made


async def played(place: PlayedOffice, program: tuple[str, ...], *arguments: str) -> tuple[int, Any]:
    """Run a client; gives its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *program, str(place.bench.folder / "shop.json"), *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode or 0, json.loads(out)


def mistaken(place: PlayedOffice, program: tuple[str, ...]) -> None:
    """Use a client wrongly: nothing given, no credential there, arguments that are no JSON."""
    shop = str(place.bench.folder / "shop.json")
    for arguments in ((), ("/nowhere.json", "economy.balance", "{}"), (shop, "economy.balance", "{")):
        done = subprocess.run((*program, *arguments), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr[:6], done.stderr.count("\n")) == (
            1,
            "",
            "usage:",
            1,
        )


def unheard(place: PlayedOffice, program: tuple[str, ...]) -> None:
    """Let a client call where no mother runs; it cannot tell that from being revoked, and says what it can be."""
    credential = json.loads((place.bench.folder / "shop.json").read_text())
    lone = place.bench.folder / "lone.json"
    lone.write_text(json.dumps(credential | {"beacon": "/nowhere/mother.json"}))
    done = subprocess.run(
        (*program, str(lone), "economy.balance", "{}"), capture_output=True, text=True, check=False
    )
    words = (
        f"no answer came from {credential['endpoint']}: no mother runs there, or this client is revoked "
        "(`droasctl client list`), or /nowhere/mother.json does not hold that mother's key; "
        "whether the call was done can be asked for with calls/status\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words)


async def play(place: PlayedOffice, program: tuple[str, ...]) -> None:
    """Let a client do what a client does."""
    transfer = ("economy.transfer", '{"to_user_id": "11", "amount": 30}')
    code, value = await played(place, program, *transfer, "1", "10")
    assert (code, value["balance"]) == (0, 70)
    code, value = await played(
        place, program, "economy.transfer", '{"to_user_id": "11", "amount": 500}', "1", "10"
    )
    assert (code, value["refused"]) == (1, "insufficient_funds")
    code, value = await played(place, program, *transfer, "2", "10")
    assert (code, value["data"]["kind"]) == (1, "denied")
    rows = place.bench.reader.newest_audit(10, kind="tool")
    assert [(row["caller"], row["outcome"]) for row in rows] == [
        ("client:shop", outcome) for outcome in ("ok", "refused", "denied")
    ]
    assert place.bench.reader.ledger_sum() == 0


async def test_the_python_client_calls(place: PlayedOffice) -> None:
    """Bare pyzmq is enough: a result, a refusal of the tool, an error and silence come as documented."""
    await play(place, (sys.executable, str(EXAMPLES / "client.py")))
    mistaken(place, (sys.executable, str(EXAMPLES / "client.py")))
    unheard(place, (sys.executable, str(EXAMPLES / "client.py")))


@pytest.mark.slow
async def test_the_node_client_calls(place: PlayedOffice, node_client: Path) -> None:
    """So is zeromq of npm: the same answers."""
    await play(place, ("node", str(node_client)))
    mistaken(place, ("node", str(node_client)))
    unheard(place, ("node", str(node_client)))


async def run(place: PlayedOffice, *program: str) -> tuple[int, str, str]:
    """Run a program of the library's, where its credential lies; gives code, output and complaints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        cwd=place.bench.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_programs_with_the_library_call(place: PlayedOffice) -> None:
    """Both kinds of client do what their programs say: a result, a refusal of the tool, an error."""
    give, balances = (str(EXAMPLES / name) for name in ("give.py", "balances.py"))
    assert await run(place, give, "shop.json", "1", "10", "11", "30") == (0, "70\n", "")
    assert await run(place, balances, "shop.json", "1", "10", "11") == (0, "10 70\n11 130\n", "")
    code, _, said = await run(place, give, "shop.json", "1", "10", "11", "500")
    assert (code, "not enough coins" in said) == (1, True)
    code, _, said = await run(place, give, "shop.json", "2", "10", "11", "30")
    assert (code, said[:8]) == (1, "denied: ")
    code, out, said = await run(place, balances, "shop.json", "2", "10", "11")
    assert (code, out, said.count("\n"), "may not call for members" in said) == (1, "", 1, True), said
    for program in (give, balances):
        for wrong in ((), ("nowhere.json",), ("nowhere.json", "1", "10", "11", "30")):
            code, out, said = await run(place, program, *wrong)
            assert (code, out, said.count("\n"), "Traceback" in said) == (1, "", 1, False), said


async def test_the_pages_snippets_run(short_tmp: Path, tmp_path: Path) -> None:
    """What the page on the library shows can be pasted into a file."""
    async with office(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as place:
        out = str(short_tmp / "shop.json")
        await place.ctl("client", "add", "shop", "--scope", "economy.*", "--guild", "811", "--out", out)
        page = (ROOT / "docs/client-library.md").read_text()
        snippets = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
        given, balances = [await run(place, "-c", snippet) for snippet in snippets]
    assert (given[0], "'balance': 70" in given[1]) == (0, True)
    assert balances == (0, "[70, 130]\n", "")
