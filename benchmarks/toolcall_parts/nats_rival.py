"""NATS request and reply through its own server: `python nats_rival.py server|client URL`."""

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

from toolcall_parts.bank import transfer
from toolcall_parts.load import Call, run, transfer_of

nats: Any = import_module("nats")


async def serve() -> None:
    """Serve until killed."""
    connection = await nats.connect(sys.argv[2])

    async def handle(message: Any) -> None:
        order = json.loads(message.data)
        told = transfer(order["from"], order["to"], order["amount"])
        await message.respond(json.dumps(told).encode())

    await connection.subscribe("transfer", cb=handle)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def connect() -> Call:
    """Connect, and give a function that makes one transfer."""
    connection = await nats.connect(sys.argv[2])

    async def call(number: int) -> None:
        source, target = transfer_of(number)
        order = json.dumps({"from": source, "to": target, "amount": 1}).encode()
        json.loads((await connection.request("transfer", order, timeout=10.0)).data)

    return call


if __name__ == "__main__":
    if sys.argv[1] == "server":
        asyncio.run(serve())
    else:
        run(connect)
