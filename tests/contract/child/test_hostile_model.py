"""A model's server that sends whatever costs most holds up nobody: the bot's loop goes on, and time-outs fire."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing

import pytest

from droas_child.adapters.model import MAX_ANSWER_BYTES, HttpModel
from droas_child.core.completion import Completion
from droas_child.core.failures import Failure
from droas_child.ports import ModelFailedError
from droas_common.settings import LlmSettings

LONGEST_LAG_S = 0.5
"""The mother takes a child for hung whose loop stands still for three seconds."""

Serve = Callable[[bytes], str]


def bytewise(content_type: str, body: bytes, single: int) -> bytes:
    """Give an answer whose last bytes come in chunks of one."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    first = body[:-single]
    return b"%s%x\r\n%s\r\n%s0\r\n\r\n" % (head, len(first), first, b"1\r\nx\r\n" * single)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that serves these bytes from a thread, as fast as they are taken; gives the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def give(answer: bytes) -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(answer)
                    while connection.recv(65536):
                        pass
                except OSError:
                    return  # it was broken off, as it should be

        def start(answer: bytes) -> str:
            threading.Thread(target=give, args=(answer,), daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

        yield start


async def longest_lag_s(model: HttpModel) -> tuple[float, ModelFailedError]:
    """Have an answer read, and give for how long the loop stood still at most, and why it failed in the end."""
    lags = [0.0]

    async def tick() -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0)
            lags.append(time.monotonic() - begun)

    async def take_in() -> None:
        async with aclosing(model.stream([], [])) as chunks:
            completion = Completion()
            async for chunk in chunks:
                completion.feed(chunk)
        raise ModelFailedError(Failure.BROKEN, "it is a whole answer")

    ticking = asyncio.ensure_future(tick())
    with pytest.raises(ModelFailedError) as caught:
        await take_in()
    ticking.cancel()
    await model.close()
    return max(lags), caught.value


def asking(url: str, **more: object) -> HttpModel:
    """Give a model at this address."""
    given = {"base_url": url, "api_key": "key", "model": "m", **more}
    return HttpModel(LlmSettings.model_validate(given))


@pytest.mark.parametrize(
    ("content_type", "size"), [("text/event-stream", 250_000), ("application/json", 1_000_000)]
)
async def test_single_bytes_hold_up_nobody(serve: Serve, content_type: str, size: int) -> None:
    """However much of a line or a body waits already, each further byte costs the same."""
    lag_s, failed = await longest_lag_s(asking(serve(bytewise(content_type, b"x" * size, 40_000))))
    assert failed.failure is Failure.BROKEN
    assert lag_s < LONGEST_LAG_S


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/event-stream", b"data:{}\n\n" * 900_000),
        ("text/event-stream", b"\n" * 8_000_000),
        ("application/json", b'{"choices":[{"delta":{"tool_calls":[' + b"{}," * 340_000 + b"{}]}}]}"),
    ],
    ids=["events", "line ends", "calls"],
)
async def test_what_grows_when_it_is_unpacked_holds_up_nobody(
    serve: Serve, content_type: str, body: bytes
) -> None:
    """A few packed bytes may stand for a million events; they are read in pieces."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Encoding: gzip\r\n"
    packed = gzip.compress(body)
    answer = f"{head}Content-Length: {len(packed)}\r\n\r\n".encode() + packed
    lag_s, _ = await longest_lag_s(asking(serve(answer), first_token_timeout_s=0.5))
    assert lag_s < LONGEST_LAG_S


async def test_time_runs_out_while_single_bytes_come(serve: Serve) -> None:
    """Though each of them is there before it is awaited."""
    url = serve(bytewise("text/event-stream", b"x" * 250_000, 240_000))
    _, failed = await longest_lag_s(asking(url, first_token_timeout_s=0.2))
    assert failed.failure is Failure.SLOW


async def test_a_list_of_models_has_a_bound(serve: Serve) -> None:
    """It is asked for ahead of every answer, and read no further than an answer."""
    endless = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * (MAX_ANSWER_BYTES + 1)
    _, failed = await longest_lag_s(asking(serve(endless), model=None))
    assert (failed.failure, str(MAX_ANSWER_BYTES) in str(failed)) == (Failure.BROKEN, True)
