"""A fresh sandbox, and a client that speaks to its model as any OpenAI client would."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from droas_sandbox.server import Sandbox

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Client:
    """Asks the model of one sandbox."""

    http: httpx.AsyncClient
    sandbox: Sandbox

    async def ask(self, text: str = "hello", **more: Any) -> httpx.Response:
        """Ask one question, and wait for the whole answer."""
        body = {"model": "sandbox-1", "messages": [{"role": "user", "content": text}], **more}
        return await self.http.post("/model/v1/chat/completions", json=body)

    async def events(self, text: str = "hello", **more: Any) -> list[str]:
        """Ask one question, and give the data of every event of its stream."""
        answer = await self.ask(text, stream=True, **more)
        return [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]

    async def chunks(self, text: str = "hello", **more: Any) -> list[Json]:
        """Ask one question, and give the chunks of its stream without the end mark."""
        return [json.loads(event) for event in (await self.events(text, **more))[:-1]]

    async def journal(self) -> list[Json]:
        """Give what the model was asked."""
        return list((await self.http.get("/sandbox/model/requests")).json())

    async def stream(self, text: str, heard: bytearray) -> None:
        """Ask one question, and gather the bytes of the stream as they come."""
        body = {"model": "sandbox-1", "messages": [{"role": "user", "content": text}], "stream": True}
        async with self.http.stream("POST", "/model/v1/chat/completions", json=body) as answer:
            async for part in answer.aiter_bytes():
                heard.extend(part)

    async def aborted(self) -> bool:
        """Say whether the last request is known as aborted; waits a second for it."""
        for _ in range(100):
            if (await self.journal())[-1]["aborted"]:
                return True
            await asyncio.sleep(0.01)
        return False


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client with a key, of a sandbox that has just begun."""
    async with (
        Sandbox() as sandbox,
        httpx.AsyncClient(
            base_url=sandbox.url, headers={"Authorization": "Bearer sk-sandbox"}, trust_env=False
        ) as http,
    ):
        yield Client(http=http, sandbox=sandbox)


@pytest.fixture
def tool() -> Any:
    """Give a maker of tool descriptions."""
    return lambda name: {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
