"""A tool gateway in a process of its own, to be killed: `python gateway_process.py PLAN.json`.

The plan names the endpoint, the database, the server's keys and the public keys of the callers.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any

import zmq

from droas_common.redaction import Redactor
from droas_mother.adapters.bus.keyring import KeyRing
from droas_mother.adapters.bus.tool_socket import ToolSocket
from droas_mother.adapters.storage.database import Database
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.core.tools.tool_settings import EconomySettings, RateSettings, ToolSettings
from droas_mother.flows.tools.call_gate import CallGate
from droas_mother.flows.tools.services import economy
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.flows.tools.tool_gateway import ToolGateway

OPENING_BALANCE = 200


def main() -> None:
    """Serve until killed."""
    plan: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    keyring = KeyRing(context)
    keyring.server_public_key = plan["server_key"]
    keyring.server_secret_key = plan["server_secret_key"].encode()
    for name, keys in plan["callers"].items():
        keyring.admit(keys["public_key"], Principal(kind=PrincipalKind.BOT, name=name, tools=("economy.*",)))
    keyring.start()
    often = RateSettings(per_s=100_000, burst=100_000)
    settings = EconomySettings(user_daily_limit=10**9, guild_daily_limit=10**9)
    desk = ToolDesk(
        economy.tools(economy.Economy(settings)),
        gate=CallGate(ToolSettings(caller_rate=often, actor_rate=often), lambda _actor: True),
        redactor=Redactor(),
        opening_balance=OPENING_BALANCE,
    )
    socket = ToolSocket(context, plan["endpoint"], keyring)
    store = Database(open_engine(plan["url"]))
    gateway = ToolGateway(socket, store, desk, observe=lambda _principal, _seconds: None)
    threading.Thread(target=gateway._run).start()


if __name__ == "__main__":
    main()
