"""The floors: DROAS's wire and transfer on a bare ROUTER, in memory or with a log file synced for each group.

Run as `python floor_server.py ENDPOINT [LOG]`. No encryption, no rights, no keys, no audit, no database.
"""

import os
import sys

import zmq

from droas_common.wire.calls import Request, ToolResult, read_call, read_request, result_frame
from toolcall_parts.load import MEMBERS

_GROUP = 256
_balances = {str(10 + number): 10**9 for number in range(MEMBERS)}


def main() -> None:
    """Serve until killed."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
    socket.bind(sys.argv[1])
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND) if len(sys.argv) > 2 else None
    print("ready", flush=True)
    while True:
        group = receive(socket)
        answers = [transfer(read_request(frame)) for _, frame in group]
        if log is not None:
            os.write(log, b"".join(frame + b"\n" for _, frame in group))
            os.fdatasync(log)
        for (sender, _), answer in zip(group, answers, strict=True):
            socket.send(sender, zmq.SNDMORE)
            socket.send(answer)


def receive(socket: "zmq.Socket[bytes]") -> list[tuple[bytes, bytes]]:
    """Wait for a frame and take what else is there."""
    group = [(socket.recv(), socket.recv())]
    try:
        while len(group) < _GROUP:
            group.append((socket.recv(zmq.NOBLOCK), socket.recv()))
    except zmq.Again:
        pass
    return group


def transfer(request: Request) -> bytes:
    """Move a coin and tell the new balance."""
    params = read_call(request.params)
    assert params.meta.actor is not None
    source, target = params.meta.actor.user_id, params.arguments["to_user_id"]
    amount = params.arguments["amount"]
    if _balances[source] >= amount:
        _balances[source] -= amount
        _balances[target] += amount
    told = {"from_user_id": source, "to_user_id": target, "amount": amount, "balance": _balances[source]}
    return result_frame(request.id, ToolResult(structured_content=told))


if __name__ == "__main__":
    main()
