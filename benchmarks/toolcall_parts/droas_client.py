"""DROAS's own client, as a bot uses it; the floors are called by the same one, without encryption.

Run as `python droas_client.py ENDPOINT`; the keys are JSON in `DROAS_BENCH_KEYS`, none for a floor.
"""

import itertools
import json
import os
import sys
import time

import zmq

from droas_common.ids import Snowflake
from droas_common.settings import CurveKeys
from droas_common.tool_client import ToolClient
from droas_common.wire.calls import Actor
from droas_common.zmq_sockets import client_socket
from toolcall_parts.load import Call, run, transfer_of

_TIMEOUT_S = 10.0
_GUILD, _CHANNEL = Snowflake("1"), Snowflake("2")


async def connect() -> Call:
    """Connect, and give a function that makes one transfer."""
    client = ToolClient(open_socket(sys.argv[1], os.environ.get("DROAS_BENCH_KEYS")))
    client.start()
    numbers = itertools.count()
    stem = f"{int(time.time() * 1000):013x}-{os.urandom(4).hex()}"

    async def call(number: int) -> None:
        source, target = transfer_of(number)
        message_id = Snowflake(str(1000 + int(source)))
        actor = Actor(Snowflake(source), guild_id=_GUILD, channel_id=_CHANNEL, message_id=message_id)
        result = await client.call(
            "economy.transfer",
            {"to_user_id": target, "amount": 1},
            actor=actor,
            timeout_s=_TIMEOUT_S,
            idempotency_key=f"{stem}-{next(numbers):08x}",
        )
        assert not result.is_error, result

    return call


def open_socket(endpoint: str, keys: str | None) -> "zmq.Socket[bytes]":
    """Give a connected DEALER, with CURVE when there are keys."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    if keys is not None:
        return client_socket(context, zmq.DEALER, endpoint, CurveKeys(**json.loads(keys)))
    socket = context.socket(zmq.DEALER)
    socket.connect(endpoint)
    return socket


if __name__ == "__main__":
    run(connect)
