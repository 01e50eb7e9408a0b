"""One real child process between the sandbox and the mother's real sockets."""

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import pytest
import zmq

from droas_common.ids import BotName, Snowflake
from droas_common.settings import ChildSettings
from droas_common.wire.calls import (
    ToolDescription,
    ToolList,
    ToolResult,
    read_call,
    read_request,
    result_frame,
)
from droas_common.wire.heartbeats import FromChild, Heartbeat, Register, Welcome
from droas_common.wire.records import LogRecord
from droas_common.wire.topics import config_topic, protection_topic
from droas_common.zmq_sockets import ServedSocket, server_socket
from droas_mother.adapters.bus.health_channel import HealthChannel
from droas_mother.adapters.bus.keyring import ZAP_DOMAIN, KeyRing
from droas_mother.adapters.bus.log_intake import LogIntake
from droas_mother.adapters.bus.publisher import Publisher
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_sandbox.server import Sandbox
from tests.support.town import until

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.helperhelperhelperhelperhelperhelper01"
_CHILD = """
import pickle, sys
import droas_child.preload
from multiprocessing.connection import Connection
from droas_child.worker import run
run(pickle.load(sys.stdin.buffer), Connection(int(sys.argv[1]), writable=False))
"""


@dataclass
class Home:
    """The mother's ends of the four sockets, and what they heard."""

    sandbox: Sandbox
    folder: Path
    context: "zmq.Context[zmq.Socket[bytes]]" = field(default_factory=zmq.Context)
    words: list[FromChild] = field(default_factory=list)
    records: list[LogRecord] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)
    welcoming: bool = True
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    lifeline: Connection | None = None

    def open(self) -> None:
        """Bind everything."""
        self.keyring = KeyRing(self.context)
        self.keyring.start()
        self.health = HealthChannel(self.context, self.endpoint("health"), self.keyring)
        self.publisher = Publisher(self.context, self.endpoint("events"), self.keyring)
        self.logs = LogIntake(self.context, self.endpoint("logs"), self.keyring, self.records.append)
        self.tools = ServedSocket(
            server_socket(
                self.context,
                zmq.ROUTER,
                self.endpoint("tools"),
                secret_key=self.keyring.server_secret_key,
                domain=ZAP_DOMAIN,
            ),
            self._on_call,
        )
        self.health.start(self._on_word)
        for one in (self.publisher, self.logs, self.tools):
            one.start()

    def close(self) -> None:
        """Close everything."""
        for one in (self.health, self.publisher, self.logs, self.tools):
            one.close()
        self.keyring.stop()
        self.context.destroy(linger=0)

    def endpoint(self, name: str) -> str:
        """Give the address of a socket."""
        return f"ipc://{self.folder}/{name}.sock"

    def heard(self, kind: type) -> list[Any]:
        """Give the child's words of one kind."""
        return [word for word in self.words if isinstance(word, kind)]

    def gateway(self) -> str:
        """Give how the child last said that it stands with Discord."""
        beats = self.heard(Heartbeat)
        return str(beats[-1].gateway) if beats else ""

    def publish_settings(self, **hot: Any) -> None:
        """Change the bot's configuration."""
        self.publisher.publish(config_topic(BotName("helper")), "settings", hot, state=hot)

    def publish_protection(self, kind: str, **data: Any) -> None:
        """Tell of protection in the group."""
        self.publisher.publish(protection_topic(Snowflake(self.guild["id"])), kind, data, state={})

    # --- the child ------------------------------------------------------------

    def settings(self, **more: Any) -> ChildSettings:
        """Give a child's settings with fresh keys."""
        bot = {
            "discord_token": TOKEN,
            "llm_config": {"base_url": self.sandbox.model_base, "api_key": "key-of-no-value"},
            **more.pop("bot", {}),
        }
        given = {
            "name": "helper",
            "bot": bot,
            "discord": {"api_base": self.sandbox.api_base},
            "endpoints": {name: self.endpoint(name) for name in ("tools", "events", "health", "logs")},
            "keys": self.keyring.issue(Principal(kind=PrincipalKind.BOT, name="helper")),
            "lock_path": str(self.folder / "helper.lock"),
            "heartbeat_interval_s": 0.1,
            "drain_grace_s": 2,
            **more,
        }
        return ChildSettings.model_validate(given)

    async def spawn(self, settings: ChildSettings | None = None) -> asyncio.subprocess.Process:
        """Start a child process."""
        theirs, ours = os.pipe()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, str(theirs), stdin=asyncio.subprocess.PIPE, pass_fds=(theirs,)
        )
        os.close(theirs)
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(settings or self.settings()))
        process.stdin.close()
        self.lifeline = Connection(ours, readable=False)
        self.processes.append(process)
        return process

    async def ready(self, **more: Any) -> asyncio.subprocess.Process:
        """Start a child and wait until it follows the bus and is on the gateway."""
        process = await self.spawn(self.settings(**more))
        await until(lambda: self.gateway() == "ready", "the child is not ready")
        return process

    # --- the world ------------------------------------------------------------

    @property
    def guild(self) -> dict[str, Any]:
        """The only group."""
        return next(iter(self.sandbox.world.guilds.values())).data

    @property
    def channel_id(self) -> str:
        """Its first channel."""
        return str(next(iter(next(iter(self.sandbox.world.guilds.values())).channels)))

    def user_id(self, username: str) -> str:
        """Give somebody's id."""
        users = self.sandbox.world.users.values()
        return next(str(one["id"]) for one in users if one["username"] == username)

    def kept(self, message_id: str) -> Any:
        """Give a message of the channel as the sandbox keeps it."""
        return self.sandbox.world.messages[self.channel_id][message_id]

    def replies(self, question_id: str) -> list[Any]:
        """Give what replies to a message, deleted ones too."""
        return [
            kept
            for kept in self.sandbox.world.messages[self.channel_id].values()
            if (kept.data.get("message_reference") or {}).get("message_id") == question_id
        ]

    def asked(self) -> list[Any]:
        """Give what the model was asked, oldest first."""
        return self.sandbox.model.journal.shown()

    def _on_word(self, principal: Principal, word: FromChild) -> None:
        self.words.append(word)
        if isinstance(word, Register) and self.welcoming:
            self.health.tell(principal.name, principal.incarnation, Welcome(heartbeat_interval_s=0.1))

    def _on_call(self, _key: str, frames: list[bytes]) -> None:
        request = read_request(frames[-1])
        if request.method == "tools/list":
            schema = {"type": "object", "properties": {}}
            answer: Any = ToolList(
                tools=[ToolDescription(name="economy.balance", description="Coins.", input_schema=schema)]
            )
        else:
            self.calls.append(read_call(request.params))
            answer = ToolResult(structured_content={"amount": 42})
        self.tools.send(*frames[:-1], result_frame(request.id, answer))


WORLD = {
    "users": [{"username": "ada"}, {"username": "eve"}],
    "bots": [{"username": "helper", "token": TOKEN}],
    "guilds": [
        {
            "name": "Harbour",
            "owner": "ada",
            "channels": ["general"],
            "members": ["eve"],
            "bots": [{"username": "helper"}],
        }
    ],
    "model": {
        "rules": [
            {"when": "slowly", "say": "One. " + "word " * 24 + "@everyone last.", "pause_ms": 40},
            {"when": "for ever", "say": "word " * 2000, "pause_ms": 50},
            {"when": "coins", "call": [{"name": "economy.balance"}], "then": "You have {result.amount}."},
        ]
    },
}


@pytest.fixture
async def home(short_tmp: Path) -> AsyncIterator[Home]:
    """A sandbox with one group, and a mother's sockets; nobody is left at the end."""
    async with Sandbox() as sandbox:
        sandbox.plant(WORLD)
        made = Home(sandbox, short_tmp)
        made.open()
        yield made
        for process in made.processes:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.wait()
        if made.lifeline is not None and not made.lifeline.closed:
            made.lifeline.close()
        made.close()


AskHelper = Callable[..., Awaitable[str]]


@pytest.fixture
def ask(home: Home) -> AskHelper:
    """Give a function by which a person asks the bot; gives the question's id."""

    async def speak(text: str, *, who: str = "ada", mention: bool = True) -> str:
        content = f"<@{home.user_id('helper')}> {text}" if mention else text
        async with httpx.AsyncClient(base_url=home.sandbox.url, trust_env=False) as client:
            answer = await client.post(
                f"/sandbox/channels/{home.channel_id}/messages",
                json={"author_id": home.user_id(who), "content": content},
            )
            answer.raise_for_status()
            return str(answer.json()["id"])

    return speak
