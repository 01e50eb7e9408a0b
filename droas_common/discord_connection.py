"""One Discord client that stays on the gateway, whatever the gateway does.

nextcord 3.2 ends `start()` on a malformed frame, on a first connection that is refused and on a server
error; it reconnects without any pause after a resumable close; and it does not notice that heartbeats are
no longer acknowledged while events flow. So this loop makes a new client when one dies, lets every
connection pass a governor, and watches the acknowledgements itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import nextcord
from pydantic import SecretStr

from droas_common.connection_limits import Governor, IdentifyBudgetError, IdentifyMeter
from droas_common.discord_client import DiscordClient, why_ended, why_fatal
from droas_common.errors import RequestError
from droas_common.logs import log
from droas_common.settings import DiscordSettings
from droas_common.wire.heartbeats import GatewayState

OnState = Callable[[GatewayState, str], None]

_CONNECT_S = 40.0
"""For so long connections are tried in a row; nextcord gives up one after 60 s, the waits included."""

_ACK_CHECK_S = 2.0
_ACK_GRACE_S = 10.0
"""An acknowledgement later than one interval and this is taken for lost."""


class FatalGatewayError(RequestError):
    """Discord refuses this token or these intents; only a new configuration helps."""


class DiscordConnection:
    """Keeps one client connected; every new client is wired by the owner.

    Args:
        token: the bot's token.
        settings: where Discord is.
        intents: what the gateway shall send.
        on_state: told of every change, with words for a person.
        wire: puts the owner's event handlers onto a fresh client, by `client.add_listener`.
        meter: counts IDENTIFYs.
    """

    def __init__(
        self,
        *,
        token: SecretStr,
        settings: DiscordSettings,
        intents: nextcord.Intents,
        on_state: OnState,
        wire: Callable[[nextcord.Client], None],
        meter: IdentifyMeter,
    ) -> None:
        self._token = token
        self._settings = settings
        self._intents = intents
        self._on_state = on_state
        self._wire = wire
        self._meter = meter
        self._governor = Governor()
        self._living: DiscordClient | None = None
        self._client: DiscordClient | None = None
        self._closing = False

    @property
    def client(self) -> nextcord.Client | None:
        """The client that is logged in; None before the first and between two."""
        return self._client

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds between Discord's last heartbeat and its acknowledgement; None when unknown."""
        return self._client.latency_ms if self._client is not None else None

    @property
    def ack_age_s(self) -> float | None:
        """Seconds since Discord last acknowledged a heartbeat; None when not connected."""
        return self._client.ack_age_s if self._client is not None else None

    async def run(self) -> None:
        """Stay connected until `close()` is called.

        Raises:
            FatalGatewayError: Discord refuses the token or the intents.
            IdentifyBudgetError: too many IDENTIFYs were sent already.
        """
        nextcord.http.Route.BASE = self._settings.rest_base
        while not self._closing:
            self._on_state(GatewayState.CONNECTING, "")
            self._living = client = self._new_client()
            try:
                async with asyncio.TaskGroup() as group:
                    watchdog = group.create_task(self._watch_acknowledgements(client))
                    await self._live(client)
                    watchdog.cancel()
            except* (FatalGatewayError, IdentifyBudgetError) as ends:
                raise ends.exceptions[0] from None
            finally:
                self._living = self._client = None
                await client.close_quietly()

    async def close(self) -> None:
        """Leave the gateway with code 1000, so that Discord shows the bot offline at once."""
        self._closing = True
        # nextcord opens a session anew for a request behind the end, and nobody would close it.
        self._client = None
        if self._living is not None:
            await self._living.close_quietly()

    async def _live(self, client: DiscordClient) -> None:
        """Run one client until it ends; everything that may pass is reported and swallowed."""
        why = "the gateway closed the connection"
        try:
            await client.login(self._token.get_secret_value())
            if not self._closing:
                self._client = client
            await client.connect()
        except IdentifyBudgetError:
            raise
        except Exception as error:
            fatal = why_fatal(error)
            if fatal is not None:
                raise self._fatal(fatal) from error
            why = why_ended(error)
        if not self._closing:
            self._on_state(GatewayState.LOST, why)
            if client.ws is None:
                # It died before any connection, where the governor has no say.
                await self._governor.admit()

    def _fatal(self, why: str) -> FatalGatewayError:
        self._on_state(GatewayState.REFUSED, why)
        return FatalGatewayError(why)

    def _new_client(self) -> DiscordClient:
        client = DiscordClient(settings=self._settings, intents=self._intents, meter=self._meter)
        self._govern(client)
        self._report_states(client)
        self._wire(client)
        return client

    def _govern(self, client: DiscordClient) -> None:
        """Put the governor in front of every connection of this client, resumes included."""
        http: Any = client.http
        connect: Callable[..., Awaitable[Any]] = http.ws_connect

        async def governed(url: str, *, compress: int = 0) -> Any:
            # Failures are retried here, where they are governed once; nextcord would add waits of its own.
            deadline = time.monotonic() + _CONNECT_S
            while True:
                await self._governor.admit()
                try:
                    return await connect(url, compress=compress)
                except (OSError, aiohttp.ClientError):
                    if time.monotonic() > deadline:
                        raise

        http.ws_connect = governed

    def _report_states(self, client: DiscordClient) -> None:
        async def on_ready() -> None:
            self._on_state(GatewayState.READY, "")

        async def on_resumed() -> None:
            self._on_state(GatewayState.READY, "")

        async def on_disconnect() -> None:
            if not self._closing:
                self._on_state(GatewayState.LOST, "the gateway connection was lost")

        for handler in (on_ready, on_resumed, on_disconnect):
            client.add_listener(handler)

    async def _watch_acknowledgements(self, client: DiscordClient) -> None:
        """Close a connection whose heartbeats are no longer acknowledged, so that it is resumed."""
        while not client.is_closed():
            await asyncio.sleep(_ACK_CHECK_S)
            beats, silent_s = client.heartbeats, client.ack_age_s
            if beats is not None and silent_s is not None and silent_s > beats.interval + _ACK_GRACE_S:
                log.warning("gateway_acknowledgement_missing", silent_s=silent_s)
                self._on_state(GatewayState.LOST, "Discord no longer acknowledges heartbeats")
                await client.ws.close(4000)
