"""The house keeps its shape: small files, small functions, and nobody but loopback."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("droas_common", "droas_mother", "droas_child", "droas_sandbox")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 9


def ids(path: Path) -> str:
    """Name a file in a test's id."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file is a room, a function a thought; both end before they are forgotten."""
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and path.parent.name != "versions":
            # What a migration creates is told in one go, and never touched again.
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"
            count = len(node.args.args) + len(node.args.kwonlyargs)
            assert count <= MAX_PARAMETERS, f"{node.name} has {count} parameters"


def test_every_test_says_what_it_promises() -> None:
    """Each test has a docstring of one sentence."""
    silent = [
        f"{ids(path)}: {node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


WRITTEN = ("*.py", "*.js", "*.html", "*.css", "*.yaml", "*.yml", "*.toml", "*.sh", "*.service", "*.json", "*.md", "Dockerfile",
           "Makefile", ".ci/run")  # fmt: skip


def test_nothing_talks_to_another_host() -> None:
    """Addresses in the repository are loopback, of names that nobody can own, or Discord's default base."""
    allowed = re.compile(
        r"127\.0\.0\.1|localhost|\[::1\]|discord(?:app)?\.com|discord\.gg|w3\.org|\.example\b|\{|//host[:/]"
    )
    kept = subprocess.run(
        ["git", "ls-files", "-z", *WRITTEN], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    paths = [ROOT / name for name in kept.split("\0") if name] or SOURCES  # without git, what is shipped
    foreign = [
        f"{ids(path)}: {match}"
        for path in paths
        if path.is_file() and path != Path(__file__)
        for match in re.findall(r"(?:https?|wss?)://[^\s\"'`)>]+", path.read_text(errors="replace"))
        if not allowed.search(match)
    ]
    assert not foreign
