"""An admitted caller who sends bad frames of every kind: `python bad_caller.py ENDPOINT`, keys in `DROAS_BENCH_KEYS`.

A line in: `{"rate": 1000, "seconds": 1}`. A line out: `{"sent": 1000, "answered": 400}`.
"""

import json
import os
import sys
import time
from typing import Any

import zmq

from droas_common.wire.frames import MAX_FRAME_BYTES
from toolcall_parts.droas_client import open_socket


def request(**changed: Any) -> bytes:
    """Give a good request, but for what is changed."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", **changed}).encode()


def call(arguments: object, name: object = "economy.transfer") -> bytes:
    """Give a call that is wrong somewhere."""
    return request(method="tools/call", params={"name": name, "arguments": arguments})


KINDS = (
    b"",
    b"\xff\x00garbage",
    b"{",
    b"[" * 20_000,
    b"[]" * 30_000,
    b"x" * 60_000,
    request(jsonrpc="1.0"),
    request(method="no/such"),
    request(id=None),
    call({}, name=5),
    call({"amount": "a"}),
    call({"note": "a" * 60_000}),
    call({"note": "-----BEGIN PRIVATE KEY-----" * 2_000}),
    call({f"k{number}": number for number in range(5_000)}),
    call([[]] * 20_000),
    call({"to_user_id": "11", "amount": 1}),  # without a key
    b"x" * (MAX_FRAME_BYTES + 1),
)


def send(socket: "zmq.Socket[bytes]", rate: float, seconds: float) -> dict[str, int]:
    """Send so many a second, and read what comes back."""
    sent = answered = 0
    began = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        while sent <= (now - began) * rate and socket.poll(0, zmq.POLLOUT):
            socket.send(KINDS[sent % len(KINDS)])
            sent += 1
        answered += heard(socket)
    return {"sent": sent, "answered": answered}


def heard(socket: "zmq.Socket[bytes]") -> int:
    """Wait a moment for an answer; gives how many came."""
    if not socket.poll(1):
        return 0
    socket.recv()
    return 1


def main() -> None:
    """Serve commands until standard input ends."""
    socket = open_socket(sys.argv[1], os.environ["DROAS_BENCH_KEYS"])
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(send(socket, **json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
