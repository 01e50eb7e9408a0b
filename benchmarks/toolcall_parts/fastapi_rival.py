"""FastAPI on uvicorn, called by aiohttp: `python fastapi_rival.py server|client PORT`."""

import sys
from importlib import import_module
from typing import Any

from toolcall_parts.bank import transfer
from toolcall_parts.load import Call, run, transfer_of


def serve(port: int) -> None:
    """Serve until killed."""
    fastapi: Any = import_module("fastapi")
    pydantic: Any = import_module("pydantic")
    body = pydantic.create_model("Transfer", source=(str, ...), target=(str, ...), amount=(int, ...))
    app = fastapi.FastAPI(on_startup=[lambda: print("ready", flush=True)])

    async def handle(order: Any) -> Any:
        return transfer(order.source, order.target, order.amount)

    handle.__annotations__ = {"order": body}
    app.post("/transfer")(handle)
    import_module("uvicorn").run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


async def connect() -> Call:
    """Connect, and give a function that makes one transfer."""
    aiohttp: Any = import_module("aiohttp")
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    url = f"http://127.0.0.1:{sys.argv[2]}/transfer"

    async def call(number: int) -> None:
        source, target = transfer_of(number)
        async with session.post(url, json={"source": source, "target": target, "amount": 1}) as answer:
            assert answer.status == 200
            await answer.json()

    return call


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(int(sys.argv[2]))
    else:
        run(connect)
