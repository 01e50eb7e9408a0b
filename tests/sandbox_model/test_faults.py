"""The model when things go wrong."""

import json
import time
from typing import Any

import httpx
import pytest


async def test_error_has_the_status_and_body_that_were_ordered(client: Any) -> None:
    """An error comes as often as ordered, with its headers; then the model is well again."""
    body = {"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}}
    client.sandbox.faults.add(
        "model_error", {"status": 429, "body": body, "headers": {"Retry-After": 2}, "times": 2}
    )
    answers = [await client.ask(), await client.ask(stream=True), await client.ask()]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].json() == body
    assert answers[0].headers["retry-after"] == "2"
    assert [entry["faults"] for entry in await client.journal()] == [["model_error"], ["model_error"], []]


async def test_error_may_be_any_text(client: Any) -> None:
    """A page of a proxy stands in for the JSON body; without a body there is a plain server error."""
    client.sandbox.faults.add("model_error", {"status": 502, "body": "<html>bad gateway</html>"})
    client.sandbox.faults.add("model_error", {})
    assert (await client.ask()).text == "<html>bad gateway</html>"
    assert (await client.ask()).json()["error"]["type"] == "server_error"


async def test_drip_slows_every_chunk(client: Any) -> None:
    """Each chunk waits for the ordered interval."""
    client.sandbox.faults.add("model_drip", {"interval_s": 0.02})
    begun = time.monotonic()
    chunks = await client.chunks("hello")
    assert time.monotonic() - begun >= 0.02 * len(chunks)


async def test_cut_ends_a_stream_in_the_middle(client: Any) -> None:
    """After the ordered number of chunks the connection is gone, without an end."""
    client.sandbox.faults.add("model_cut", {"after_chunks": 2})
    heard = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        await client.stream("hello", heard)
    assert heard.count(b"data: ") == 2
    assert (await client.journal())[-1]["aborted"] is False


async def test_hang_says_nothing_for_a_while(client: Any) -> None:
    """Nothing comes before the ordered time, then the answer; a client that gives up is noticed."""
    client.sandbox.faults.add("model_hang", {"seconds": 0.1, "times": 2})
    begun = time.monotonic()
    assert (await client.ask()).status_code == 200
    assert time.monotonic() - begun >= 0.1
    with pytest.raises(httpx.ReadTimeout):
        await client.http.post(
            "/model/v1/chat/completions",
            json={"model": "sandbox-1", "messages": [{"role": "user", "content": "x"}]},
            timeout=httpx.Timeout(10, read=0.03),
        )
    assert await client.aborted()


async def test_garbage_stands_between_good_chunks(client: Any) -> None:
    """One event is no JSON; the others are."""
    client.sandbox.faults.add("model_garbage", {})
    events = await client.events("hello")
    assert events.count("{not json") == 1
    assert events[-1] == "[DONE]"


async def test_comments_stand_between_chunks_and_before_them(client: Any) -> None:
    """Keep-alives come before the first chunk for the ordered time, then before every chunk."""
    client.sandbox.faults.add("model_comments", {"seconds": 0.1})
    events = await client.events("hello")
    assert events[:2] == [": keep-alive", ": keep-alive"]
    chunks = [event for event in events if event.startswith("{")]
    assert events.count(": keep-alive") >= len(chunks) + 1
    assert json.loads(chunks[-1])["choices"][0]["finish_reason"] == "stop"


async def test_fault_may_concern_one_model_only(client: Any) -> None:
    """A fault with a match passes by the requests that do not fit."""
    client.sandbox.faults.add("model_error", {"match": {"stream": "True"}})
    assert (await client.ask()).status_code == 200
    assert (await client.ask(stream=True)).status_code == 500


async def test_error_may_come_in_the_middle_of_a_stream(client: Any) -> None:
    """Providers that have begun with 200 tell an error as an event; nothing comes behind it."""
    client.sandbox.faults.add("model_error", {"status": 503, "after_chunks": 2})
    *chunks, last = await client.events("hello")
    assert len(chunks) == 2
    assert json.loads(last)["error"]["type"] == "server_error"
