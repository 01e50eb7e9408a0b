"""The model over real HTTP."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from droas_sandbox.model.routes import MAX_BODY_BYTES

SLOW = {"rules": [{"when": "slow", "say": "one two three four five", "tokens_per_s": 20}]}


async def test_models_are_listed(client: Any) -> None:
    """The list names the model that requests must name."""
    answer = (await client.http.get("/model/v1/models")).json()
    assert answer["object"] == "list"
    assert [(one["id"], one["object"]) for one in answer["data"]] == [("sandbox-1", "model")]


async def test_plain_answer_is_one_completion(client: Any) -> None:
    """Without a stream there is one JSON object with text, reason and usage."""
    answer = await client.ask("hello")
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"].startswith("Hello!")
    assert body["usage"]["total_tokens"] > 0


async def test_stream_is_server_sent_events_up_to_done(client: Any) -> None:
    """Chunks share one id, and `[DONE]` is the last event."""
    events = await client.events("hello")
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks).startswith("Hello!")


async def test_tool_call_and_its_result_make_two_rounds(client: Any, tool: Any) -> None:
    """The model asks for a tool in the first round and tells its result in the second."""
    tools = [tool("economy__balance")]
    first = (await client.ask("Ada: how many coins do I have?", tools=tools)).json()["choices"][0]["message"]
    (call,) = first["tool_calls"]
    messages = [
        {"role": "user", "content": "Ada: how many coins do I have?"},
        first,
        {"role": "tool", "tool_call_id": call["id"], "content": '{"balance": 12}'},
    ]
    second = await client.ask(messages=messages, tools=tools)
    assert second.json()["choices"][0]["message"]["content"] == "You have 12 coins."


async def test_words_come_as_they_are_made(client: Any) -> None:
    """The first word arrives while later ones are not yet written."""
    await client.http.put("/sandbox/model/script", json=SLOW)
    heard = bytearray()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(client.stream("slow", heard))
        await _until_heard(b"one", heard)
        assert not listening.done()
        assert b"five" not in heard
    assert b"five" in heard


async def test_client_that_leaves_is_noticed(client: Any) -> None:
    """A stream that is closed in the middle stands as aborted in the journal."""
    await client.http.put("/sandbox/model/script", json=SLOW)
    heard = bytearray()
    listening = asyncio.create_task(client.stream("slow", heard))
    await _until_heard(b"one", heard)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert await client.aborted()


async def test_journal_keeps_requests_without_keys(client: Any, tool: Any) -> None:
    """What was asked, offered and answered is kept; the key is not."""
    await client.ask("hello", tools=[tool("a")])
    (entry,) = await client.journal()
    assert entry["body"]["messages"] == [{"role": "user", "content": "hello"}]
    assert entry["body"]["tools"] == [tool("a")]
    assert (entry["status"], entry["aborted"], entry["reply"]["finish"]) == (200, False, "stop")
    assert "sk-sandbox" not in json.dumps(entry)


async def test_journal_is_bounded(client: Any) -> None:
    """Only the last 200 requests are kept."""
    for _ in range(5):
        await asyncio.gather(*(client.ask("") for _ in range(41)))
    assert len(await client.journal()) == 200


async def test_script_can_be_changed_and_read(client: Any) -> None:
    """A new script counts at once; one that cannot be used is refused and changes nothing."""
    script = {"rules": [{"when": "hello", "say": "Ahoy."}], "models": ["m"], "keys": ["k"]}
    assert (await client.http.put("/sandbox/model/script", json=script)).status_code == 200
    bad = await client.http.put("/sandbox/model/script", json={"rules": [{"when": "("}]})
    assert bad.status_code == 400
    assert (await client.http.get("/sandbox/model/script")).json() == script
    assert (await client.ask(model="m")).status_code == 401
    client.http.headers["Authorization"] = "Bearer k"
    answer = await client.ask(model="m")
    assert answer.json()["choices"][0]["message"]["content"] == "Ahoy."


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
async def test_body_that_is_no_json_is_refused(client: Any, content: bytes) -> None:
    """Broken JSON, broken text and bottomless nesting are 400, not a crash."""
    answer = await client.http.post("/model/v1/chat/completions", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert (await client.journal())[-1]["status"] == 400


async def test_body_that_is_too_large_is_refused(client: Any) -> None:
    """More than the limit is 413, and is not kept."""
    content = b" " * (MAX_BODY_BYTES + 1)
    try:
        answer = await client.http.post("/model/v1/chat/completions", content=content)
    except httpx.WriteError:  # the server need not read the rest before it hangs up
        pass
    else:
        assert answer.status_code == 413
    (entry,) = await client.journal()
    assert (entry["status"], entry["body"]) == (413, None)


@pytest.mark.parametrize("path", ["/model/v1/embeddings", "/model/v1", "/model/"])
async def test_other_addresses_are_refused_in_json(client: Any, path: str) -> None:
    """Clients read an error's body wherever they got it from."""
    answer = await client.http.post(f"{client.sandbox.url}{path}", json={})
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


async def _until_heard(word: bytes, heard: bytearray) -> None:
    async with asyncio.timeout(10):
        while word not in heard:
            await asyncio.sleep(0.005)
