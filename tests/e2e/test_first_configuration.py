"""From nothing to a bot that answers: `init`, encrypted secrets, sandbox, mother."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.admin import DROASCTL
from tests.support.town import alive, family, until

pytestmark = pytest.mark.slow
BIN = DROASCTL.parent


@asynccontextmanager
async def running(folder: Path, program: str, *arguments: str, **environment: str) -> AsyncIterator[int]:
    """Run a program beside the test; gives its pid, and ends it."""
    with (folder / f"{program}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            BIN / program, *arguments, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log
        )
    try:
        yield process.pid
    finally:
        left = family(process.pid)
        process.terminate()
        await process.wait()
        for one in alive(left):
            one.kill()


async def ctl(folder: Path, *arguments: str, **environment: str) -> str:
    """Run droasctl; gives what it prints."""
    process = await asyncio.create_subprocess_exec(
        DROASCTL,
        *arguments,
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return out.decode() + err.decode()


async def test_a_first_configuration_runs_and_keeps_its_secrets(short_tmp: Path) -> None:
    """The wizard's files start a bot in the sandbox; its tokens lie encrypted, and are seen nowhere else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert "now run" in await ctl(short_tmp, "init", "--sandbox", "--non-interactive", "--port", port)
    world = json.loads((short_tmp / "configs" / "sandbox.json").read_text())
    tokens = [bot["token"] for bot in world["bots"]]
    await ctl(short_tmp, "secrets", "keygen", ".config/sops/age/keys.txt")
    assert "encrypted for age1" in await ctl(short_tmp, "secrets", "encrypt", "configs/secrets.env")
    identity = (short_tmp / ".config/sops/age/keys.txt").read_text().split("\n")[1]
    where = {"HOME": str(short_tmp), "DROAS_RUNTIME_DIR": "run", "DROAS_DATA_DIR": "data"}
    async with running(short_tmp, "droas-sandbox", "--port", port, "--world", "configs/sandbox.json"):
        await until(lambda: "model:" in (short_tmp / "droas-sandbox.log").read_text(), "no sandbox")
        async with running(
            short_tmp, "droas-mother", "--set", "http.port=0", "--set", "log.level=DEBUG", **where
        ) as pid:

            async def ready() -> bool:
                return '"state": "ready"' in await ctl(short_tmp, "status", "helper", "--json")

            await until(ready, "helper is not ready")
            arguments = [
                one.cmdline() for one in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            ]
            said = await ctl(short_tmp, "status", "--json") + await ctl(
                short_tmp, "describe", "helper", "--json"
            )
            said += (
                await ctl(short_tmp, "logs", "helper")
                + await ctl(short_tmp, "audit", "--json")
                + str(arguments)
            )
    said += (short_tmp / "droas-mother.log").read_text()
    said += "".join(
        path.read_text(errors="replace")
        for folder in ("run", "data", "configs/bots")
        for path in (short_tmp / folder).rglob("*")
        if path.is_file()
    )
    for secret in (*tokens, identity):
        assert secret not in said
