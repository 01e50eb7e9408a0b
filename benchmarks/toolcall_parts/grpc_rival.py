"""gRPC's asyncio API, with JSON in place of protobuf: `python grpc_rival.py server|client ADDRESS`."""

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

from toolcall_parts.bank import transfer
from toolcall_parts.load import Call, run, transfer_of

aio: Any = import_module("grpc.aio")
grpc: Any = import_module("grpc")
_METHOD = "/bank.Bank/Transfer"


async def serve(address: str) -> None:
    """Serve until killed."""

    async def handle(request: dict[str, Any], _context: object) -> dict[str, str | int]:
        return transfer(request["from"], request["to"], request["amount"])

    method = grpc.unary_unary_rpc_method_handler(handle, json.loads, _write)
    server = aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bank.Bank", {"Transfer": method})])
    server.add_insecure_port(address)
    await server.start()
    print("ready", flush=True)
    await server.wait_for_termination()


async def connect() -> Call:
    """Connect, and give a function that makes one transfer."""
    channel = aio.insecure_channel(sys.argv[2])
    await channel.channel_ready()
    ask = channel.unary_unary(_METHOD, request_serializer=_write, response_deserializer=json.loads)

    async def call(number: int) -> None:
        source, target = transfer_of(number)
        await ask({"from": source, "to": target, "amount": 1}, timeout=10.0)

    return call


def _write(message: object) -> bytes:
    return json.dumps(message).encode()


if __name__ == "__main__":
    if sys.argv[1] == "server":
        asyncio.run(serve(sys.argv[2]))
    else:
        run(connect)
