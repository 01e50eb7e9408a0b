"""HTTP as droasctl reads it: whole, whatever the pieces in which it arrives."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from droas_mother.ctl.client import Client, NoMotherError, RefusedError, bot_path
from droas_mother.ctl.exit_codes import FOR_HTTP, PERMISSION, USAGE

VALUE = {"bots": [], "words": "ä" * 40}
BODY = json.dumps(VALUE).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(data: bytes, size: int) -> bytes:
    """Give data in chunks of this size, and their end."""
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


@contextmanager
def played(*connections: list[bytes]) -> Iterator[Path]:
    """Serve connections one after another: at the first request the first answer, and so on; then hang up."""

    def serve(listener: socket.socket) -> None:
        for answers in connections:
            with listener.accept()[0] as peer:
                for answer in answers:
                    if not peer.recv(4096):
                        break
                    peer.sendall(answer)

    with served(serve) as path:
        yield path


@contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[Path]:
    """Let a function serve a Unix socket in a thread of its own; it is left alone at the end."""
    with tempfile.TemporaryDirectory(prefix="droas-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "droas.sock"
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(2)

        def run() -> None:
            with suppress(OSError):
                serve(listener)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield path


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut data at these places."""
    marks = sorted({place % len(data) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(marks)]


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 60), places=st.lists(st.integers(0, 4000), max_size=12))
def test_streams_are_read_whole_however_they_are_cut(size: int, places: list[int]) -> None:
    """Lines come out as they went in: chunks need not be lines, nor pieces of the socket chunks."""
    values = [{"id": number, "text": "é" * number} for number in range(6)]
    lines = b"".join(json.dumps(value).encode() + b"\n\n" for value in values)
    pieces = cut(chunked(lines, size), places)

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as peer:
            peer.recv(4096)
            for piece in [STREAM, *pieces]:
                peer.sendall(piece)

    with served(serve) as path, Client(path).stream("/v1/events") as stream:
        lines_read = stream.lines()
        assert [next(lines_read) for _ in values] == values
        with pytest.raises(NoMotherError, match="ended the stream"):
            next(lines_read)


def test_one_connection_serves_many_questions() -> None:
    """It is kept open from one to the next."""
    with played([WHOLE] * 3) as path, Client(path) as client:
        assert [client.get("/v1/bots") for _ in range(3)] == [VALUE] * 3


def test_a_kept_connection_that_has_ended_is_opened_anew() -> None:
    """A question that changes nothing is asked once more."""
    with played([WHOLE], [WHOLE]) as path, Client(path) as client:
        assert [client.get("/v1/bots") for _ in range(2)] == [VALUE] * 2


def test_a_command_is_never_sent_twice() -> None:
    """When the mother goes before she answers, nobody knows whether it was done."""
    with played([WHOLE], [b""], [WHOLE]) as path, Client(path) as client:
        client.get("/v1/bots")
        with pytest.raises(NoMotherError, match="does not answer properly"):
            client.post("/v1/bots/bot_01/stop")
        client.get("/v1/bots")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        WHOLE[:-4],
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{x}",
        STREAM + b"zz\r\n",
    ],
    ids=["no HTTP", "cut short", "no JSON", "no chunk"],
)
def test_an_answer_that_is_none_is_told_in_words(answer: bytes) -> None:
    """Whatever answers on the socket, it ends in a sentence."""
    with (
        played([answer], [answer]) as path,
        Client(path) as client,
        pytest.raises(NoMotherError, match="does not answer properly"),
    ):
        client.get("/v1/bots")


def test_silence_ends_in_time() -> None:
    """A mother that takes the question and says nothing is told from one that is not there."""
    with (
        played([b"", b""]) as path,
        Client(path) as client,
        pytest.raises(NoMotherError, match="no answer in time"),
    ):
        client.ask("GET", "/v1/bots", timeout_s=0.05)


def test_a_mother_that_was_stopped_is_told_with_the_way_out() -> None:
    """The kernel tells who listens; the wait is as long as was asked for."""
    program = (
        "import os, signal, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen();"
        "os.kill(os.getpid(), signal.SIGSTOP)"
    )
    with tempfile.TemporaryDirectory(prefix="droas-") as folder:
        path = Path(folder) / "droas.sock"
        with subprocess.Popen((sys.executable, "-c", program, str(path))) as process:
            os.waitpid(process.pid, os.WUNTRACED)
            try:
                with Client(path) as client:
                    client.patience_s = 0.05
                    for ask in (client.get, lambda one: client.stream(one).__enter__()):
                        with pytest.raises(
                            NoMotherError, match=f"no answer in time: .*kill -CONT {process.pid}`"
                        ):
                            ask("/v1/events")
            finally:
                process.kill()


def test_a_mother_whose_queue_is_full_is_told_as_one_that_does_not_answer() -> None:
    """The kernel lets no more wait, nor tells who listens; what to do is the same."""
    with tempfile.TemporaryDirectory(prefix="droas-") as folder, ExitStack() as opened:
        path = f"{folder}/droas.sock"
        listener = opened.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(0)
        opened.enter_context(socket.socket(socket.AF_UNIX)).connect(path)
        with Client(path) as client, pytest.raises(NoMotherError) as told:
            client.get("/v1/bots")
    words = str(told.value)
    assert words.startswith(
        f"no answer in time: the mother at {path} is stopped by a signal, hangs or has too"
    )
    assert "systemctl restart droas-mother" in words
    assert "pid" not in words


def test_a_refusal_carries_the_mothers_words() -> None:
    """Status and words are kept."""
    body = b'{"error":"there is no bot"}'
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with played([answer]) as path, Client(path) as client:
        with pytest.raises(RefusedError, match="there is no bot") as refused:
            client.get("/v1/bots/x")
        assert refused.value.status == 404


def test_a_refusal_is_heard_before_all_is_sent() -> None:
    """Who does not read a long request to its end has answered, and that is worth more than the broken pipe."""
    body = b'{"error":"too long"}'
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with played([answer]) as path, Client(path) as client:
        with pytest.raises(RefusedError, match="too long") as refused:
            client.post("/v1/tools/call", body="n" * 4_000_000)
        assert FOR_HTTP[refused.value.status] == USAGE


def test_somebody_elses_socket_is_told_from_a_mother_that_is_not_there() -> None:
    """Who may not ask is told so, with its own exit code."""
    client = Client("run/droas.sock")
    with pytest.raises(RefusedError, match="another user") as refused, client._translated():
        raise PermissionError
    assert FOR_HTTP[refused.value.status] == PERMISSION


@given(st.text(min_size=1, max_size=20))
def test_names_cannot_leave_their_place_in_an_address(name: str) -> None:
    """Whatever somebody types as a bot's name, it is one part of the path."""
    path = bot_path(name, "stop")
    assert path.count("/") == 4
    assert not set(path) & set("?# \r\n")
    assert path.isascii()
