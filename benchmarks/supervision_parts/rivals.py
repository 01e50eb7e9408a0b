"""Where the rivals come from: the ordinary package index of this machine, into a folder of the cache."""

import subprocess
import sys
from pathlib import Path

VERSIONS = ("circus==0.19.0", "supervisor==4.3.0")
_HOME = Path(__file__).parents[2] / ".cache/supervision"


def rival(program: str) -> str:
    """Give the path of a rival's program, installed when it is not there yet."""
    python = _HOME / "bin/python"
    stamp = _HOME / "versions"
    if not stamp.exists() or stamp.read_text() != str(VERSIONS):
        print("supervision: installing", *VERSIONS, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "setuptools<81", *VERSIONS], check=True)  # both read pkg_resources
        stamp.write_text(str(VERSIONS))
    return str(_HOME / "bin" / program)
