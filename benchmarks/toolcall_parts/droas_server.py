"""DROAS's gateway with everything on, in a process whose main thread runs an event loop as the mother does.

Run as `python droas_server.py ENDPOINT DATABASE_URL CLIENTS`; tells the clients' keys on its first line.
Of the later lines that it reads, "watch" starts a 2 ms ticker, and "lag" ends it and is answered by how much too late it
woke, in milliseconds, the 99th percentile. Otherwise the loop rests, as the mother's does most of the time.
"""

import asyncio
import json
import sys
import time

import zmq

from droas_common.event_loop import new_event_loop
from droas_common.ids import Snowflake
from droas_common.redaction import Redactor
from droas_mother.adapters.bus.keyring import KeyRing
from droas_mother.adapters.bus.tool_socket import ToolSocket
from droas_mother.adapters.metrics import Metrics
from droas_mother.adapters.storage.database import Database
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.core.tools.tool_settings import EconomySettings, RateSettings, ToolSettings
from droas_mother.flows.protection.witness import Seen, Witness
from droas_mother.flows.tools.call_gate import CallGate
from droas_mother.flows.tools.services import economy, users
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.flows.tools.tool_gateway import ToolGateway
from toolcall_parts.load import MEMBERS

_TICK_S = 0.002
_LIMIT = 10**12
_RATE = RateSettings(per_s=100_000, burst=100_000)


async def main() -> None:
    """Serve until standard input ends."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    keyring = KeyRing(context)
    keyring.start()
    gateway = open_gateway(ToolSocket(context, sys.argv[1], keyring), sys.argv[2])
    gateway.start()
    print(json.dumps([issue(keyring, number) for number in range(int(sys.argv[3]))]), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        async with asyncio.TaskGroup() as tasks:
            late: list[float] = []
            ticker = tasks.create_task(tick(late))
            await asyncio.to_thread(sys.stdin.readline)
            ticker.cancel()
        late.sort()
        print(json.dumps(late[len(late) * 99 // 100] * 1000 if late else 0.0), flush=True)
    gateway.stop()
    keyring.stop()


def open_gateway(socket: ToolSocket, url: str) -> ToolGateway:
    """Give the gateway as the mother builds it, with limits that are kept but not reached."""
    witness = Witness(86_400.0)
    for number in range(10, 10 + MEMBERS):
        seen = Seen(guild_id=Snowflake("1"), user_id=Snowflake(str(number)), at_s=time.monotonic())
        witness.see(Snowflake(str(1000 + number)), seen, ())
    settings = EconomySettings(user_daily_limit=_LIMIT, guild_daily_limit=_LIMIT)
    gate = CallGate(
        ToolSettings(caller_rate=_RATE, actor_rate=_RATE),
        lambda actor: witness.confirms(actor, now_s=time.monotonic()),
    )
    desk = ToolDesk(
        [*economy.tools(economy.Economy(settings)), *users.tools(witness.roles)],
        gate=gate,
        redactor=Redactor(["a-secret-of-the-configuration", "and-another-one"]),
        opening_balance=10**9,
    )
    return ToolGateway(
        socket,
        Database(open_engine(url)),
        desk,
        observe=Metrics().calls.note,
    )


def issue(keyring: KeyRing, number: int) -> dict[str, str]:
    """Give a bot's keys, to be handed to its process."""
    keys = keyring.issue(Principal(kind=PrincipalKind.BOT, name=f"bot{number}", tools=("economy.*",)))
    return {
        "public_key": keys.public_key,
        "secret_key": keys.secret_key.get_secret_value(),
        "server_key": keys.server_key,
    }


async def tick(late: list[float]) -> None:
    """Note how much too late each tick comes."""
    while True:
        due = time.perf_counter() + _TICK_S
        await asyncio.sleep(_TICK_S)
        late.append(time.perf_counter() - due)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
