"""The door to the model, against real HTTP of a server that does one strange thing after the other."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web

from droas_child.adapters.model import MAX_STREAM_BYTES, HttpModel
from droas_child.core.completion import Completion
from droas_child.core.failures import Failure
from droas_child.ports import ModelFailedError
from droas_common.settings import LlmSettings

Step = bytes | float | None
"""Bytes to send, seconds to wait, or None to cut the line."""

END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def says(text: str, **more: Any) -> bytes:
    """Give an event with a piece of text."""
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}, **more}]}).encode() + b"\n\n"


class OddServer:
    """Serves what a test wants, and keeps what it was asked."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.status = 200
        self.headers = {"Content-Type": "text/event-stream"}
        self.models: Any = {"data": [{"id": "first"}, {"id": "second"}]}
        self.bodies: list[Any] = []
        self.asked: list[str] = []
        self.gone = asyncio.Event()
        self.url = ""

    async def listen(self) -> web.AppRunner:
        """Begin to serve."""
        app = web.Application()
        app.add_routes(
            [web.get("/v1/models", self._models), web.post("/v1/chat/completions", self._complete)]
        )
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    async def _models(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers["Authorization"])
        return web.json_response(self.models, status=self.status)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        response = web.StreamResponse(status=self.status, headers=self.headers)
        try:
            await response.prepare(request)
            for step in self.steps:
                if step is None:
                    assert request.transport is not None
                    request.transport.abort()
                elif isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    await response.write(step)
        except (asyncio.CancelledError, ConnectionResetError):
            self.gone.set()
            raise
        return response


@pytest.fixture
async def server() -> AsyncIterator[OddServer]:
    """A server on loopback."""
    made = OddServer()
    runner = await made.listen()
    yield made
    await runner.cleanup()


Ask = Callable[..., Awaitable[Completion]]


@pytest.fixture
async def ask(server: OddServer) -> AsyncIterator[Ask]:
    """Give a function that takes in one answer; nothing takes too long unless a test says so."""
    models: list[HttpModel] = []

    async def take(*, tools: Any = (), **more: Any) -> Completion:
        given = {"base_url": server.url, "api_key": "key", "model": "m", **more}
        model = HttpModel(LlmSettings(**given))
        models.append(model)
        completion = Completion()
        async with aclosing(model.stream([{"role": "user", "content": "hi"}], tools)) as chunks:
            async for chunk in chunks:
                completion.feed(chunk)
        return completion

    yield take
    for model in models:
        await model.close()


async def test_an_answer_is_streamed(server: OddServer, ask: Ask) -> None:
    """Text, end and usage arrive; the request has what the settings say."""
    usage = b'data: {"choices": [], "usage": {"total_tokens": 7}}\n\n'
    server.steps = [says("Hel"), says("lo"), END, usage, DONE]
    completion = await ask(temperature=0.5, max_tokens=9, tools=[{"type": "function"}])
    assert (completion.said, completion.finish_reason, completion.tokens) == ("Hello", "stop", 7)
    body = server.bodies[0]
    assert (body["model"], body["stream"], body["stream_options"]) == ("m", True, {"include_usage": True})
    assert (body["temperature"], body["max_tokens"], body["tools"]) == (0.5, 9, [{"type": "function"}])


async def test_without_a_name_the_first_model_is_asked_for_once(server: OddServer) -> None:
    """The list is read with the key, and remembered."""
    server.steps = [says("a"), END, DONE]
    model = HttpModel(LlmSettings.model_validate({"base_url": server.url, "api_key": "secret-key"}))
    for _ in range(2):
        async with aclosing(model.stream([], [])) as chunks:
            assert [chunk async for chunk in chunks]
    await model.close()
    assert [body["model"] for body in server.bodies] == ["first", "first"]
    assert server.asked == ["Bearer secret-key"]


async def test_other_settings_hold_for_the_next_request(server: OddServer) -> None:
    """Name and temperature change between two answers; the key stays."""
    server.steps = [says("a"), END, DONE]
    settings = LlmSettings.model_validate({"base_url": server.url, "api_key": "key", "model": "old"})
    model = HttpModel(settings)
    for wanted in (settings, settings.model_copy(update={"model": "new", "temperature": 0.1})):
        model.take(wanted)
        async with aclosing(model.stream([], [])) as chunks:
            assert [chunk async for chunk in chunks]
    await model.close()
    assert [(body["model"], body.get("temperature")) for body in server.bodies] == [
        ("old", None),
        ("new", 0.1),
    ]


@pytest.mark.parametrize("models", [{"data": []}, {}, [], {"data": [{}]}])
async def test_a_server_without_models_is_a_refusal(server: OddServer, ask: Ask, models: Any) -> None:
    """Only a person can mend that."""
    server.models = models
    with pytest.raises(ModelFailedError) as caught:
        await ask(model=None)
    assert caught.value.failure is Failure.REFUSED


@pytest.mark.parametrize(
    "steps",
    [
        [b"\xef\xbb\xbf", says("Hello"), END, DONE],
        [b": comment\r\n\r\n", says("Hello").replace(b"\n", b"\r\n"), END, DONE],
        [says("Hello"), END],
        [says("Hello"), END, None],
        [says("Hello"), END, 30.0],
        [says("Hello", finish_reason="stop"), DONE],
        [b'data: {"choices": [], "prompt_filter_results": []}\n\n', says("Hello"), END, DONE],
        [says("Hello").rstrip() + b"\n\n", END.rstrip()],
    ],
    ids=[
        "mark",
        "CRLF",
        "no DONE",
        "cut behind the end",
        "open for ever",
        "end with text",
        "Azure",
        "no last line",
    ],
)
async def test_odd_but_whole_answers_are_whole(server: OddServer, ask: Ask, steps: list[Step]) -> None:
    """What servers do around an answer does not spoil it, nor hold it up."""
    server.steps = steps
    begun = time.monotonic()
    assert (await ask()).said == "Hello"
    assert time.monotonic() - begun < 2


async def test_a_plain_answer_is_taken(server: OddServer, ask: Ask) -> None:
    """A server that cannot stream, and keeps the line open with empty lines, is understood."""
    message = {"role": "assistant", "content": "Hello"}
    answer = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    server.headers, server.steps = {"Content-Type": "application/json; charset=utf-8"}, [b"\n\n", answer]
    assert (await ask()).said == "Hello"


@pytest.mark.parametrize(
    "steps",
    [
        [says("Hel")],
        [says("Hel"), DONE],
        [says("Hel"), None],
        [],
        [says("Hel"), b"data: {not json\n\n"],
        [*[says("x" * 100_000)] * (MAX_STREAM_BYTES // 100_000 + 1), END],
        [b"data: " + b"x" * 300_000],
        [None],
    ],
    ids=["no end", "DONE only", "cut", "empty", "garbage", "too long", "endless event", "cut at once"],
)
async def test_broken_answers_are_failures(server: OddServer, ask: Ask, steps: list[Step]) -> None:
    """What is not whole is never taken for whole."""
    server.steps = steps
    with pytest.raises(ModelFailedError) as caught:
        await ask()
    assert caught.value.failure is Failure.BROKEN


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        ([30.0], {"first_token_timeout_s": 0.3}),
        ([says(""), 30.0], {"first_token_timeout_s": 0.3}),
        ([b": keep-alive\n\n", 0.1] * 50, {"first_token_timeout_s": 0.3}),
        ([says("a"), 30.0], {"idle_timeout_s": 0.3}),
        ([says("a"), *([b": keep-alive\n\n", 0.1] * 50)], {"idle_timeout_s": 0.3}),
        ([says("a"), *([says(""), 0.1] * 50)], {"idle_timeout_s": 0.3}),
        ([says("a"), 0.1] * 50, {"total_timeout_s": 0.5}),
    ],
    ids=["silence", "role only", "comments", "stall", "comments later", "empty pieces", "drip"],
)
async def test_own_clocks_end_what_only_looks_alive(
    server: OddServer, ask: Ask, steps: list[Step], times: dict[str, float]
) -> None:
    """Comments and empty pieces are no answer, and the whole has its time."""
    server.steps = steps
    begun = time.monotonic()
    with pytest.raises(ModelFailedError) as caught:
        await ask(**times)
    assert caught.value.failure is Failure.SLOW
    assert time.monotonic() - begun < 4  # the server goes on for five seconds, or for thirty


async def test_a_thinking_model_is_not_cut_off(server: OddServer, ask: Ask) -> None:
    """Thoughts show that the model works, though nobody reads them."""
    thought = b'data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n'
    signs: list[Step] = [thought, 0.1] * 12
    server.steps = [*signs, says("Hello"), END, DONE]
    assert (await ask(first_token_timeout_s=1.0)).said == "Hello"


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, b'{"error": {"code": "context_length_exceeded", "message": "m"}}', Failure.CONTEXT),
        (400, b'{"detail": "maximum context length is 5"}', Failure.CONTEXT),
        (401, b'{"error": {"code": "invalid_api_key"}}', Failure.REFUSED),
        (404, b"<html>", Failure.REFUSED),
        (429, b'[{"error": {"code": 429}}]', Failure.BUSY),
        (402, b"", Failure.BUSY),
        (500, b"[" * 10_000, Failure.BROKEN),
        (503, b"x" * 100_000, Failure.BROKEN),
        (302, b"", Failure.BROKEN),
    ],
)
async def test_refusals_are_classed(
    server: OddServer, ask: Ask, status: int, body: bytes, failure: Failure
) -> None:
    """Whatever the body is, the class is right and none of its words are passed on."""
    server.status, server.steps = status, [body]
    server.headers = {"Content-Type": "application/json", "Retry-After": "7"}
    with pytest.raises(ModelFailedError) as caught:
        await ask()
    assert (caught.value.failure, caught.value.retry_after_s) == (failure, 7.0)
    assert "maximum" not in str(caught.value)


async def test_an_error_inside_a_stream_is_seen(server: OddServer, ask: Ask) -> None:
    """A status of 200 does not make an error an answer; nothing is awaited behind it."""
    error = b'event: error\ndata: {"error": {"code": 429, "message": "slow down"}}\n\n'
    server.steps = [says("Hel"), error, 30.0]
    completion = await ask()
    assert completion.failure is Failure.BUSY
    assert "slow down" not in completion.error


async def test_leaving_ends_the_request(server: OddServer) -> None:
    """A consumer that goes takes the connection along, so the server stops working."""
    server.steps = [says("a"), 30.0]
    model = HttpModel(LlmSettings.model_validate({"base_url": server.url, "api_key": "k", "model": "m"}))
    async with aclosing(model.stream([], [])) as chunks:
        async for _ in chunks:
            break
    async with asyncio.timeout(10):  # a third of what the server would go on for
        await server.gone.wait()
    await model.close()


async def test_nobody_there_is_a_failure_of_the_world(ask: Ask) -> None:
    """A refused connection is worth another try."""
    with pytest.raises(ModelFailedError) as caught:
        await ask(base_url="http://127.0.0.1:1/v1")
    assert caught.value.failure is Failure.BROKEN
