"""The page's files as they are served."""

import re
from collections.abc import AsyncIterator
from importlib.resources import files

import httpx
import pytest

from droas_sandbox.server import Sandbox

STATIC = files("droas_sandbox.page").joinpath("static")
NAMES = sorted(entry.name for entry in STATIC.iterdir())


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a fresh sandbox."""
    async with Sandbox() as sandbox, httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:
        yield client


async def test_page_comes_with_strict_headers(http: httpx.AsyncClient) -> None:
    """Only files of this server may be loaded, types are not guessed, nothing is stored or framed."""
    answer = await http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "index.html"])
async def test_file_has_its_type(http: httpx.AsyncClient, name: str) -> None:
    """Every file is served with the type that browsers insist on, and the page's headers."""
    answer = await http.get(f"/static/{name}")
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.headers["content-type"] == f"{types[name.rpartition('.')[2]]}; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["missing.js", "../__init__.py", "%2e%2e/__init__.py", "index.html", ""])
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    """Names that are no file of the page, or lead out of its folder, are not found."""
    assert (await http.get(f"/static/{path}")).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_file_names_no_other_host(name: str) -> None:
    """No file loads anything from elsewhere; the only addresses are namespaces and an invented invitation."""
    text = STATIC.joinpath(name).read_text()
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"www.w3.org", "discord.gg"}


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".js")])
def test_script_never_reads_html(name: str) -> None:
    """No script turns text into elements."""
    text = STATIC.joinpath(name).read_text()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )


@pytest.mark.parametrize("name", NAMES)
def test_file_is_small(name: str) -> None:
    """Scripts and style sheets keep to the size of every file here."""
    assert len(STATIC.joinpath(name).read_text().splitlines()) <= 300
