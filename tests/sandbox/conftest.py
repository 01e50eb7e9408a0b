"""One small town in a fresh sandbox, and raw HTTP clients that see every byte of it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from droas_sandbox import permissions
from droas_sandbox.server import Sandbox
from droas_sandbox.settings import SandboxSettings
from droas_sandbox.world.state import Bot, Guild
from tests.support.discord_description import MISSING, DiscordDescription, find_description

_MODERATOR = (
    permissions.KICK_MEMBERS
    | permissions.BAN_MEMBERS
    | permissions.MANAGE_CHANNELS
    | permissions.MANAGE_GUILD
    | permissions.MANAGE_MESSAGES
    | permissions.MANAGE_NICKNAMES
    | permissions.MANAGE_ROLES
    | permissions.MANAGE_WEBHOOKS
    | permissions.MANAGE_THREADS
    | permissions.CREATE_PRIVATE_THREADS
    | permissions.MODERATE_MEMBERS
    | permissions.VIEW_AUDIT_LOG
    | permissions.PIN_MESSAGES
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request brought."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)

    @property
    def code(self) -> int:
        """Discord's error code in the body."""
        return int(self.json["code"])


@cache
def _description() -> DiscordDescription | None:
    return find_description(next(one for one in Path(__file__).parents if (one / "pyproject.toml").is_file()))


def _hold_against_description(method: str, path: str, answer: Answer) -> None:
    """Make sure that an answer is as Discord describes it; what is no JSON, or a 500, was asked for by a test."""
    description = _description()
    if description is None or answer.status >= 500:
        return
    try:
        value = json.loads(answer.text) if answer.text else None
    except ValueError:
        return
    assert not description.faults_of_answer(method, path.partition("?")[0], answer.status, value)


@dataclass(kw_only=True)
class Http:
    """A client without any cleverness; `token` of a bot or none."""

    session: aiohttp.ClientSession
    base: str
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send one request; a `body` goes as JSON."""
        headers = {**self.headers, **options.pop("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bot {self.token}"
        if body is not None:
            options["json"] = body
        async with self.session.request(method, self.base + path, headers=headers, **options) as response:
            answer = Answer(
                status=response.status, text=await response.text(), headers=dict(response.headers.items())
            )
        if self.base.endswith("/api/v10"):
            _hold_against_description(method, path, answer)
        return answer


@dataclass(frozen=True, kw_only=True)
class Town:
    """A group of an owner, two people and a bot that moderates, with one channel.

    Args:
        plain: a second bot, in the group with no more rights than everybody.
    """

    sandbox: Sandbox
    guild: Guild
    channel_id: str
    owner_id: str
    alice_id: str
    mallory_id: str
    bot: Bot
    plain: Bot

    @property
    def guild_id(self) -> str:
        """The group's id."""
        return self.guild.id


def _build(sandbox: Sandbox) -> Town:
    world = sandbox.world
    owner, alice, mallory = (world.add_user(name)["id"] for name in ("owner", "alice", "mallory"))
    bot, plain = world.add_bot("warden"), world.add_bot("chatter")
    guild = world.add_guild("Harbour", owner)
    channel = world.add_channel(guild, "general")
    for user_id in (alice, mallory, plain.user_id):
        world.join(guild, user_id)
    world.join(guild, bot.user_id, allowed=_MODERATOR)
    return Town(
        sandbox=sandbox,
        guild=guild,
        channel_id=channel["id"],
        owner_id=owner,
        alice_id=alice,
        mallory_id=mallory,
        bot=bot,
        plain=plain,
    )


MakeTown = Callable[..., AbstractAsyncContextManager[Town]]


@pytest.fixture
def make_town() -> MakeTown:
    """Give a maker of towns in sandboxes with settings of one's own."""

    @asynccontextmanager
    async def make(**settings: Any) -> AsyncIterator[Town]:
        given = {"rate_limits": False, "identify_window_s": 0.0, **settings}
        async with Sandbox(settings=SandboxSettings(**given)) as sandbox:
            yield _build(sandbox)

    return make


@pytest.fixture
async def town(make_town: MakeTown) -> AsyncIterator[Town]:
    """A town without rate limits, so that tests of other things need not mind them."""
    async with make_town() as made:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session."""
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def rest(town: Town, session: aiohttp.ClientSession) -> Http:
    """The moderating bot's way to REST."""
    return Http(session=session, base=town.sandbox.api_base, token=town.bot.token)


@pytest.fixture
def plain_rest(town: Town, session: aiohttp.ClientSession) -> Http:
    """The powerless bot's way to REST."""
    return Http(session=session, base=town.sandbox.api_base, token=town.plain.token)


@pytest.fixture
def anonymous(town: Town, session: aiohttp.ClientSession) -> Http:
    """REST without a token."""
    return Http(session=session, base=town.sandbox.api_base)


@pytest.fixture
def control(town: Town, session: aiohttp.ClientSession) -> Http:
    """The control interface."""
    return Http(session=session, base=f"{town.sandbox.url}/sandbox")


@pytest.fixture
def http(session: aiohttp.ClientSession) -> Callable[[str, str | None], Http]:
    """Give a maker of clients for towns that a test makes itself."""
    return lambda base, token=None: Http(session=session, base=base, token=token)


Conforms = Callable[[str, Any], None]


@pytest.fixture(scope="session")
def described() -> None:
    """Skip what would check nothing without Discord's description."""
    if _description() is None:
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def conforms() -> Conforms:
    """Give a check of an object against a schema of Discord's description; without that it lets all pass."""
    description = _description()

    def check(schema: str, value: Any) -> None:
        faults = description.faults(schema, value) if description is not None else []
        assert not faults, f"{schema}: {faults}"

    return check
