"""From `droas-mother` started to all bots READY against the sandbox, and what they use then.

A round starts a sandbox, starts the mother, waits until droasctl's interface says that every bot is ready
and the sandbox that every bot is on the gateway, reads the memory, and ends both. Two and ten bots take
turns, so that a drift of the machine's speed meets both.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from harness import Figures, parser, report, spread

from droas_mother.ctl.client import Client, NoMotherError

BIN = Path(sys.executable).parent
DEADLINE_S = 60.0
BOT = """
bot_config:
  discord_token: "${BOT_TOKEN_%d}"
  llm_config: {base_url: "${MODEL_BASE}", api_key: "any"}
"""


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "").parse_args()
    rounds = 2 if options.quick else 7
    ready: dict[int, list[float]] = {2: [], 10: []}
    memory: dict[int, list[float]] = {2: [], 10: []}
    for _ in range(rounds):
        for bots, times in ready.items():
            seconds, mib = one_round(bots)
            times.append(seconds)
            memory[bots].append(mib)
    figures: Figures = {}
    for bots, word in ((2, "two"), (10, "ten")):
        figures |= spread(f"droas.{word}_ready", "s", ready[bots])
        figures |= spread(f"droas.{word}_ready.pss_total", "mib", memory[bots])
    report(figures, options.json)


def one_round(bots: int) -> tuple[float, float]:
    """Give the seconds until all are ready, and the memory of mother and children in MiB (PSS)."""
    with tempfile.TemporaryDirectory(prefix="droas-bench-") as name:
        folder = Path(name)
        sandbox, facts = start_sandbox(folder, bots)
        environment = write_configuration(folder, bots, facts)
        began = time.monotonic()
        mother = spawn(
            "droas-mother", "--config", str(folder / "configs"), folder=folder, environment=environment
        )
        try:
            wait_ready(folder, facts["page"])
            seconds = time.monotonic() - began
            return seconds, pss_mib(mother.pid)
        finally:
            end(mother)
            end(sandbox)


def start_sandbox(folder: Path, bots: int) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start a sandbox with so many bots in one group."""
    names = [f"bot{number}" for number in range(bots)]
    world = {
        "users": [{"username": "ada"}],
        "bots": [{"username": name} for name in [*names, "guardian"]],
        "guilds": [
            {"name": "Bench", "owner": "ada", "bots": [{"username": name} for name in [*names, "guardian"]]}
        ],
    }
    (folder / "world.json").write_text(json.dumps(world))
    ready = folder / "ready.json"
    process = spawn(
        "droas-sandbox",
        "--port",
        "0",
        "--world",
        str(folder / "world.json"),
        "--ready-file",
        str(ready),
        folder=folder,
    )
    deadline = time.monotonic() + DEADLINE_S
    while not ready.exists() or not ready.stat().st_size:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the sandbox did not start")
        time.sleep(0.01)
    return process, json.loads(ready.read_text())


def write_configuration(folder: Path, bots: int, facts: dict[str, Any]) -> dict[str, str]:
    """Write a configuration; gives the environment that it needs."""
    (folder / "configs/bots").mkdir(parents=True)
    (folder / "configs/droas.yaml").write_text(
        'control_bot: {discord_token: "${GUARDIAN}"}\nhttp: {port: 0}\n'
    )
    environment = {
        "GUARDIAN": facts["bots"]["guardian"],
        "MODEL_BASE": facts["model_base"],
        "DROAS_DISCORD__API_BASE": facts["api_base"],
        "DROAS_RUNTIME_DIR": str(folder / "run"),
        "DROAS_DATA_DIR": str(folder / "data"),
    }
    for number in range(bots):
        (folder / f"configs/bots/bot{number}.yaml").write_text(BOT % number)
        environment[f"BOT_TOKEN_{number}"] = facts["bots"][f"bot{number}"]
    return environment


def spawn(
    program: str, *arguments: str, folder: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start one of our programs."""
    with (folder / f"{program}.log").open("wb") as log:
        return subprocess.Popen(
            [BIN / program, *arguments],
            env={**os.environ, **(environment or {})},
            cwd=folder,
            stdout=log,
            stderr=log,
        )


def wait_ready(folder: Path, page: str) -> None:
    """Wait until the mother says that all are ready, and the sandbox that all are connected."""
    client = Client(folder / "run/droas.sock")
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            status, _ = client.ask("GET", "/ready")
        except NoMotherError:
            status = 0
        if status == 200 and all(bot["connected"] for bot in world_state(page)["bots"]):
            return
        time.sleep(0.01)
    raise SystemExit((folder / "droas-mother.log").read_text()[-3000:])


def world_state(page: str) -> dict[str, Any]:
    """Give the sandbox's state."""
    with urllib.request.urlopen(f"{page}/sandbox/state", timeout=10) as answer:  # noqa: S310 - loopback
        state: dict[str, Any] = json.loads(answer.read())
    return state


def pss_mib(pid: int) -> float:
    """Give the memory of a process and all its descendants, shared pages counted once, in MiB."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in family) / 2**20


def end(process: subprocess.Popen[bytes]) -> None:
    """End one of our programs in good order."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
