"""A real browser that looks at a town in a fresh sandbox."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from droas_sandbox.server import Sandbox

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOWN: dict[str, Any] = {
    "users": [
        {"username": "ada", "global_name": "Ada", "id": "1001"},
        {"username": "grace", "global_name": "Grace", "id": "1002"},
        {"username": "mallory", "id": "1003"},
    ],
    "bots": [{"username": "helper", "id": "2001"}, {"username": "guardian", "id": "2002", "token": "guard"}],
    "guilds": [
        {
            "name": "Harbour",
            "id": "3001",
            "owner": "ada",
            "channels": ["general", "coins"],
            "members": ["grace", "mallory"],
            "bots": [
                {
                    "username": "guardian",
                    "permissions": ["manage_messages", "moderate_members", "ban_members"],
                },
                {"username": "helper"},
            ],
        }
    ],
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A page of one sandbox, with the ways to act in the world behind it.

    Args:
        complaints: what the browser's console said that it should not have.
        hosts: whom the page talked to.
    """

    page: Page
    sandbox: Sandbox
    http: httpx.AsyncClient
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def channel(self, name: str = "general") -> str:
        """Give a channel's id."""
        channels = self.sandbox.world.guilds["3001"].channels.values()
        return next(str(channel["id"]) for channel in channels if channel["name"] == name)

    async def speak(self, author_id: str, content: str, *, channel: str = "general") -> str:
        """Let somebody say something; gives the message's id."""
        path = f"/sandbox/channels/{self.channel(channel)}/messages"
        answer = await self.http.post(path, json={"author_id": author_id, "content": content})
        return str(answer.raise_for_status().json()["id"])

    async def said(self) -> list[dict[str, Any]]:
        """Give what the world knows of the first channel."""
        return list((await self.http.get(f"/sandbox/channels/{self.channel()}/messages")).json())

    async def moderate(self, method: str, path: str, **more: Any) -> None:
        """Let the guardian do something over REST, with a reason."""
        headers = {"Authorization": "Bot guard", "X-Audit-Log-Reason": "invite%20link"}
        answer = await self.http.request(method, f"/api/v10{path}", headers=headers, **more)
        answer.raise_for_status()

    def message(self, text: str) -> Any:
        """Find a message's row by its text."""
        return self.page.locator(".message").filter(has_text=text)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium; tests are skipped where there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed on this machine")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def empty(browser: Browser) -> AsyncIterator[Seen]:
    """The page of a world without a guild; afterwards nothing may stand in the console."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    async with Sandbox() as sandbox, httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as http:
        page = await context.new_page()
        page.set_default_timeout(5000)
        seen = Seen(page=page, sandbox=sandbox, http=http)
        page.on("console", lambda line: seen.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("request", lambda request: seen.hosts.add(request.url.split("/")[2]))
        await page.goto(sandbox.url)
        yield seen
        await context.close()
    assert seen.complaints == []
    assert seen.hosts == {sandbox.url.removeprefix("http://")}


@pytest_asyncio.fixture(loop_scope="session")
async def town(empty: Seen) -> Seen:
    """The page of a world with one guild."""
    (await empty.http.post("/sandbox/seed", json=TOWN)).raise_for_status()
    await empty.page.get_by_role("heading", name="general", exact=True).wait_for()
    await empty.page.get_by_text("Welcome to #general").wait_for()
    return empty
