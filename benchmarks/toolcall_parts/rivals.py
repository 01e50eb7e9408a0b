"""Where the rivals come from: the ordinary package index of this machine, into a folder of the cache."""

import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = (
    "aiohttp==3.12.15",
    "fastapi==0.118.0",
    "gevent==25.9.1",
    "grpcio==1.76.0",
    "httptools==0.6.4",
    "msgspec==0.19.0",
    "nats-py==2.11.0",
    "uvicorn==0.37.0",
    "uvloop==0.21.0",
    "zerorpc==0.6.3",
)
_HOME = Path(__file__).parents[2] / ".cache/toolcall"


def rivals_python() -> str:
    """Give the interpreter that has the rivals, installed when they are not there yet."""
    python = _HOME / "bin/python"
    stamp = _HOME / "versions"
    if not stamp.exists() or stamp.read_text() != str(VERSIONS):
        print("toolcall: installing", *VERSIONS, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, *VERSIONS], check=True)
        stamp.write_text(str(VERSIONS))
    return str(python)


def nats_server() -> str | None:
    """Give the path of the NATS server, if somebody has installed it."""
    return shutil.which("nats-server")
